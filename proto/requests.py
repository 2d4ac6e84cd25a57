"""Requests on the bus and their replies. A request that fails as a whole is answered by a NATS service error."""

from typing import Annotated

import msgspec

from proto.units import Epoch, Ladder, MarketTicker, Micros, Seq, StaleReason, Status

Tickers = Annotated[tuple[MarketTicker, ...], msgspec.Meta(max_length=1000, description="at most 1000 tickers")]


class BookGet(msgspec.Struct, frozen=True):
    """rpc.book.get: the books of these markets; depth 0 means every level."""

    tickers: Tickers
    depth: Annotated[int, msgspec.Meta(ge=0)] = 0


class BookImage(msgspec.Struct, frozen=True):
    """One book as of (epoch, seq)."""

    ticker: MarketTicker
    epoch: Epoch
    seq: Seq
    status: Status
    received_ts: Micros
    yes: Ladder
    no: Ladder


class TickerError(msgspec.Struct, frozen=True):
    """Why one ticker of a request was not served."""

    ticker: str
    code: int
    message: str


class BookReply(msgspec.Struct, frozen=True):
    """Answer to rpc.book.get: each ticker is in one of the two lists."""

    books: tuple[BookImage, ...]
    errors: tuple[TickerError, ...] = ()


class Resync(msgspec.Struct, frozen=True):
    """rpc.gateway.resync: take new snapshots of these markets.

    With a reason, the books are believed to be wrong: they are marked stale with it until the snapshot is there.
    """

    tickers: Tickers
    reason: StaleReason | None = None


class ResyncReply(msgspec.Struct, frozen=True):
    """Answer to rpc.gateway.resync: the snapshots follow on `book`."""

    requested: tuple[str, ...]
    errors: tuple[TickerError, ...] = ()


class Lease(msgspec.Struct, frozen=True):
    """rpc.gateway.subscribe and unsubscribe: follow these markets for a client until ttl_s passes unrenewed."""

    client: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    tickers: Tickers
    ttl_s: Annotated[int, msgspec.Meta(ge=1, le=86_400, description="seconds")] = 60


class LeaseReply(msgspec.Struct, frozen=True):
    """Answer to a lease: all tickers that the client has leased, when those of this request end, which are refused."""

    client: str
    tickers: tuple[str, ...]
    until_ts: Micros | None
    errors: tuple[TickerError, ...] = ()


class Explain(msgspec.Struct, frozen=True):
    """rpc.gateway.explain: why a market is, or is not, followed."""

    ticker: MarketTicker


class ExplainReply(msgspec.Struct, frozen=True):
    """Who wants the market, and how far the exchange has gone along; null where nothing happened yet."""

    ticker: MarketTicker
    wanted_by: tuple[str, ...]
    subscribed: bool
    acknowledged: bool
    status: Status | None
    epoch: Epoch
    seq: Seq
    last_message_ts: Micros | None
    last_gap_ts: Micros | None
    last_gap_reason: StaleReason | None


class HeadsRequest(msgspec.Struct, frozen=True):
    """rpc.gateway.heads: publish the heads of every market in the next heartbeat, at once."""


class HeadsReply(msgspec.Struct, frozen=True):
    """Answer to rpc.gateway.heads: the heads follow on `sys.gateway.{instance}`, from heartbeat `counter` on."""

    instance: str
    markets: int
    counter: int


class Handover(msgspec.Struct, frozen=True):
    """rpc.gateway.handover: let the gateway that stands by take this shard over now."""

    shard: Annotated[int, msgspec.Meta(ge=0)] = 0


class HandoverReply(msgspec.Struct, frozen=True):
    """Answer to rpc.gateway.handover: this instance, the leader of this term, gives the shard up at once."""

    instance: str
    term: Annotated[int, msgspec.Meta(ge=1)]
