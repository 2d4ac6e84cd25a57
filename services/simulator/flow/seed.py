"""The book that a market starts with."""

from collections.abc import Callable
from math import sqrt

from proto.units import CONTRACT, DOLLAR, Ladder, Level
from services.simulator.flow.shape import POINTS, Shape
from services.simulator.world.listing import Opening
from services.simulator.world.ticks import Ticks

#: One level in so many, of those far from the best, holds more than all others together.
_WALL_EVERY = 400
_WALL_DEPTH = 8
_WALL = 1_500_000_000


def seed_book(opening: Opening, ticks: Ticks, shape: Shape, uniform: Callable[[], float]) -> tuple[Ladder, Ladder]:
    """Return ladders for yes and no: the best levels as they were recorded, those below made up."""
    seeder = _Seeder(ticks, shape, uniform)
    no_bid = DOLLAR - opening.yes_ask
    return seeder.ladder(opening.yes_bid, opening.yes_bid_quantity), seeder.ladder(no_bid, opening.yes_ask_quantity)


class _Seeder:
    def __init__(self, ticks: Ticks, shape: Shape, uniform: Callable[[], float]) -> None:
        self._ticks = ticks
        self._shape = shape
        self._uniform = uniform

    def ladder(self, best: int, quantity: int) -> Ladder:
        if best <= 0 or quantity <= 0:
            return ()
        # Where more than usual rests on the best level, there is more below it too.
        typical = self._shape.resting[POINTS // 2]
        scale = min(max(sqrt(quantity / typical), 0.1), 30)
        levels: list[Level] = [(best, quantity)]
        position = self._ticks.position(best)
        for depth in range(1, self._drawn(self._shape.levels)):
            position -= max(self._drawn(self._shape.spacings), 1)
            if position < 0:
                break
            levels.append((self._ticks.prices[position], self._resting(depth, scale)))
        return tuple(levels)

    def _resting(self, depth: int, scale: float) -> int:
        if depth >= _WALL_DEPTH and self._uniform() * _WALL_EVERY < 1:
            return int(_WALL * (1 + self._uniform()))
        quantity = max(int(self._drawn(self._shape.resting) * scale) // CONTRACT, 1) * CONTRACT
        cents = int(self._uniform() * CONTRACT) if self._uniform() < self._shape.fractional else 0
        return quantity - cents

    def _drawn(self, table: tuple[int, ...]) -> int:
        return table[int(self._uniform() * POINTS)]
