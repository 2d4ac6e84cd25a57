"""The messages of the contract, as the tables of `proto` list them."""

from typing import TypeAlias, get_args

import msgspec

from proto import book, relay
from proto.channels import BUCKETS, CHANNELS, REQUESTS

Messages: TypeAlias = tuple[type[msgspec.Struct], ...]


class Union(msgspec.Struct, frozen=True):
    """Messages told apart by their tag (`type` or `cmd`)."""

    name: str
    description: str
    members: Messages


BUS: Messages = tuple(message for channel in CHANNELS for message in channel.messages)
REQUESTED: Messages = tuple(
    dict.fromkeys(message for request in REQUESTS for message in (request.request, request.reply))
)
STORED: Messages = tuple(bucket.value for bucket in BUCKETS)
COMMANDS: Messages = get_args(relay.Command)
SERVER_MESSAGES: Messages = get_args(relay.ServerMessage)
MESSAGES: Messages = (*BUS, *REQUESTED, *STORED, *COMMANDS, *SERVER_MESSAGES)

#: What an `events` batch of the relay may hold; `relay.Events` keeps it as raw bytes, which name no types.
BUS_EVENT = Union(
    "BusEvent",
    "A bus message that the relay hands on.",
    tuple(
        message for channel in CHANNELS if channel.kind in get_args(relay.RelayChannel) for message in channel.messages
    ),
)
UNIONS = (
    Union("BookMessage", "What is said on `book`.", get_args(book.BookMessage)),
    BUS_EVENT,
    Union("Command", "What a client may send to the relay.", COMMANDS),
    Union("ServerMessage", "What the relay may send to a client.", SERVER_MESSAGES),
)
