"""When markets come, change and go: everything in their lives that happens by the clock."""

from collections.abc import Sequence
from heapq import heappop, heappush
from math import inf
from typing import Protocol

from proto.units import SECOND
from services.simulator.life.lifecycle import Lifecycle
from services.simulator.world.listing import Arrival
from services.simulator.world.market import Market, Phase
from services.simulator.world.world import World
from shared.market.clock import Now

#: Steps per turn: each can empty a book, and others want a turn too.
STEPS_PER_TURN = 50


class Arrivals(Protocol):
    """Something that lists new markets from time to time."""

    def due(self, ts: int) -> tuple[Sequence[Arrival], int]:
        """Return what is to be listed by now, and when to ask again; what is listed already does no harm."""


class Calendar:
    """Takes every step when it is due by the wall clock.

    `determine_after_s` passes between the close of a market and its result, then as much as its settlement timer says
    until it is settled, then `keep_s` until it is forgotten. When a market is due follows from the market alone, so an
    entry that no longer agrees with it is void.
    """

    def __init__(
        self, world: World, life: Lifecycle, *, determine_after_s: float = 10.0, keep_s: float = 3600.0
    ) -> None:
        self._world = world
        self._life = life
        self._determine_after = round(determine_after_s * SECOND)
        self._keep = round(keep_s * SECOND)
        self._due: list[tuple[int, int, Market | Arrivals]] = []
        self._pushed = 0
        self._clock: Now | None = None

    def follow(self, market: Market) -> None:
        """Take a market's next step when it is due; to be told again whenever something else has moved that time."""
        self._push(self.due_ts(market), market)

    def expect(self, arrivals: Arrivals) -> None:
        """List what comes."""
        self._push(0, arrivals)

    def due_ts(self, market: Market) -> int:
        """Return when the next step of a market is due, in microseconds since 1970."""
        listing = market.listing
        match market.phase:
            case Phase.INITIALIZED:
                return listing.open_ts
            case Phase.ACTIVE | Phase.INACTIVE:
                return listing.close_ts
            case Phase.CLOSED:
                # A combo waits for its legs.
                return listing.close_ts + self._determine_after * (2 if market.is_combo else 1)
            case Phase.DETERMINED:
                return (market.determined_ts or 0) + listing.settlement_timer_seconds * SECOND
            case Phase.FINALIZED:
                return (market.settled_ts or 0) + self._keep

    def next_at(self) -> float:
        """Return when the first step is due; infinity means never."""
        if not self._due:
            return inf
        if self._clock is None:  # only then the wall clock is known
            return -inf
        return self._clock.at + (self._due[0][0] - self._clock.ts) / SECOND

    def run(self, now: Now) -> None:
        """Take up to STEPS_PER_TURN steps that are due."""
        self._clock = now
        for _ in range(STEPS_PER_TURN):
            if not self._due or self._due[0][0] > now.ts:
                break
            due_ts, _, due = heappop(self._due)
            if not isinstance(due, Market):
                self._list(due, now.ts)
            elif self._world.markets.get(due.ticker) is due and self.due_ts(due) == due_ts:
                self._step(due, now.ts)

    def _list(self, arrivals: Arrivals, ts: int) -> None:
        arrived, again_ts = arrivals.due(ts)
        for arrival in arrived:
            if arrival.listing.ticker not in self._world.markets:
                self.follow(self._life.create(arrival, ts))
        self._push(again_ts, arrivals)

    def _step(self, market: Market, ts: int) -> None:
        match market.phase:
            case Phase.INITIALIZED:
                self._life.open(market, ts)
            case Phase.ACTIVE | Phase.INACTIVE:
                self._life.close(market, ts)
            case Phase.CLOSED:
                self._life.determine(market, ts)
            case Phase.DETERMINED:
                self._life.settle(market, ts)
            case Phase.FINALIZED:
                self._life.forget(market)
                return
        self.follow(market)

    def _push(self, ts: int, due: Market | Arrivals) -> None:
        self._pushed += 1
        heappush(self._due, (ts, self._pushed, due))
