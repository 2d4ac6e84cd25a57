"""A table at which markets come, change and go."""

from random import Random
from typing import Any

from proto.units import SECOND, Ladder
from services.simulator.life.calendar import Calendar
from services.simulator.life.lifecycle import Hooks, Lifecycle
from services.simulator.life.operating import Operator
from services.simulator.world.listing import Arrival, Event, Series
from services.simulator.world.market import Market
from tests.unit.services.simulator.harness import START, Table, listing

SEEDED: tuple[Ladder, Ladder] = (((4800, 300), (4700, 500)), ((5100, 200),))


class Lives:
    """A calendar, an operator, and what the order flow was told."""

    def __init__(self, *, determine_after_s: float = 5.0, keep_s: float = 100.0) -> None:
        self.table = Table([])
        self.flowing: list[str] = []
        hooks = Hooks(self._opened, self._closed, lambda market: SEEDED if not market.is_combo else ((), ()))
        floor = self.table.exchange.floor
        self.life = Lifecycle(floor, Random(2).random, hooks)
        self.calendar = Calendar(self.table.world, self.life, determine_after_s=determine_after_s, keep_s=keep_s)
        self.operator = Operator(floor, self.life, self.calendar)
        self.table.exchange.engines.append(self.calendar)

    def begin(self, ticker: str, *, exclusive: bool = False, **facts: Any) -> Market:
        """List a market that was there from the beginning; it opens and closes so many seconds from now."""
        arrival = arriving(ticker, exclusive=exclusive, **facts)
        market = self.life.begin(arrival, START.ts)
        self.calendar.follow(market)
        return market

    def _opened(self, market: Market) -> None:
        assert market.ticker not in self.flowing
        self.flowing.append(market.ticker)

    def _closed(self, market: Market) -> None:
        if market.ticker in self.flowing:
            self.flowing.remove(market.ticker)


def arriving(
    ticker: str, *, exclusive: bool = False, opens_in_s: float = -60, closes_in_s: float = 60, **facts: Any
) -> Arrival:
    """Return a market, its event and its series; it opens and closes so many seconds from the start."""
    facts.setdefault("settlement_timer_seconds", 3)
    made = listing(
        ticker,
        open_ts=START.ts + round(opens_in_s * SECOND),
        close_ts=START.ts + round(closes_in_s * SECOND),
        **facts,
    )
    event = Event(
        ticker=made.event_ticker,
        series_ticker=made.series_ticker,
        title="What?",
        sub_title="When",
        mutually_exclusive=exclusive,
    )
    return Arrival(Series(ticker=made.series_ticker, title="S", category="C"), event, made)
