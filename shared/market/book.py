"""One market's book: two ladders of bids with the best two levels always at hand.

A dict from price to quantity per side. The best two prices are kept while levels are added and looked for again
only after one of them has left, which costs one pass over the side and happens rarely. A list indexed by price is
faster still, but takes 80 kB a side: too much for thousands of markets.
"""

from heapq import nlargest

from proto.units import Ladder, Side

_NONE = -1


class BookError(Exception):
    """Base of what can be wrong with a change to a book."""


class NegativeLevel(BookError):
    """A change took more from a level than rested there: something before it was lost."""

    def __init__(self, side: Side, price: int, quantity: int) -> None:
        super().__init__(side, price, quantity)
        self.side = side
        self.price = price
        self.quantity = quantity

    def __str__(self) -> str:
        return f"{self.side} level at {self.price} would hold {self.quantity}"


class BookSide:
    """The bids for one outcome; `levels` maps price to resting quantity, which is never 0."""

    __slots__ = ("_best", "_known", "_second", "levels", "quantity")

    def __init__(self) -> None:
        self.load(())

    def load(self, ladder: Ladder) -> None:
        """Replace all levels."""
        self.levels = dict(ladder)
        self.quantity = sum(self.levels.values())
        self._known = False
        self._best = self._second = _NONE

    def apply(self, price: int, delta: int) -> int:
        """Change one level and return what rests there now; negative means nothing was changed."""
        levels = self.levels
        quantity = levels.get(price, 0) + delta
        if quantity > 0:
            levels[price] = quantity
            if price > self._second and price != self._best:
                self._entered(price)
        elif quantity == 0:
            levels.pop(price, None)
            if price >= self._second:
                self._known = False
        else:
            return quantity
        self.quantity += delta
        return quantity

    def best_two(self) -> tuple[int | None, int | None]:
        """Return the prices of the best and second-best level, None where there is none."""
        if not self._known:
            best, second, *_ = (*nlargest(2, self.levels), _NONE, _NONE)
            self._best, self._second, self._known = best, second, True
        return (
            self._best if self._best != _NONE else None,
            self._second if self._second != _NONE else None,
        )

    def ladder(self, depth: int = 0) -> Ladder:
        """Return the levels best first; depth 0 means all of them."""
        ordered = sorted(self.levels.items(), reverse=True)
        return tuple(ordered[:depth] if depth else ordered)

    def _entered(self, price: int) -> None:
        # While the best two are unknown they are looked for on demand, so there is nothing to keep.
        if price > self._best:
            self._best, self._second = price, self._best
        else:
            self._second = price


class Book:
    """Both sides of one market."""

    __slots__ = ("no", "yes")

    def __init__(self) -> None:
        self.yes = BookSide()
        self.no = BookSide()

    def side(self, side: Side) -> BookSide:
        """Return the named side."""
        return self.yes if side == "yes" else self.no

    def load(self, yes: Ladder, no: Ladder) -> None:
        """Replace both sides."""
        self.yes.load(yes)
        self.no.load(no)

    def apply(self, side: Side, price: int, delta: int) -> None:
        """Change one level; raises NegativeLevel, and changes nothing, if less than nothing would rest there."""
        quantity = (self.yes if side == "yes" else self.no).apply(price, delta)
        if quantity < 0:
            raise NegativeLevel(side, price, quantity)

    def ladder(self, side: Side, depth: int = 0) -> Ladder:
        """Return one side's levels best first; depth 0 means all of them."""
        return self.side(side).ladder(depth)
