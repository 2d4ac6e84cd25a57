"""The table of channels: what is said on the bus, by whom, and with which promise."""

import msgspec

from proto import book, catalog, leader, market, private, requests, system


class Channel(msgspec.Struct, frozen=True):
    """One kind of subject; `address` is the subject after `{prefix}.v1.`."""

    kind: str
    address: str
    messages: tuple[type[msgspec.Struct], ...]
    said_by: tuple[str, ...]
    promise: str

    @property
    def is_private(self) -> bool:
        """Whether it is the account's own: for its owner alone, never handed on by the relay."""
        return self.kind.partition(".")[0] == "private"


class Request(msgspec.Struct, frozen=True):
    """One request subject and its two messages; `name` follows `{prefix}.v1.rpc.`."""

    name: str
    request: type[msgspec.Struct]
    reply: type[msgspec.Struct]
    answered_by: str


class Bucket(msgspec.Struct, frozen=True):
    """One bucket of JetStream; under another prefix than `kalshi` its name is `{prefix}_{name}`."""

    name: str
    key: str
    value: type[msgspec.Struct]
    written_by: str
    promise: str


def _market(kind: str, messages: tuple[type[msgspec.Struct], ...], said_by: tuple[str, ...], promise: str) -> Channel:
    return Channel(kind, f"{kind}.{{series}}.{{market}}", messages, said_by, promise)


CHANNELS = (
    _market(
        "book",
        (book.Snapshot, book.Delta, book.Stale),
        ("gateway",),
        "Every message in order; a gap shows in (epoch, seq) and is marked by `stale`.",
    ),
    _market("ticker", (market.Ticker,), ("gateway",), "The exchange's own ticker; the last value wins."),
    _market("trade", (market.Trade,), ("gateway",), "At least once; deduplicate by `trade_id`."),
    _market("lifecycle", (market.Lifecycle,), ("gateway", "catalog"), "At least once."),
    Channel("event", "event.{series}.{event}", (market.Event,), ("gateway", "catalog"), "At least once."),
    _market(
        "top",
        (market.Top,),
        ("book_builder",),
        "On every change of the best two levels, conflated; the last value wins.",
    ),
    _market(
        "depth",
        (market.Depth,),
        ("book_builder",),
        "The whole book, at most 4 a second per market and only when changed; the last value wins.",
    ),
    _market(
        "ticker1s",
        (market.Ticker1s,),
        ("ticker_publisher",),
        "At most one per second per market; the last change is never lost.",
    ),
    _market("private.fill", (private.Fill,), ("gateway",), "Private. At least once; deduplicate by both ids."),
    _market("private.order", (private.Order,), ("gateway",), "Private. The last value of an `order_id` wins."),
    _market("private.position", (private.Position,), ("gateway",), "Private. The last value of a market wins."),
    Channel(
        "private.account",
        "private.account",
        (private.Account,),
        ("gateway",),
        "Private. After each reading of the account, and when it may be incomplete.",
    ),
    Channel(
        "private.quarantine",
        "private.quarantine.{reason}",
        (),
        ("gateway",),
        "Private. What was not understood of the account.",
    ),
    Channel("sys.gateway", "sys.gateway.{instance}", (system.Heartbeat,), ("gateway",), "Once a second."),
    Channel("quarantine", "quarantine.{reason}", (), ("gateway",), "Raw frames that were not understood."),
)

REQUESTS = (
    Request("book.get", requests.BookGet, requests.BookReply, "book_builder"),
    Request("gateway.resync", requests.Resync, requests.ResyncReply, "gateway"),
    Request("gateway.subscribe", requests.Lease, requests.LeaseReply, "gateway"),
    Request("gateway.unsubscribe", requests.Lease, requests.LeaseReply, "gateway"),
    Request("gateway.explain", requests.Explain, requests.ExplainReply, "gateway"),
    Request("gateway.heads", requests.HeadsRequest, requests.HeadsReply, "gateway"),
    Request("gateway.handover", requests.Handover, requests.HandoverReply, "gateway"),
)

BUCKETS = (
    Bucket(
        "markets",
        "the ticker, escaped as in subjects",
        catalog.ListedMarket,
        "catalog",
        "The last value wins; a market leaves an hour after it was settled, never because a look-up failed.",
    ),
    Bucket(
        "leader",
        "`gateway-{shard}`, the shard's number",
        leader.Leader,
        "gateway",
        "Renewed every second by compare-and-set; what has not changed for 3.5 s, or is released, can be taken over.",
    ),
)
