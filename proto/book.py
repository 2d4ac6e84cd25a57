"""The book of a market as the gateway tells it: a snapshot, then numbered deltas, or `stale`."""

import msgspec

from proto.units import Epoch, Ladder, MarketTicker, Micros, Price, QuantityChange, Seq, Side, StaleReason


class Snapshot(msgspec.Struct, frozen=True, tag="snapshot"):
    """The whole book of a market; starts a new, larger epoch with seq 0.

    The relay sends the same message to a client that joins late; its seq is then that of the last delta contained.
    """

    ticker: MarketTicker
    epoch: Epoch
    seq: Seq
    exchange_ts: Micros | None
    received_ts: Micros
    exchange_seq: int | None
    yes: Ladder
    no: Ladder


class Delta(msgspec.Struct, frozen=True, tag="delta"):
    """A signed change of one level; a level whose quantity reaches 0 is gone."""

    ticker: MarketTicker
    epoch: Epoch
    seq: Seq
    exchange_ts: Micros | None
    received_ts: Micros
    exchange_seq: int | None
    side: Side
    price: Price
    delta: QuantityChange


class Stale(msgspec.Struct, frozen=True, tag="stale"):
    """The book may be wrong from here on; no delta follows before the next snapshot.

    Epoch and seq are those of the last book message before it.
    """

    ticker: MarketTicker
    epoch: Epoch
    seq: Seq
    received_ts: Micros
    reason: StaleReason


BookMessage = Snapshot | Delta | Stale
