"""Markets and events in the order in which lists show them.

There can be a hundred thousand, and a client that reads them all asks for a page a hundred times: they are put in order
once, and again only after a market has come or gone.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

from services.simulator.rest.pages import Place, place
from services.simulator.world.market import Market
from services.simulator.world.world import World


class Listings:
    """A world's markets, its events without combos, and the events of combos."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.markets = Newest(world, _markets)
        self.events = Newest(world, lambda world: _events(world, combos=False))
        self.combo_events = Newest(world, lambda world: _events(world, combos=True))


class Newest:
    """The places of some of what is listed, kept in order."""

    def __init__(self, world: World, places: Callable[[World], Iterable[Place]]) -> None:
        self._world = world
        self._places = places
        self._ordered: list[Place] = []
        self._changes = -1

    def after(self, cursor: str) -> Iterator[Place]:
        """Return the places behind a cursor, the newest first."""
        if self._changes != self._world.changes:
            self._changes = self._world.changes
            self._ordered = sorted(self._places(self._world))
        ordered, found = self._ordered, place(cursor)
        end = len(ordered) if found is None else bisect_left(ordered, found)
        return (ordered[position] for position in range(end - 1, -1, -1))


def market_place(market: Market) -> Place:
    """Return where a market stands."""
    return Place(market.listing.created_ts, market.ticker)


def event_place(ticker: str, markets: list[Market]) -> Place:
    """Return where an event with these markets stands."""
    return Place(markets[0].listing.created_ts, ticker)


def _markets(world: World) -> Iterator[Place]:
    return map(market_place, world.markets.values())


def _events(world: World, *, combos: bool) -> Iterator[Place]:
    for ticker in world.events:
        markets = world.markets_of(ticker)
        if markets and markets[0].is_combo == combos:
            yield event_place(ticker, markets)
