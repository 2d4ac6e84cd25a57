"""What to ask the exchange next: whole listings, what changed since, single markets. Pure."""

from collections.abc import Iterable

import msgspec

from proto.units import SECOND
from services.catalog.universe import NAMES, Listing, Universe, names_listing

#: Between the ends and beginnings of two full listings, and of two looks at what changed.
SWEEP_S = 300.0
CHANGES_S = 60.0
#: What changed is asked for with so much overlap, for the exchange's clock and caches.
OVERLAP = 30 * SECOND
#: A market is looked up so long after something was heard of it: by then lists show it too.
LOOK_UP_S = 1.0
#: Look-ups of a market that the lists do not show yet; the pause doubles.
LOOK_UPS = 6


class Ask(msgspec.Struct, frozen=True):
    """One request: GET /markets with these parameters; `tickers` if it is a look-up."""

    params: tuple[tuple[str, str], ...]
    asked_ts: int
    full: bool = False
    tickers: tuple[str, ...] = ()


class _LookUp(msgspec.Struct):
    at: float
    attempts: int = 0


class Discovery:
    """Lists to go through, page by page, and markets to look up; one request at a time."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._lists: list[Listing] = []
        self._full = False
        #: When the lists that are gone through were begun, and when those before them were.
        self._begun_ts = 0
        self._looked_ts = 0
        self._sweep_at = 0.0
        self._changes_at = 0.0
        self._look_ups: dict[str, _LookUp] = {}
        self.swept = universe.empty

    @property
    def begun_ts(self) -> int:
        """When the listing that is going on, or was the last, began."""
        return self._begun_ts

    def wake_at(self) -> float:
        """Return when there is something to ask at the latest."""
        if self._lists:
            return 0.0
        look_up = min((look_up.at for look_up in self._look_ups.values()), default=float("inf"))
        if self._universe.empty:
            return look_up
        return min(look_up, self._sweep_at, self._changes_at)

    def next(self, at: float, ts: int) -> Ask | None:
        """Return what to ask now; its answer, or its failure, is to be told before the next."""
        due = [ticker for ticker, look_up in self._look_ups.items() if look_up.at <= at][:NAMES]
        if due:
            return Ask(names_listing(due).params, ts, tickers=tuple(due))
        if not self._lists and not self._universe.empty:
            self._begin(at, ts)
        return Ask(self._lists[0].params, ts, full=self._full) if self._lists else None

    def look_up(self, tickers: Iterable[str], at: float) -> None:
        """Have markets looked up soon."""
        for ticker in tickers:
            self._look_ups[ticker] = _LookUp(at + LOOK_UP_S)

    def answered(self, ask: Ask, cursor: str, at: float) -> bool:
        """Take an answer that was understood; return whether it was the last of a full listing."""
        if ask.tickers:
            return False
        listing = self._lists.pop(0)
        if cursor:
            self._lists.insert(0, _after(listing, cursor))
        if self._lists:
            return False
        self._looked_ts = self._begun_ts
        self._changes_at = at + CHANGES_S
        if ask.full:
            self._sweep_at = at + SWEEP_S
            self.swept = True
        return ask.full

    def found(self, tickers: Iterable[str]) -> None:
        """Take note that a look-up has shown these markets."""
        for ticker in tickers:
            self._look_ups.pop(ticker, None)

    def unfound(self, ticker: str, at: float) -> bool:
        """Take note that a look-up did not show a market; return whether to give up."""
        look_up = self._look_ups[ticker]
        look_up.attempts += 1
        look_up.at = at + LOOK_UP_S * 2**look_up.attempts
        if look_up.attempts < LOOK_UPS:
            return False
        del self._look_ups[ticker]
        return True

    def refused(self, ask: Ask, at: float) -> None:
        """Give up a request that can not succeed; a listing begins anew later."""
        if ask.tickers:
            self.found(ask.tickers)
            return
        self._lists.clear()
        self._changes_at = at + CHANGES_S
        if ask.full:
            self._sweep_at = at + CHANGES_S

    def _begin(self, at: float, ts: int) -> None:
        if at >= self._sweep_at:
            self._full, self._begun_ts, self._lists = True, ts, self._universe.listings()
        elif at >= self._changes_at:
            self._full, self._begun_ts = False, ts
            self._lists = self._universe.changes(self._looked_ts - OVERLAP)
            if not self._lists:
                self._changes_at = float("inf")


def _after(listing: Listing, cursor: str) -> Listing:
    return Listing((*(pair for pair in listing.params if pair[0] != "cursor"), ("cursor", cursor)))
