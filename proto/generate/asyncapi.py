"""AsyncAPI 3.0 document of the bus and of the relay's WebSocket protocol, told from the services' side."""

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from proto.channels import BUCKETS, CHANNELS, REQUESTS, Bucket, Channel, Request
from proto.generate.contract import BUS_EVENT, COMMANDS, MESSAGES, SERVER_MESSAGES, Messages
from proto.generate.jsonschema import Schema, definitions
from proto.subjects import VERSION

Node: TypeAlias = dict[str, Any]

_DESCRIPTION = """\
Market data of the Kalshi exchange on a NATS bus, and the relay that hands it to WebSocket clients.

Prices are integers in 1/10 000 dollar, quantities integers in 1/100 contract, times integers in microseconds since
1970 UTC. Members may be added: ignore those you do not know. `proto/README.md` has the rules of continuity.
"""
_SERVERS: Node = {
    "nats": {
        "host": "127.0.0.1:4222",
        "protocol": "nats",
        "description": "The bus; NATS_URL says where it listens.",
    },
    "relay": {
        "host": "127.0.0.1:8080",
        "protocol": "ws",
        "description": "The relay; RELAY_HOST and RELAY_PORT say where it listens.",
    },
}
_PARAMETERS: Node = {
    "prefix": {"description": "First token of every subject (BUS_PREFIX).", "default": "kalshi"},
    "series": {
        "description": "The market's ticker up to its first `-`, escaped.",
        "examples": ["KXBTCD"],
    },
    "market": {
        "description": "Market ticker; every byte outside `[A-Za-z0-9_-]` is written `=XX` in upper-case hex.",
        "examples": ["KXBTCD-26MAR1213-T69499=2E99"],
    },
    "event": {"description": "Event ticker, escaped like a market's.", "examples": ["KXBTCD-26MAR1213"]},
    "instance": {"description": "Name of one gateway process, escaped.", "examples": ["gateway-0"]},
    "key": {"description": "Key of a value in a bucket.", "examples": ["KXBTCD-26MAR1213-T69499=2E99"]},
    "reason": {"description": "Why the frame was not understood, escaped.", "examples": ["unknown_type"]},
}
_INBOX: Node = {
    "address": None,
    "title": "Replies",
    "description": "The reply subject that the request carries. A request that fails as a whole is answered by a NATS "
    "service error: the headers `Nats-Service-Error-Code` and `Nats-Service-Error`.",
}
_RAW_FRAME: Node = {
    "name": "RawFrame",
    "title": "RawFrame",
    "summary": "The frame as the exchange sent it.",
    "contentType": "application/octet-stream",
}


def document(examples: Mapping[str, Node]) -> Node:
    """Return the document; examples are named by their message (`Top`, `Top-empty`)."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "kalshi-fanout",
            "version": VERSION.removeprefix("v"),
            "description": _DESCRIPTION,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "parameters": _PARAMETERS,
            "messages": {message.__name__: _message(message, examples) for message in MESSAGES}
            | {_RAW_FRAME["name"]: _RAW_FRAME},
            "schemas": _draft7(definitions("#/components/schemas/{name}", (BUS_EVENT,))),
        },
    }


def _channels() -> Node:
    replies = tuple(request.reply for request in REQUESTS)
    return {
        **{channel.kind: _bus_channel(channel) for channel in CHANNELS},
        **{f"rpc.{request.name}": _request_channel(request) for request in REQUESTS},
        **{f"bucket.{bucket.name}": _bucket_channel(bucket) for bucket in BUCKETS},
        "inbox": _INBOX | _on("nats") | {"messages": _messages(replies)},
        "relay": {
            "address": "/ws",
            "title": "The relay's own protocol",
            "description": "Commands from clients, batches of bus events and news of the connection to them.",
            **_on("relay"),
            "messages": _messages((*COMMANDS, *SERVER_MESSAGES)),
        },
    }


def _bus_channel(channel: Channel) -> Node:
    return _subject(channel.address) | {
        "title": channel.kind,
        "description": channel.promise,
        "messages": _messages(channel.messages) or {_RAW_FRAME["name"]: _ref("components/messages", "RawFrame")},
    }


def _request_channel(request: Request) -> Node:
    return _subject(f"rpc.{request.name}") | {
        "title": f"rpc.{request.name}",
        "description": _summary(request.request),
        "messages": _messages((request.request,)),
    }


def _bucket_channel(bucket: Bucket) -> Node:
    return {
        "address": f"$KV.{bucket.name}.{{key}}",
        **_on("nats"),
        "parameters": {"key": _ref("components/parameters", "key")},
        "title": f"bucket {bucket.name}",
        "description": f"Values by key, which is {bucket.key}. {bucket.promise}",
        "messages": _messages((bucket.value,)),
    }


def _subject(address: str) -> Node:
    full = f"{{prefix}}.{VERSION}.{address}"
    names = re.findall(r"{(\w+)}", full)
    return {
        "address": full,
        **_on("nats"),
        "parameters": {name: _ref("components/parameters", name) for name in names},
    }


def _on(server: str) -> Node:
    return {"servers": [_ref("servers", server)]}


def _operations() -> Node:
    said = {
        f"{service}.{channel.kind}": {"action": "send", "channel": _ref("channels", channel.kind)}
        for channel in CHANNELS
        for service in channel.said_by
    }
    written = {
        f"{bucket.written_by}.bucket.{bucket.name}": {
            "action": "send",
            "channel": _ref("channels", f"bucket.{bucket.name}"),
        }
        for bucket in BUCKETS
    }
    answered = {f"{request.answered_by}.rpc.{request.name}": _answer(request) for request in REQUESTS}
    return (
        said
        | written
        | answered
        | {
            "relay.commands": _relay_operation("receive", COMMANDS),
            "relay.messages": _relay_operation("send", SERVER_MESSAGES),
        }
    )


def _answer(request: Request) -> Node:
    return {
        "action": "receive",
        "channel": _ref("channels", f"rpc.{request.name}"),
        "reply": {"channel": _ref("channels", "inbox"), "messages": [_in_channel("inbox", request.reply)]},
    }


def _relay_operation(action: str, messages: Messages) -> Node:
    return {
        "action": action,
        "channel": _ref("channels", "relay"),
        "messages": [_in_channel("relay", message) for message in messages],
    }


def _messages(messages: Messages) -> Node:
    return {message.__name__: _ref("components/messages", message.__name__) for message in messages}


def _in_channel(channel: str, message: type[msgspec.Struct]) -> Node:
    return _ref(f"channels/{channel}/messages", message.__name__)


def _message(message: type[msgspec.Struct], examples: Mapping[str, Node]) -> Node:
    name = message.__name__
    return {
        "name": name,
        "title": name,
        "summary": _summary(message),
        "payload": _ref("components/schemas", name),
        "examples": [
            {"name": label, "payload": value} for label, value in examples.items() if label.partition("-")[0] == name
        ],
    }


def _summary(message: type[msgspec.Struct]) -> str:
    return (message.__doc__ or "").partition("\n")[0]


def _ref(where: str, name: str) -> Node:
    return {"$ref": f"#/{where}/{name}"}


def _draft7(schema: Schema) -> Schema:
    """Spell tuples as draft 7 does, which AsyncAPI's schemas extend."""
    rewritten = {key: _draft7_value(value) for key, value in schema.items()}
    if "prefixItems" in rewritten:
        rewritten["items"] = rewritten.pop("prefixItems")
    return rewritten


def _draft7_value(value: object) -> object:
    match value:
        case dict():
            return _draft7(value)
        case list():
            return [_draft7_value(item) for item in value]
        case _:
            return value
