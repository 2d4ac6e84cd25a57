"""The relay's own WebSocket protocol at `/ws`: commands from clients, messages to them."""

from enum import IntEnum
from typing import Annotated, Literal, get_args

import msgspec

from proto.units import MarketTicker, Micros


class RelayCode(IntEnum):
    """Why something was refused or a connection closed.

    4000-4099 are the client's fault, 4100-4199 authentication, 4200-4299 limits; after 4400-4499 come back later.
    """

    BAD_JSON = 4000
    BAD_COMMAND = 4001
    UNKNOWN_CHANNEL = 4002
    BINARY_MESSAGE = 4003
    TOO_MANY_SUBSCRIPTIONS = 4200
    NOT_SUBSCRIBED = 4203
    UNKNOWN_MARKET = 4204
    FEED_UNAVAILABLE = 4404
    SLOW_CONSUMER = 4408


RelayChannel = Literal["book", "top", "depth", "ticker", "ticker1s", "trade", "lifecycle"]
RELAY_CHANNELS: tuple[RelayChannel, ...] = get_args(RelayChannel)
CommandId = Annotated[int, msgspec.Meta(ge=0, description="chosen by the client, echoed in the reply")]


class SubscriptionParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which channels of which markets; a member that is not offered is refused rather than ignored.

    `mode` is for `book`: `full` is a snapshot, then every change.
    """

    channels: tuple[str, ...]
    market_tickers: tuple[str, ...]
    mode: Literal["full"] = "full"


class Subscribe(msgspec.Struct, frozen=True, tag_field="cmd", tag="subscribe"):
    """Start channels for markets; each pair is accepted or refused on its own."""

    id: CommandId
    params: SubscriptionParams


class Unsubscribe(msgspec.Struct, frozen=True, tag_field="cmd", tag="unsubscribe"):
    """End channels for markets."""

    id: CommandId
    params: SubscriptionParams


class Ping(msgspec.Struct, frozen=True, tag_field="cmd", tag="ping"):
    """Ask for a `pong`."""

    id: CommandId


Command = Subscribe | Unsubscribe | Ping


class Limits(msgspec.Struct, frozen=True):
    """What this relay grants one client."""

    subscriptions: Annotated[int, msgspec.Meta(description="channel and market pairs")]
    message_bytes: Annotated[int, msgspec.Meta(description="largest message a client may send")]
    queued_bytes: Annotated[int, msgspec.Meta(description="unsent bytes from which on the client is conflated")]
    stalled_s: Annotated[
        int, msgspec.Meta(description="seconds of reading too slowly after which it is closed with 4408")
    ]


class Units(msgspec.Struct, frozen=True):
    """Units of the integers in bus events."""

    price: str = "1/10000 dollar"
    quantity: str = "1/100 contract"
    time: str = "microseconds since 1970 UTC"


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """First message on every connection."""

    session: str
    server_ts: Micros
    channels: tuple[str, ...]
    heartbeat_s: float
    limits: Limits
    units: Units = Units()


class Accepted(msgspec.Struct, frozen=True):
    """One pair that was accepted.

    `how` tells what comes first: `snapshot` (the state as it is, then changes) or `live` (changes only);
    `ended` acknowledges an unsubscribe.
    """

    channel: RelayChannel
    ticker: MarketTicker
    how: Literal["snapshot", "live", "ended"]


class Refused(msgspec.Struct, frozen=True):
    """One pair that was refused, and why."""

    channel: str
    ticker: str
    code: int
    name: str
    message: str


class Ack(msgspec.Struct, frozen=True, tag="ack"):
    """Reply to subscribe and unsubscribe: every pair of the command is in one of the two lists."""

    id: CommandId
    accepted: tuple[Accepted, ...]
    refused: tuple[Refused, ...]


class Error(msgspec.Struct, frozen=True, tag="error"):
    """A command failed as a whole; id is null if it could not be read."""

    id: int | None
    code: int
    name: str
    message: str
    retry_after_ms: int | None = None


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    """Reply to ping."""

    id: CommandId
    server_ts: Micros


class Events(msgspec.Struct, frozen=True, tag="events"):
    """A batch of bus events, in order per market."""

    events: tuple[msgspec.Raw, ...]


class RelayHeartbeat(msgspec.Struct, frozen=True, tag="heartbeat"):
    """After `hello`, every heartbeat_s seconds, and at once when the feed is lost or back.

    A missing counter, or no heartbeat in time, means that the connection is in doubt.
    """

    counter: int
    server_ts: Micros
    feed: Annotated[Literal["live", "lost"], msgspec.Meta(description="lost: no gateway was heard for three seconds")]
    lag_ms: Annotated[float | None, msgspec.Meta(description="age of the newest bus message when it reached the relay")]


class Flow(msgspec.Struct, frozen=True, tag="flow"):
    """The client reads too slowly (`conflated`: only the latest of each market) or has caught up (`full`).

    `full` comes after the snapshots of all that it missed.
    `dropped` counts trades and lifecycle messages that could not be conflated and are lost to this client.
    """

    state: Literal["conflated", "full"]
    dropped: int


ServerMessage = Hello | Ack | Error | Pong | Events | RelayHeartbeat | Flow
