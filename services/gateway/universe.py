"""Which markets are wanted, and by whom: the settings, and clients with a lease."""

from collections.abc import Iterable


class Universe:
    """Wanted markets = those of the settings and those of leases that have not run out."""

    def __init__(self, configured: Iterable[str]) -> None:
        self._configured = frozenset(configured)
        self._leases: dict[str, dict[str, float]] = {}

    def wanted(self, at: float) -> set[str]:
        """Return the wanted markets and forget the leases that have run out."""
        wanted = set(self._configured)
        for client, lease in list(self._leases.items()):
            self._leases[client] = {ticker: until for ticker, until in lease.items() if until > at}
            wanted.update(self._leases[client])
            if not self._leases[client]:
                del self._leases[client]
        return wanted

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
        settings = ("settings",) if ticker in self._configured else ()
        return settings + tuple(sorted(f"lease:{c}" for c, lease in self._leases.items() if ticker in lease))
