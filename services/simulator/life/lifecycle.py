"""The steps of a market's life, and who is told of them.

Opening and closing are silent on the lifecycle channels, as at the exchange. On the channels of the book a market opens
with one delta per level, from the empty book that an early subscriber was given: no client has to understand a second
snapshot for that. It closes the same way. That the exchange takes resting orders off the book by deltas is inferred: it
cancels them at close, REST shows closed markets with empty books, and every other cancel is a delta.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec.structs import replace

from proto.units import DOLLAR, SECOND, Ladder, Side
from services.simulator.feed.channels import Channel
from services.simulator.life.outcomes import Outcomes
from services.simulator.world import messages
from services.simulator.world.floor import Floor
from services.simulator.world.listing import Arrival
from services.simulator.world.market import Market, Phase
from services.simulator.world.ticks import ticks
from shared.kalshi.numbers import format_dollars


class Hooks(NamedTuple):
    """What else happens when trading begins and ends, and the book with which it begins."""

    opened: Callable[[Market], None]
    closed: Callable[[Market], None]
    seed: Callable[[Market], tuple[Ladder, Ladder]]


class Lifecycle:
    """Takes markets through their phases; when, and whether a step is possible, others know."""

    def __init__(self, floor: Floor, uniform: Callable[[], float], hooks: Hooks) -> None:
        self._floor = floor
        self._world = floor.world
        self._hooks = hooks
        self._outcomes = Outcomes(floor.world, uniform)

    def begin(self, arrival: Arrival, ts: int) -> Market:
        """List a market that was there before anybody listened, and is trading already if it has opened."""
        market = self._list(arrival)
        self._world.events.setdefault(arrival.event.ticker, arrival.event)
        if market.listing.open_ts <= ts:
            market.phase = Phase.ACTIVE
            market.book.load(*self._hooks.seed(market))
            market.moved()  # the first ticker tells a change of this book
            self._let_trade(market)
        return market

    def create(self, arrival: Arrival, ts: int) -> Market:
        """List a market, which does not yet trade."""
        market, event = self._list(arrival), arrival.event
        market.updated_ts = ts
        if event.ticker not in self._world.events:
            self._world.events[event.ticker] = event
            self._floor.announce("event_lifecycle", messages.event_lifecycle(event), _channel(market))
        self._announce(market, messages.created(market.listing, market.ticks, event.title))
        return market

    def open(self, market: Market, ts: int) -> None:
        """Let trading begin, with a book if it has none."""
        self._enter(market, Phase.ACTIVE, ts)
        if not any(market.ladders()):
            yes, no = self._hooks.seed(market)
            self._floor.change(market, _levels(yes, no), ts)
        self._floor.quote(market, ts)
        self._let_trade(market)

    def close(self, market: Market, ts: int) -> None:
        """Let trading end for good, and cancel what rests."""
        self._hooks.closed(market)
        self._enter(market, Phase.CLOSED, ts)
        self._outcomes.note(market)
        yes, no = market.ladders()
        self._floor.change(market, [(side, price, -quantity) for side, price, quantity in _levels(yes, no)], ts)
        self._floor.quote(market, ts)

    def determine(self, market: Market, ts: int, result: str = "", settlement_value: int | None = None) -> None:
        """Decide a closed market; without a result its price decides."""
        self._enter(market, Phase.DETERMINED, ts)
        market.result = result or self._outcomes.result(market)
        self._outcomes.decided(market)
        if settlement_value is None:
            settlement_value = DOLLAR if market.result == "yes" else 0
        market.settlement_value = settlement_value
        market.determined_ts = ts
        self.tell(
            market,
            "determined",
            result=market.result,
            settlement_value=format_dollars(settlement_value),
            determination_ts=ts // SECOND,
        )

    def settle(self, market: Market, ts: int) -> None:
        """Pay out a determined market."""
        self._enter(market, Phase.FINALIZED, ts)
        market.settled_ts = ts
        self.tell(market, "settled", settled_ts=ts // SECOND)

    def forget(self, market: Market) -> None:
        """Take a market off the list."""
        self._world.remove(market)
        self._outcomes.forget(market)

    def deactivate(self, market: Market, ts: int) -> None:
        """Pause trading; resting orders stay."""
        self._hooks.closed(market)
        self._enter(market, Phase.INACTIVE, ts)
        self.tell(market, "deactivated", is_deactivated=True)

    def activate(self, market: Market, ts: int) -> None:
        """Let paused trading go on."""
        self._enter(market, Phase.ACTIVE, ts)
        self.tell(market, "activated", is_deactivated=False)
        self._let_trade(market)

    def close_at(self, market: Market, close_ts: int, ts: int) -> None:
        """Move the time at which a market closes."""
        market.listing = replace(market.listing, close_ts=close_ts)
        market.updated_ts = ts
        self.tell(market, "close_date_updated", close_ts=close_ts // SECOND)

    def refine(self, market: Market, structure: str, ts: int) -> None:
        """Allow more prices; resting orders stay. Raises UnknownStructure."""
        market.ticks = ticks(structure)
        market.listing = replace(market.listing, price_level_structure=structure)
        market.updated_ts = ts
        if market.phase is Phase.ACTIVE:  # whoever trades it has to learn its prices anew
            self._hooks.closed(market)
            self._hooks.opened(market)
        self.tell(
            market,
            "price_level_structure_updated",
            price_level_structure=structure,
            price_ranges=messages.price_ranges(market.ticks),
        )

    def describe(self, market: Market, members: dict[str, Any], ts: int) -> None:
        """Change what a market's listing says."""
        market.listing = replace(market.listing, **members)
        market.updated_ts = ts
        self.tell(market, "metadata_updated", **members)

    def tell(self, market: Market, event_type: str, /, **members: Any) -> None:
        """Tell of a step, whatever it is."""
        self._announce(market, messages.lifecycle(market.ticker, event_type, **members))

    def _let_trade(self, market: Market) -> None:
        if not market.is_combo:  # these are quoted on request, and nothing rests on their books
            self._hooks.opened(market)

    def _list(self, arrival: Arrival) -> Market:
        market = Market(arrival.listing)
        market.phase = Phase.INITIALIZED
        self._world.series.setdefault(arrival.series.ticker, arrival.series)
        self._world.add(market)
        return market

    def _announce(self, market: Market, msg: bytes) -> None:
        channel = _channel(market)
        self._floor.announce(channel.value, msg, channel)

    def _enter(self, market: Market, phase: Phase, ts: int) -> None:
        market.phase = phase
        market.updated_ts = ts


def _channel(market: Market) -> Channel:
    return Channel.COMBO_LIFECYCLE if market.is_combo else Channel.LIFECYCLE


def _levels(yes: Ladder, no: Ladder) -> list[tuple[Side, int, int]]:
    sides: tuple[tuple[Side, Ladder], ...] = (("yes", yes), ("no", no))
    return [(side, price, quantity) for side, ladder in sides for price, quantity in ladder]
