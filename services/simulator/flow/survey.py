"""Takes a stream of deltas apart: who came when, did what, how far from the best.

A cancel and an add of one side, one right after the other with one time, one size and different prices, are one move.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from proto.units import DOLLAR, Ladder, Side
from services.simulator.world.ticks import Ticks
from shared.market.book import Book

#: Deltas between two looks at the whole book.
LOOK_EVERY = 50


class Single(NamedTuple):
    """An add or a cancel on its own; `distance` in ticks from the best of its side, None if there was none."""

    distance: int | None
    delta: int


class Move(NamedTuple):
    """A cancel and an add; `step` in ticks from one to the other, towards the best or beyond if positive."""

    distance: int
    step: int
    quantity: int


class _Pending(NamedTuple):
    at: float
    side: Side
    price: int
    delta: int
    distance: int | None


class Survey:
    """What was seen of one market; call `end` when the stream is over."""

    def __init__(self, ticks: Ticks) -> None:
        self.book = Book()
        self.gaps: list[float] = []
        self.action_gaps: list[float] = []
        self.singles: list[Single] = []
        self.moves: list[Move] = []
        self.deltas: list[Single] = []
        self.levels: list[int] = []
        self.resting: list[int] = []
        self.spacings: list[int] = []
        self.spreads: list[int] = []
        self.bests: list[int] = []
        self.quantities: list[int] = []
        self._ticks = ticks
        self._changes = 0
        self._at: float | None = None
        self._action_at: float | None = None
        self._pending: _Pending | None = None

    def load(self, yes: Ladder, no: Ladder) -> None:
        """Start from a snapshot."""
        self.book.load(yes, no)
        self._look()

    def change(self, at: float, side: Side, price: int, delta: int) -> None:
        """Note a delta and apply it; raises NegativeLevel."""
        best = self.book.side(side).best_two()[0]
        position = self._ticks.position
        distance = None if best is None else position(best) - position(price)
        if self._at is not None:
            self.gaps.append(at - self._at)
        self._at = at
        self.deltas.append(Single(distance, delta))
        self._classify(_Pending(at, side, price, delta, distance))
        self.book.apply(side, price, delta)
        self._changes += 1
        if self._changes % LOOK_EVERY == 0:
            self._look()

    def end(self) -> None:
        """Close the stream."""
        self._settle()

    def _classify(self, new: _Pending) -> None:
        old = self._pending
        if old is not None and old.distance is not None and _is_move(old, new):
            position = self._ticks.position
            self.moves.append(Move(old.distance, position(new.price) - position(old.price), -old.delta))
            self._pending = None
            return
        self._settle()
        if self._action_at is not None:
            self.action_gaps.append(new.at - self._action_at)
        self._action_at = new.at
        self._pending = new

    def _settle(self) -> None:
        if self._pending is not None:
            self.singles.append(Single(self._pending.distance, self._pending.delta))
            self._pending = None

    def _look(self) -> None:
        yes, no = self.book.yes, self.book.no
        for bids in (yes, no):
            self.levels.append(len(bids.levels))
            self.quantities.append(bids.quantity)
            self.resting.extend(bids.levels.values())
            self.spacings.extend(_spacings([self._ticks.position(price) for price in bids.levels]))
        yes_best, no_best = yes.best_two()[0], no.best_two()[0]
        if yes_best is not None and no_best is not None:
            self.bests.append(yes_best)
            self.spreads.append(self._ticks.position(DOLLAR - no_best) - self._ticks.position(yes_best))


def _is_move(old: _Pending, new: _Pending) -> bool:
    same_side = old.at == new.at and old.side == new.side and old.price != new.price
    return same_side and old.delta < 0 and new.delta == -old.delta


def _spacings(positions: Iterable[int]) -> list[int]:
    ordered = sorted(positions)
    return [higher - lower for lower, higher in pairwise(ordered)]
