"""The markets as one connection may touch them, so that a market can move from one to another without a break.

A market is said by one connection at a time, its holder. Another one that is to take it over subscribes first; its
snapshot makes it the holder, in a new epoch, and only then the former one lets go. Until then whatever the newcomer
hears of the market is passed over, and afterwards whatever the former one still hears.
"""

from collections.abc import Iterable, Iterator

from proto.units import Ladder, Side, StaleReason
from services.gateway.markets import Market, Markets
from services.gateway.sharding import Connections


class Holders:
    """Which connection says a market; none where the last one was lost before another took over."""

    def __init__(self, markets: Markets, connections: Connections) -> None:
        self.markets = markets
        self.connections = connections
        #: Markets whose books one connection wants another to ask for.
        self.awaited: list[str] = []
        self._holders: dict[str, int] = {}

    def of(self, ticker: str) -> int:
        """Return the connection that is answerable for a market: its holder, else the one that is to be."""
        holder = self._holders.get(ticker)
        return self.connections.target(ticker) if holder is None else holder

    def take(self, ticker: str, line: int) -> None:
        """Make a connection the holder."""
        self._holders[ticker] = line

    def lost(self, line: int) -> None:
        """A connection holds nothing any longer."""
        self._holders = {ticker: holder for ticker, holder in self._holders.items() if holder != line}

    def forget(self, ticker: str) -> None:
        """A market is no longer followed."""
        self._holders.pop(ticker, None)

    def wanted(self, tickers: Iterable[str], line: int) -> set[str]:
        """Return which of the markets a connection is to be subscribed to."""
        target, holders = self.connections.target, self._holders
        return {ticker for ticker in tickers if target(ticker) == line or holders.get(ticker) == line}


class HeldMarkets:
    """The part of all markets for which one connection is answerable; it speaks of no other."""

    def __init__(self, holders: Holders, line: int) -> None:
        self._holders = holders
        self._markets = holders.markets
        self._line = line

    def __contains__(self, ticker: object) -> bool:
        return isinstance(ticker, str) and ticker in self._markets and self._may_take(ticker)

    def __iter__(self) -> Iterator[str]:
        return (ticker for ticker in self._markets if self._holders.of(ticker) == self._line)

    def get(self, ticker: str) -> Market | None:
        """Return a market that this connection is answerable for."""
        return self._markets.get(ticker) if self._holders.of(ticker) == self._line else None

    def settle(self, ticker: str, now_ts: int) -> None:
        """Stop following a market for good, whichever connection has it: lifecycles come by one of them."""
        self._markets.settle(ticker, now_ts)
        self._holders.forget(ticker)

    def pause(self, ticker: str, now_ts: int) -> None:
        """Mark a market as paused, whichever connection has it."""
        self._markets.pause(ticker, now_ts)

    def resume(self, tickers: Iterable[str] | None = None) -> list[str]:
        """End the pauses of these or all markets; return those whose books this connection has to ask for."""
        resumed = self._markets.resume(list(self._markets) if tickers is None else tickers)
        self._holders.awaited += [ticker for ticker in resumed if self._holders.of(ticker) != self._line]
        return [ticker for ticker in resumed if self._holders.of(ticker) == self._line]

    def snapshot(self, ticker: str, yes: Ladder, no: Ladder, *, exchange_seq: int, received_ts: int) -> None:
        """Publish a book, and be its holder from now on."""
        if self._may_take(ticker):
            self._holders.take(ticker, self._line)
            self._markets.snapshot(ticker, yes, no, exchange_seq=exchange_seq, received_ts=received_ts)

    def delta(
        self,
        market: Market,
        change: tuple[Side, int, int],
        *,
        exchange_ts: int | None,
        exchange_seq: int,
        received_ts: int,
    ) -> None:
        """Publish a change of a book that `get` returned."""
        self._markets.delta(market, change, exchange_ts=exchange_ts, exchange_seq=exchange_seq, received_ts=received_ts)

    def stale(self, tickers: Iterable[str], reason: StaleReason, now_ts: int) -> None:
        """Mark those of the markets as stale for which this connection is answerable."""
        self._markets.stale([t for t in tickers if self._holders.of(t) == self._line], reason, now_ts)

    def _may_take(self, ticker: str) -> bool:
        # The one that is to serve it, or the one that has it until then.
        return self._line in {self._holders.connections.target(ticker), self._holders.of(ticker)}
