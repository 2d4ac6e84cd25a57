"""One channel of one client: its sid, its sequence, its markets, and where its frames go."""

from enum import StrEnum


class Channel(StrEnum):
    """Channels on which something is said; the exchange's names."""

    BOOK = "orderbook_delta"
    TICKER = "ticker"
    TRADE = "trade"


#: Channels that can be opened but stay silent here, as they do for an account without orders.
SILENT_CHANNELS = frozenset(
    {
        "fill",
        "user_orders",
        "market_positions",
        "market_lifecycle_v2",
        "multivariate_market_lifecycle",
        "order_group_updates",
        "communications",
    }
)
CHANNELS = SILENT_CHANNELS | set(Channel)
#: Channels that can be narrowed to some markets.
FILTERED_CHANNELS = frozenset({*Channel, "fill", "user_orders", "market_positions"})
#: Channels whose messages carry no sequence number; control replies always do.
UNSEQUENCED_CHANNELS = frozenset({Channel.TICKER, "fill", "user_orders", "market_positions"})


class Subscription:
    """Appends frames to its client's outbox.

    Frames end with a newline, as at the exchange. Between the subscribers of a message only sid and sequence number
    differ, so these are spliced around the bytes of the message.
    """

    __slots__ = (
        "_heads",
        "_outbox",
        "channel",
        "everything",
        "lists_markets",
        "seq",
        "sid",
        "tickers",
        "yes_scale",
    )

    def __init__(self, sid: int, channel: str, outbox: list[bytes], *, yes_scale: bool, lists_markets: bool) -> None:
        self.sid = sid
        self.channel = channel
        self.yes_scale = yes_scale
        self.lists_markets = lists_markets
        self.everything = False
        self.tickers: dict[str, None] = {}
        self.seq = 0
        self._outbox = outbox
        self._heads: dict[str, bytes] = {}

    def next_seq(self) -> int:
        """Return the sequence number of the next frame."""
        self.seq += 1
        return self.seq

    def say(self, kind: str, msg: bytes, *, answers: int = 0) -> None:
        """Send a message with a sequence number; `answers` is the id of the command that asked for it."""
        self.seq += 1
        head = self._heads.get(kind) or self._head(kind)
        if answers:
            self._outbox.append(b'%b,"seq":%d,"id":%d,"msg":%b}\n' % (head, self.seq, answers, msg))
        else:
            self._outbox.append(b'%b,"seq":%d,"msg":%b}\n' % (head, self.seq, msg))

    def say_unsequenced(self, kind: str, msg: bytes) -> None:
        """Send a message without sequence number."""
        self._outbox.append(b'%b,"msg":%b}\n' % (self._heads.get(kind) or self._head(kind), msg))

    def _head(self, kind: str) -> bytes:
        head = self._heads[kind] = b'{"type":"%b","sid":%d' % (kind.encode(), self.sid)
        return head
