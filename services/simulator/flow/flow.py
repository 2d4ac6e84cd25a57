"""When something happens, and on which market."""

from collections.abc import Callable, Hashable
from math import inf
from typing import Generic, NamedTuple, Protocol, TypeVar

from services.simulator.flow.activity import Activity
from services.simulator.flow.crowd import Crowd
from services.simulator.flow.orders import Change, Print
from services.simulator.flow.place import Place
from services.simulator.flow.shape import POINTS, Shape
from services.simulator.world.ticks import Ticks
from shared.market.book import Book

#: Lost time beyond this is not made up for.
LATE_S = 1.0
#: Markets on which something is tried before the moment passes: on a few nothing may be possible.
_TRIES = 8


class Tradable(Hashable, Protocol):
    """What the crowd needs to know of a market."""

    @property
    def book(self) -> Book:
        """Its book as it is now."""

    @property
    def ticks(self) -> Ticks:
        """The prices that it may have."""


M = TypeVar("M", bound=Tradable)


class Action(NamedTuple, Generic[M]):
    """What one order does to one market: all changes have one time."""

    market: M
    changes: tuple[Change, ...]
    prints: tuple[Print, ...]


class Flow(Generic[M]):
    """Actions in time, about `rate` messages a second; 0 means none.

    Whoever asks for the next action applies it, then says how many messages it was worth. Actions at the very moment
    of the one before belong to the same market: bursts are of one market.
    """

    def __init__(self, uniform: Callable[[], float], shape: Shape, *, rate: float) -> None:
        self.skipped_s = 0.0
        self._uniform = uniform
        self._gaps = shape.gaps
        self._rate = rate
        self._crowd = Crowd(uniform, shape)
        self._activity: Activity[M] = Activity()
        self._places: dict[M, Place] = {}
        self._last: M | None = None
        self._stays = False
        self._due = inf

    def add(self, market: M, weight: float) -> None:
        """Let a market move; how it looks now is what its book will keep to."""
        if not self._places and self._rate > 0:
            # At once: the clock is not known before it is told.
            self._due = -inf
        self._places[market] = self._crowd.place(market.book, market.ticks)
        self._activity.add(market, weight)

    def remove(self, market: M) -> None:
        """Let a market rest, if it moved."""
        self._places.pop(market, None)
        self._activity.remove(market)
        if not self._places:
            self._due = inf

    def next_at(self) -> float:
        """Return when the next action is due; infinity means never."""
        return self._due

    def next(self, at: float) -> Action[M] | None:
        """Return an action that is due, or None; `spent` is called after each."""
        due = self._due
        if due > at:
            return None
        if at - due > LATE_S:
            # The first action of all is not late.
            self.skipped_s += at - due if due > -inf else 0.0
            self._due = at
        for _ in range(_TRIES):
            market = self._choose()
            changes, prints = self._crowd.act(self._places[market])
            if changes:
                return Action(market, changes, prints)
            self._stays = False
        self.spent(1)
        return None

    def spent(self, messages: int) -> None:
        """Tell how many messages the last action was worth, which decides when the next one is due."""
        gap = self._gaps[int(self._uniform() * POINTS)]
        self._stays = not gap
        self._due += gap * (messages or 1) / self._rate

    def _choose(self) -> M:
        last = self._last
        if self._stays and last in self._places:
            return last
        self._last = chosen = self._activity.choose(self._uniform())
        return chosen
