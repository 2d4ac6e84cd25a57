"""Which markets are wanted, and by whom: the settings, the catalog, and clients with a lease."""

from collections.abc import Collection, Iterable

from shared.market.series import SeriesFilter

#: A market that the catalog's bucket no longer holds after a break is kept for so long: it may be about to be filled.
GRACE_S = 60.0


class Universe:
    """Wanted markets = those of the settings, those of the catalog, and those of leases that have not run out.

    A settled market is wanted by nobody, and neither is one whose series is not let in.
    """

    def __init__(self, configured: Iterable[str], series: Collection[str] = ()) -> None:
        self._series = SeriesFilter(series)
        self._configured = frozenset(configured)
        self._catalogued: set[str] = set()
        self._unsure: set[str] = set()
        self._unsure_until = 0.0
        self._settled: set[str] = set()
        self._leases: dict[str, dict[str, float]] = {}

    def takes(self, ticker: str) -> bool:
        """Whether a market's series is let in."""
        return self._series.takes(ticker)

    def wanted(self, at: float) -> set[str]:
        """Return the wanted markets and forget the leases that have run out."""
        if self._unsure and at >= self._unsure_until:
            self._catalogued -= self._unsure
            self._unsure.clear()
        wanted = self._catalogued | self._configured
        for client, lease in list(self._leases.items()):
            self._leases[client] = {ticker: until for ticker, until in lease.items() if until > at}
            wanted.update(self._leases[client])
            if not self._leases[client]:
                del self._leases[client]
        wanted -= self._settled
        return {ticker for ticker in wanted if self.takes(ticker)} if self._series else wanted

    def catalogue(self, ticker: str, *, followed: bool, settled: bool) -> None:
        """Take what the catalog says of a market."""
        self._unsure.discard(ticker)
        (self._catalogued.add if followed else self._catalogued.discard)(ticker)
        if settled:
            self._settled.add(ticker)
        else:
            self._settled.discard(ticker)

    def uncatalogue(self, ticker: str) -> None:
        """Take note that the catalog has forgotten a market; one of the settings stays settled."""
        self._unsure.discard(ticker)
        self._catalogued.discard(ticker)
        if ticker not in self._configured:
            self._settled.discard(ticker)

    def doubt_catalog(self, at: float) -> None:
        """Take note that all of the catalog is about to be told anew: what is not is kept for a while only."""
        self._unsure = set(self._catalogued)
        self._unsure_until = at + GRACE_S

    def lease(self, client: str, tickers: Iterable[str], until: float) -> tuple[str, ...]:
        """Want markets for a client until then; return all that the client has."""
        lease = self._leases.setdefault(client, {})
        lease.update(dict.fromkeys(tickers, until))
        return tuple(sorted(lease))

    def release(self, client: str, tickers: Iterable[str]) -> tuple[str, ...]:
        """End a client's wish for markets; return what it still has."""
        lease = self._leases.get(client, {})
        for ticker in tickers:
            lease.pop(ticker, None)
        return tuple(sorted(lease))

    def wanted_by(self, ticker: str) -> tuple[str, ...]:
        """Return who wants a market."""
        if ticker in self._settled or not self.takes(ticker):
            return ()
        settings = ("settings",) if ticker in self._configured else ()
        catalog = ("catalog",) if ticker in self._catalogued else ()
        return settings + catalog + tuple(sorted(f"lease:{c}" for c, lease in self._leases.items() if ticker in lease))
