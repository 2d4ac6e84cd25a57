"""Everything that is traded when the simulation starts.

Two things are this simulator's and not the recording's: about a third of the events have another price level structure
than whole cents, so that every one is met, and beyond the recorded markets the same fixtures are played again.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, zip_longest
from typing import NamedTuple

from msgspec.structs import replace

from services.simulator.errors import BadListing
from services.simulator.universe.copies import weeks_later
from services.simulator.universe.sports import listings
from services.simulator.universe.titles import event_of, series_of
from services.simulator.world.digest import digest, number
from services.simulator.world.listing import Event, Listing, Series
from services.simulator.world.ticks import STRUCTURES

_WHOLE_CENTS = "linear_cent"
_OTHERS = tuple(label for label in STRUCTURES if label != _WHOLE_CENTS)

_Fixture = tuple[Listing, ...]


class Universe(NamedTuple):
    """What is listed; the markets of an event stand together."""

    series: tuple[Series, ...]
    events: tuple[Event, ...]
    markets: tuple[Listing, ...]


def universe(data: bytes, now_ts: int, *, markets: int) -> Universe:
    """Return so many markets of the recorded listing, hot and quiet events by turns, the hottest first.

    Events stay whole: where none fits into what is left, there are fewer markets, and only the first is ever cut.
    Raises BadListing.
    """
    fixtures = _hot_and_quiet(_fixtures(listings(data, now_ts)))
    if not fixtures:
        raise BadListing("it holds no markets")
    chosen = list(_chosen(fixtures, markets)) or [fixtures[0][:markets]]
    events = [tuple(_on_ticks(market) for market in fixture) for fixture in chosen if fixture]
    return Universe(
        series=tuple({event[0].series_ticker: series_of(event[0]) for event in events}.values()),
        events=tuple(event_of(event) for event in events),
        markets=tuple(market for event in events for market in event),
    )


def structure(event_ticker: str) -> str:
    """Return the price level structure of an event's markets: whole cents for about two thirds of the events."""
    draw = number(event_ticker, 3 * len(_OTHERS))
    return _OTHERS[draw] if draw < len(_OTHERS) else _WHOLE_CENTS


def _fixtures(markets: Iterable[Listing]) -> list[_Fixture]:
    ordered = sorted(markets, key=lambda market: market.event_ticker)
    return [tuple(group) for _, group in groupby(ordered, key=lambda market: market.event_ticker)]


def _hot_and_quiet(fixtures: Iterable[_Fixture]) -> list[_Fixture]:
    """Order from both ends by turns: a beginning of any length holds both kinds, and of the quiet all sports."""
    ranked = sorted(fixtures, key=_heat, reverse=True)
    half = (len(ranked) + 1) // 2
    return [fixture for pair in zip_longest(ranked[:half], ranked[: half - 1 : -1]) for fixture in pair if fixture]


def _heat(fixture: _Fixture) -> tuple[int, str]:
    return sum(market.opening.volume_24h for market in fixture), digest(fixture[0].event_ticker)


def _chosen(fixtures: Sequence[_Fixture], wanted: int) -> Iterator[_Fixture]:
    """Yield fixtures, then those of a week later, and so on, while they fit and leave no rest that nothing fits."""
    smallest = min(map(len, fixtures))
    # One week more than seems needed: what the last one leaves over may fit a smaller event of the next.
    for week in range(wanted // sum(map(len, fixtures)) + 2):
        for fixture in fixtures:
            rest = wanted - len(fixture)
            if rest == 0 or rest >= smallest:
                wanted = rest
                yield tuple(weeks_later(market, week) for market in fixture)


def _on_ticks(market: Listing) -> Listing:
    return replace(market, price_level_structure=structure(market.event_ticker))
