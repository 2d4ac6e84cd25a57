"""asyncapi.json is a sound document and describes the whole bus and the relay's protocol."""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from jsonschema import Draft7Validator

from proto import relay
from proto.__main__ import read_examples
from proto.channels import BUCKETS, CHANNELS, REQUESTS
from proto.generate import asyncapi
from proto.subjects import Subjects

DOCUMENT = asyncapi.document(read_examples())
CHANNEL_KEYS = tuple(DOCUMENT["channels"])
OPERATION_KEYS = tuple(DOCUMENT["operations"])


def references(node: Any) -> Iterator[str]:
    """Yield every `$ref`, save those in the examples."""
    match node:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for key, value in node.items():
                if key != "examples":
                    yield from references(value)
        case list():
            for value in node:
                yield from references(value)


def resolve(reference: str) -> Any:
    """Follow a reference inside the document."""
    node: Any = DOCUMENT
    for key in reference.removeprefix("#/").split("/"):
        node = node[key]
    return node


def message_names(channel: str) -> set[str]:
    """Return the names of a channel's messages."""
    return set(DOCUMENT["channels"][channel]["messages"])


def test_every_reference_resolves() -> None:
    """The document stands alone: each reference leads to something inside it."""
    found = set(references(DOCUMENT))
    assert len(found) > len(CHANNEL_KEYS)
    for reference in found:
        assert reference.startswith("#/")
        assert isinstance(resolve(reference), dict)


def test_nothing_points_to_the_network() -> None:
    """No address but those of the two servers, both on this machine."""
    assert not re.search(r"https?://", json.dumps(DOCUMENT))
    assert {server["host"].partition(":")[0] for server in DOCUMENT["servers"].values()} == {"127.0.0.1"}


@pytest.mark.parametrize("name", CHANNEL_KEYS)
def test_channel_is_complete(name: str) -> None:
    """A channel has a server, a description, messages, and a described parameter for each name in its address."""
    channel = DOCUMENT["channels"][name]
    assert channel["description"]
    assert channel["messages"]
    assert len(channel["servers"]) == 1
    named = re.findall(r"{(\w+)}", channel["address"] or "")
    assert list(channel.get("parameters", {})) == named
    assert all(resolve(parameter["$ref"])["description"] for parameter in channel.get("parameters", {}).values())


@pytest.mark.parametrize("name", OPERATION_KEYS)
def test_operation_refers_to_existing_channels(name: str) -> None:
    """An operation names a channel, and only messages of that channel; a reply likewise."""
    operation = DOCUMENT["operations"][name]
    assert operation["action"] in {"send", "receive"}
    for part in filter(None, [operation, operation.get("reply")]):
        channel = part["channel"]["$ref"]
        assert channel.removeprefix("#/channels/") in CHANNEL_KEYS
        assert all(message["$ref"].startswith(f"{channel}/messages/") for message in part.get("messages", []))


def test_every_channel_of_the_bus_is_described() -> None:
    """Address, promise, messages and speakers are those of the table."""
    subjects = Subjects("{prefix}")
    for channel in CHANNELS:
        described = DOCUMENT["channels"][channel.kind]
        assert described["address"] == subjects.all("").replace("..>", f".{channel.address}")
        assert described["description"] == channel.promise
        assert message_names(channel.kind) == {message.__name__ for message in channel.messages} or {"RawFrame"}
        for service in channel.said_by:
            assert DOCUMENT["operations"][f"{service}.{channel.kind}"]["action"] == "send"


def test_every_request_is_described_with_its_reply() -> None:
    """A request is received by the service that answers it and names its reply."""
    for request in REQUESTS:
        name = f"rpc.{request.name}"
        assert DOCUMENT["channels"][name]["address"] == Subjects("{prefix}").rpc(request.name)
        operation = DOCUMENT["operations"][f"{request.answered_by}.{name}"]
        assert operation["action"] == "receive"
        assert message_names(name) == {request.request.__name__}
        assert operation["reply"]["messages"] == [{"$ref": f"#/channels/inbox/messages/{request.reply.__name__}"}]


def test_every_bucket_is_described() -> None:
    """Key, value, promise and writer are those of the table."""
    for bucket in BUCKETS:
        name = f"bucket.{bucket.name}"
        assert DOCUMENT["channels"][name]["address"] == f"$KV.{bucket.name}.{{key}}"
        assert bucket.promise in DOCUMENT["channels"][name]["description"]
        assert message_names(name) == {bucket.value.__name__}
        assert DOCUMENT["operations"][f"{bucket.written_by}.{name}"]["action"] == "send"


def test_relay_protocol_is_described() -> None:
    """Commands are received, server messages sent, on `/ws` of the relay."""
    assert DOCUMENT["channels"]["relay"]["address"] == "/ws"
    for action, union in (("receive", relay.Command), ("send", relay.ServerMessage)):
        operation = DOCUMENT["operations"]["relay.commands" if action == "receive" else "relay.messages"]
        assert operation["action"] == action
        named = {message["$ref"].rpartition("/")[2] for message in operation["messages"]}
        assert named == {message.__name__ for message in get_args(union)}


@pytest.mark.parametrize("name", set(DOCUMENT["components"]["messages"]) - {"RawFrame"})
def test_message_shows_examples_that_obey_its_schema(name: str) -> None:
    """Payloads are valid under draft 7, which AsyncAPI's schemas extend."""
    message = DOCUMENT["components"]["messages"][name]
    schema = {"components": DOCUMENT["components"], **message["payload"]}
    assert message["examples"]
    for example in message["examples"]:
        Draft7Validator(schema).validate(example["payload"])


def test_tuples_are_spelled_as_in_draft_7() -> None:
    """A level with a third number is refused, which draft 7 ignores if spelled as in 2020-12."""
    schema = {"components": DOCUMENT["components"], "$ref": "#/components/schemas/Snapshot"}
    assert not Draft7Validator(schema).is_valid(read_examples()["Snapshot"] | {"yes": [[9500, 120000, 1]]})
    assert "prefixItems" not in json.dumps(DOCUMENT)
