"""What the gateway says of itself."""

from typing import Annotated

import msgspec

from proto.units import Epoch, Micros, Seq

Heads = Annotated[
    dict[str, tuple[Epoch, Seq]], msgspec.Meta(description="ticker → [epoch, seq] of its last book message")
]


class Heartbeat(msgspec.Struct, frozen=True, tag="heartbeat"):
    """Once a second from each gateway, so that a lost last message is noticed.

    `heads` names the markets that moved since the heartbeat before and, in turn, some of the quiet ones: every market
    is named at least once in ten heartbeats, and a new one at once. Many markets are told in several heartbeats with
    the same `sent_ts`. `stale` lists those of `heads` whose book is marked stale, `gone` the markets no longer
    followed, in ten heartbeats each.
    """

    instance: str
    counter: Annotated[int, msgspec.Meta(ge=0, description="one more in each heartbeat of this instance")]
    sent_ts: Micros
    connected: Annotated[bool, msgspec.Meta(description="the exchange session is up")]
    markets: Annotated[int, msgspec.Meta(ge=0, description="markets followed")]
    heads: Heads
    stale: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
