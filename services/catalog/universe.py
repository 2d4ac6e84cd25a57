"""Which markets are let in, which of them are followed, and which lists of the exchange hold them. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from proto.catalog import ListedMarket
from proto.units import SECOND
from shared.market.series import SeriesFilter

#: A market is followed so long before it opens, and so long after it closed: nothing of it is missed at either end.
LEAD = 30 * SECOND
LINGER = 5 * SECOND
#: Markets on one page, and names in one look-up.
PAGE = 1000
NAMES = 100

UNOPENED = frozenset({"initialized"})
OPEN = frozenset({"active", "inactive"})
SETTLED = frozenset({"finalized", "settled"})
#: What the words of the exchange's lists mean.
_STATUSES = {
    "unopened": UNOPENED,
    "open": OPEN,
    "paused": frozenset({"inactive"}),
    "closed": frozenset({"closed", "determined", "disputed", "amended"}),
    "settled": SETTLED,
}
_COMBOS = "KXMVE"


class Listing(NamedTuple):
    """One list to ask for, as the parameters of GET /markets."""

    params: tuple[tuple[str, str], ...]


class Universe:
    """What the operator wants.

    Args:
        tickers: markets by name.
        series: series by name or beginning; whatever is not of these is rejected, if any are given.
        statuses: words of the exchange's lists.
        everything: without tickers and series, all markets are wanted instead of none.
    """

    def __init__(
        self, *, tickers: Iterable[str], series: Iterable[str], statuses: Iterable[str], everything: bool
    ) -> None:
        self._series = SeriesFilter(series)
        self.tickers = tuple(ticker for ticker in dict.fromkeys(tickers) if self._series.takes(ticker))
        self._named = frozenset(self.tickers)
        self._words = tuple(dict.fromkeys(statuses))
        self._followed = frozenset(status for word in self._words for status in _STATUSES[word])
        self._lists_all = bool(self._series) or (everything and not self._named)

    @property
    def empty(self) -> bool:
        """Whether nothing is wanted at all."""
        return not self._named and not self._lists_all

    def rejection(self, ticker: str, collection: str = "") -> str:
        """Return why a market is not let in: `series`, `combo`, `unasked`, or nothing."""
        if not self._series.takes(ticker):
            return "series"
        if ticker in self._named:
            return ""
        if not self._lists_all:
            return "unasked"
        combo = bool(collection) or ticker.startswith(_COMBOS)
        return "combo" if combo and not self._asks_for_combos else ""

    def keeps_settled(self) -> bool:
        """Whether settled markets are wanted too."""
        return "settled" in self._words

    def follows(self, market: ListedMarket, now_ts: int) -> bool:
        """Whether a market that was let in is followed now."""
        if market.status in self._followed:
            return True
        if "open" not in self._words or market.status in SETTLED:
            return False
        if market.status in UNOPENED:
            return market.open_ts is not None and now_ts >= market.open_ts - LEAD
        ended = ended_ts(market)
        return ended is not None and now_ts < ended + LINGER

    def moments(self, market: ListedMarket) -> Iterator[int]:
        """Yield when a market's status or following may change by the clock alone."""
        if market.open_ts is not None:
            yield market.open_ts - LEAD
            yield market.open_ts
        if market.close_ts is not None:
            yield market.close_ts
        ended = ended_ts(market)
        if ended is not None:
            yield ended + LINGER

    def listings(self) -> list[Listing]:
        """Return the lists that together hold every market that is wanted, and those that will open."""
        firsts = range(0, len(self.tickers), NAMES)
        found = [names_listing(self.tickers[first : first + NAMES]) for first in firsts]
        if self._lists_all:
            for status in dict.fromkeys(("open", "unopened", *self._words)):
                found += [Listing((*series, ("status", status), ("limit", str(PAGE)))) for series in self._narrowings()]
        return found

    def changes(self, since_ts: int) -> list[Listing]:
        """Return the lists that hold what was changed since, as far as they are worth asking for."""
        if not self._lists_all:
            return []
        since = ("min_updated_ts", str(since_ts // SECOND))
        return [Listing((*series, since, ("limit", str(PAGE)))) for series in self._narrowings()]

    @property
    def _asks_for_combos(self) -> bool:
        return any(name.startswith(_COMBOS) for name in (*self._series.names, *self._series.prefixes))

    def _narrowings(self) -> list[tuple[tuple[str, str], ...]]:
        exclude = () if self._asks_for_combos else (("mve_filter", "exclude"),)
        if not self._series or self._series.prefixes:
            return [exclude]
        return [(("series_ticker", name), *exclude) for name in self._series.names]


def names_listing(tickers: Iterable[str]) -> Listing:
    """Return the list of the markets with these names."""
    return Listing((("tickers", ",".join(tickers)), ("limit", str(PAGE))))


def ended_ts(market: ListedMarket) -> int | None:
    """Return when trading ended or will end: at its close, unless it was determined before."""
    return min((ts for ts in (market.close_ts, market.determination_ts) if ts is not None), default=None)
