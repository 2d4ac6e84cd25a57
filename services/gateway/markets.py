"""The bus side of every followed market: its epoch, its seq, its subjects, and whether it is stale."""

from collections.abc import Iterable, Iterator
from itertools import cycle

import msgspec

from proto.book import Delta, Snapshot, Stale
from proto.subjects import Subjects
from proto.system import Heartbeat
from proto.units import Ladder, Side, StaleReason
from services.gateway.output import Output

#: Heads in one heartbeat message; more markets are told in several.
HEADS_PER_HEARTBEAT = 5000
#: Every market is named at least once in this many heartbeats, and one that is no longer followed in each of so many.
HEARTBEATS_PER_ROUND = 10


class Market:
    """One market as the bus knows it; `reason` says why it is stale, None while it is live.

    `turn` is its place in the round of heartbeats that name it while it is quiet. While `paused` no book makes it live.
    """

    __slots__ = ("epoch", "gap_reason", "gap_ts", "message_ts", "paused", "reason", "seq", "subject", "ticker", "turn")

    def __init__(self, ticker: str, subject: str, turn: int) -> None:
        self.ticker = ticker
        self.subject = subject
        self.turn = turn
        self.epoch = 0
        self.seq = 0
        self.reason: StaleReason | None = "disconnected"
        self.message_ts: int | None = None
        self.gap_ts: int | None = None
        self.gap_reason: StaleReason | None = None
        self.paused = False


class Markets:
    """All followed markets of one gateway; every method says what it has to on the output."""

    def __init__(self, instance: str, subjects: Subjects, out: Output) -> None:
        self._instance = instance
        self._subjects = subjects
        self._out = out
        self._markets: dict[str, Market] = {}
        self._moved: set[str] = set()
        self._gone: dict[str, int] = {}
        self._settled: set[str] = set()
        self._counter = 0
        self._turns = cycle(range(HEARTBEATS_PER_ROUND))
        self._places = cycle(range(HEARTBEATS_PER_ROUND))
        #: The largest epoch that was used: by a market that was removed, or by another gateway.
        self._epoch_floor = 0
        self._epoch_limit = 2**53 - 1
        self.largest_epoch = 0
        self._encode = msgspec.json.Encoder().encode

    def __len__(self) -> int:
        return len(self._markets)

    def __contains__(self, ticker: object) -> bool:
        return ticker in self._markets

    def __iter__(self) -> Iterator[str]:
        return iter(self._markets)

    @property
    def next_counter(self) -> int:
        """The counter of the next heartbeat."""
        return self._counter

    def get(self, ticker: str) -> Market | None:
        """Return a followed market."""
        return self._markets.get(ticker)

    def stale_count(self) -> int:
        """Return how many markets are stale."""
        return sum(market.reason is not None for market in self._markets.values())

    def bound_epochs(self, *, above: int, upto: int) -> None:
        """Have new epochs above what others used, and not above what is set aside unless they have to grow."""
        self._epoch_floor = max(self._epoch_floor, above)
        self._epoch_limit = upto

    def add(self, ticker: str) -> None:
        """Begin to follow a market; it is stale until its first snapshot."""
        self._gone.pop(ticker, None)
        if ticker not in self._markets:
            self._markets[ticker] = Market(ticker, self._subjects.market("book", ticker), next(self._places))
            self._moved.add(ticker)

    def remove(self, ticker: str, now_ts: int) -> None:
        """Stop following a market and tell those who hold its book."""
        self.stale([ticker], "unsubscribed", now_ts)
        market = self._markets.pop(ticker, None)
        if market is not None:
            self._epoch_floor = max(self._epoch_floor, market.epoch)
            self._moved.discard(ticker)
            self._gone[ticker] = HEARTBEATS_PER_ROUND

    def settle(self, ticker: str, now_ts: int) -> None:
        """Stop following a market for good, whoever wants it."""
        if ticker in self._markets:
            self._settled.add(ticker)
            self.remove(ticker, now_ts)

    def unsettled(self, wanted: set[str]) -> set[str]:
        """Return which of all wanted markets can still be followed."""
        self._settled &= wanted
        return wanted - self._settled

    def pause(self, ticker: str, now_ts: int) -> None:
        """Mark a market in which the exchange lets nobody trade; its book is frozen."""
        market = self._markets.get(ticker)
        if market is not None:
            market.paused = True
            self.stale([ticker], "paused", now_ts)

    def resume(self, tickers: Iterable[str]) -> list[str]:
        """End pauses, so that the next snapshot makes a market live; return which of the markets had one."""
        paused = [ticker for ticker in tickers if ticker in self._markets and self._markets[ticker].paused]
        for ticker in paused:
            self._markets[ticker].paused = False
        return paused

    def snapshot(self, ticker: str, yes: Ladder, no: Ladder, *, exchange_seq: int, received_ts: int) -> None:
        """Publish a book as the start of a new epoch."""
        market = self._markets[ticker]
        # The microsecond of the snapshot, raised where the clock stepped back or two came within one.
        market.epoch = max(min(received_ts, self._epoch_limit), market.epoch + 1, self._epoch_floor + 1)
        self.largest_epoch = max(self.largest_epoch, market.epoch)
        market.seq = 0
        market.reason = None
        message = Snapshot(ticker, market.epoch, 0, None, received_ts, exchange_seq, yes, no)
        self._say(market, message, received_ts)
        if market.paused:
            self.stale([ticker], "paused", received_ts)

    def delta(
        self,
        market: Market,
        change: tuple[Side, int, int],
        *,
        exchange_ts: int | None,
        exchange_seq: int,
        received_ts: int,
    ) -> None:
        """Publish a change of a live market's book."""
        side, price, delta = change
        market.seq += 1
        message = Delta(
            market.ticker, market.epoch, market.seq, exchange_ts, received_ts, exchange_seq, side, price, delta
        )
        self._say(market, message, received_ts)

    def stale(self, tickers: Iterable[str], reason: StaleReason, now_ts: int) -> None:
        """Mark those of the markets that are live as stale."""
        for ticker in tickers:
            market = self._markets.get(ticker)
            if market is None or market.reason is not None:
                continue
            market.reason = market.gap_reason = reason
            market.gap_ts = now_ts
            self._say(market, Stale(ticker, market.epoch, market.seq, now_ts, reason), now_ts)

    def heartbeat(self, now_ts: int, *, connected: bool, everything: bool) -> None:
        """Publish the heads of what moved and of some quiet markets, or of everything."""
        named = list(self._markets) if everything else [*self._moved, *self._quiet()]
        gone = sorted(self._gone)
        self._moved.clear()
        self._gone = {ticker: left - 1 for ticker, left in self._gone.items() if left > 1}
        for first in range(0, max(1, len(named), len(gone)), HEADS_PER_HEARTBEAT):
            part = slice(first, first + HEADS_PER_HEARTBEAT)
            chunk = [self._markets[ticker] for ticker in named[part]]
            beat = Heartbeat(
                instance=self._instance,
                counter=self._counter,
                sent_ts=now_ts,
                connected=connected,
                markets=len(self._markets),
                heads={market.ticker: (market.epoch, market.seq) for market in chunk},
                stale=tuple(market.ticker for market in chunk if market.reason is not None),
                gone=tuple(gone[part]),
            )
            self._counter += 1
            self._out.publications.append((self._subjects.gateway(self._instance), self._encode(beat)))

    def _quiet(self) -> list[str]:
        turn = next(self._turns)
        return [ticker for ticker, market in self._markets.items() if market.turn == turn and ticker not in self._moved]

    def _say(self, market: Market, message: msgspec.Struct, now_ts: int) -> None:
        market.message_ts = now_ts
        self._moved.add(market.ticker)
        self._out.publications.append((market.subject, self._encode(message)))
