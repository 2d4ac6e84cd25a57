"""What happens on one market: what somebody of the crowd does to its book next.

Distances, steps and sizes are drawn from the shape. Two forces, each stronger the farther things are off, keep a book
like it was at first, for hours: how full a side is turns adds into cancels and cancels into adds, and how many levels
it has decides whether orders gather or spread. A third one pulls the spread, and a weak one the price, which otherwise
wanders with a drift that changes now and then.
"""

from collections.abc import Callable
from itertools import islice
from statistics import median

from proto.units import CONTRACT, DOLLAR, Side
from services.simulator.flow.orders import Change, OrderRefused, Sweep, cancel, limit, move, take
from services.simulator.flow.shape import POINTS, Shape
from services.simulator.world.ticks import Ticks
from shared.market.book import Book, BookSide

#: How often, and how far at most, the drift of a price changes; of the drift 0.5 is never against it.
_TURN = 1 / 400
_DRIFT = 0.1
#: The pull on the price and on the spread, per tick.
_HOMEWARD = 0.004
_TIGHTEN = 0.3
#: How strongly the number of levels is kept.
_GATHER = 3
_MODEST = 5
_ANY = 1 << 62
#: How far from a drawn price another one is tried.
_REACH = 3
#: Levels of more than so many usual ones are walls, which nobody cancels as a whole and which do not count as full.
_WALL = 20
#: How seldom somebody bids for an outcome that had no bids at first.
_SHY = 0.05
_NOTHING = Sweep((), ())


class Place:
    """One market as the crowd remembers it: what its book was like, and where its price comes from and goes to."""

    __slots__ = ("drift", "home", "index", "middle", "no", "scale", "spread", "ticks", "top", "up", "yes")

    def __init__(self, book: Book, ticks: Ticks, index: dict[int, int], *, usual: int, spread: int) -> None:
        resting = [*book.yes.levels.values(), *book.no.levels.values()]
        typical = int(median(resting)) if resting else usual
        self.ticks = ticks
        self.index = index
        self.top = len(ticks.prices) - 1
        self.scale = max(typical // usual, 1)
        self.yes = _Side(book.yes, typical * _WALL)
        self.no = _Side(book.no, typical * _WALL)
        low, high = self._quote(book)
        self.spread = max(high - low, spread)
        self.home = self.middle = (low + high) / 2
        self.drift = 0.0
        self.up = 0.5

    def _quote(self, book: Book) -> tuple[int, int]:
        yes, no = book.yes.best_two()[0], book.no.best_two()[0]
        low = None if yes is None else self.ticks.position(yes)
        high = None if no is None else self.ticks.position(DOLLAR - no)
        if low is None:
            return (self.top // 2, self.top // 2) if high is None else (high, high)
        return low, low if high is None else high


class _Side:
    __slots__ = ("levels", "quantity", "wall", "walls")

    def __init__(self, bids: BookSide, wall: int) -> None:
        usual = [quantity for quantity in bids.levels.values() if quantity <= wall]
        self.levels = len(bids.levels)
        self.quantity = max(sum(usual), 1)
        self.walls = bids.quantity - sum(usual)
        self.wall = wall


class Crowd:
    """Does what the shape says, by chance."""

    def __init__(self, uniform: Callable[[], float], shape: Shape) -> None:
        self._uniform = uniform
        self._shape = shape
        #: Positions by price, looked up many times for each action.
        self._indexes: dict[Ticks, dict[int, int]] = {}
        self._usual = max(shape.resting[POINTS // 2], CONTRACT)
        self._moves = shape.moves
        self._adds = self._moves + shape.adds
        self._takes = self._adds + shape.takes

    def place(self, book: Book, ticks: Ticks) -> Place:
        """Return what to remember of a market that begins to move."""
        index = self._indexes.setdefault(ticks, {})
        if not index:
            index.update((price, position) for position, price in enumerate(ticks.prices))
        return Place(book, ticks, index, usual=self._usual, spread=self._shape.spread)

    def act(self, book: Book, place: Place) -> Sweep:
        """Return what happens next; nothing only if nothing can."""
        kind = self._uniform()
        up = self._up(place)
        try:
            if kind < self._moves:
                return Sweep(self._move(book, place, up), ())
            if kind < self._adds:
                return Sweep((self._add(book, place, up),), ())
            if kind < self._takes:
                return self._take(book, place, up)
            return Sweep((self._cancel(book, place, up),), ())
        except OrderRefused:
            return _NOTHING

    def _up(self, place: Place) -> float:
        """Return how probable it is that what could move the price moves it up."""
        if self._uniform() < _TURN:
            place.drift = (2 * self._uniform() - 1) * _DRIFT
        up = 0.5 + place.drift + (place.home - place.middle) * _HOMEWARD
        place.up = up = 0.1 if up < 0.1 else 0.9 if up > 0.9 else up
        return up

    def _add(self, book: Book, place: Place, up: float) -> Change:
        distance = self._drawn(self._shape.add_distances)
        side = self._side(book, place, up if distance < 0 else 0.5)
        if self._uniform() < _fullness(book, place, side) - 1:
            return self._leave(book, place, side, max(distance, 0))
        return self._join(book, place, side, distance)

    def _cancel(self, book: Book, place: Place, up: float) -> Change:
        distance = self._drawn(self._shape.cancel_distances)
        side = self._side(book, place, 0.5 if distance else 1 - up)
        if self._uniform() < 1 - _fullness(book, place, side):
            return self._join(book, place, side, distance)
        return self._leave(book, place, side, distance)

    def _take(self, book: Book, place: Place, up: float) -> Sweep:
        taker: Side = "yes" if self._uniform() < up else "no"
        swept = take(book, taker, self._size(self._shape.take_sizes, place, self._shape.fractional))
        if swept.changes:
            return swept
        return Sweep((self._add(book, place, up),), ())

    def _move(self, book: Book, place: Place, up: float) -> tuple[Change, ...]:
        drawn = int(self._uniform() * POINTS)
        step = self._shape.move_steps[drawn]
        side = self._side(book, place, up if step > 0 else 1 - up)
        bids, was, best, ceiling = _look(book, place, side)
        if best is None:
            return (self._join(book, place, side, 0),)
        size = self._size(self._shape.move_sizes, place)
        price = self._level(bids, was, place.ticks.prices, best - self._shape.move_distances[drawn], size)
        quantity = min(size, bids.levels[price])
        start = place.index.get(price, best)
        end = start + step
        end = ceiling if end > ceiling else 0 if end < 0 else end
        if end == start:
            return (cancel(book, side, price, quantity),)
        return move(book, place.ticks, side, price=price, to=place.ticks.prices[end], quantity=quantity)

    def _join(self, book: Book, place: Place, side: Side, distance: int) -> Change:
        bids, was, best, ceiling = _look(book, place, side)
        if best is None:
            middle = place.middle if side == "yes" else place.top - place.middle
            position = int(middle) - place.spread // 2
        else:
            position = best - distance
            wide = ceiling - best + 1 - place.spread
            if wide > 0 and self._uniform() < wide * _TIGHTEN * (place.up if side == "yes" else 1 - place.up):
                position = best + 1 + int(self._uniform() * wide)
        position = min(max(position, 0), ceiling)
        price = self._near(bids, was, place.ticks.prices, position) if best is not None and position < best else place.ticks.prices[position]
        size = self._size(self._shape.order_sizes, place, self._shape.fractional)
        if self._uniform() < _MODEST * (_fullness(book, place, side) - 1):
            size = min(size, self._size(self._shape.order_sizes, place))
        return limit(book, place.ticks, side, price, size)

    def _leave(self, book: Book, place: Place, side: Side, distance: int) -> Change:
        bids, was, best, _ = _look(book, place, side)
        if best is None:
            return self._join(book, place, side, 0)
        size = self._size(self._shape.order_sizes, place)
        price = self._level(bids, was, place.ticks.prices, best - distance, size)
        return cancel(book, side, price, size)

    def _side(self, book: Book, place: Place, yes: float) -> Side:
        side: Side = "yes" if self._uniform() < yes else "no"
        if place.yes.levels and place.no.levels:
            return side
        other: Side = "no" if side == "yes" else "yes"
        shy = not _was(place, side).levels and not book.side(side).levels and _was(place, other).levels
        return other if shy and self._uniform() >= _SHY else side

    def _level(self, bids: BookSide, was: _Side, prices: tuple[int, ...], position: int, size: int) -> int:
        """Return the price of a level near that position that can spare so much, else of one near it, else of any.

        If there are many levels it may be one that is emptied, if there are few one that stays.
        """
        levels = bids.levels
        position = max(position, 0)
        crowd = _GATHER * (len(levels) / max(was.levels, 1) - 1)
        kept = self._uniform()
        low, high = (1, size) if kept < crowd else (size + (kept < -crowd), _ANY)
        price = prices[position]
        found = price if price in levels else 0
        if found and low <= levels[found] <= high:
            return found
        for near in prices[max(position - _REACH, 0) : position + _REACH + 1]:
            if near in levels:
                if low <= levels[near] <= high:
                    return near
                found = found or near
        return found or next(islice(levels, int(self._uniform() * len(levels)), None))

    def _near(self, bids: BookSide, was: _Side, prices: tuple[int, ...], position: int) -> int:
        """Return the price at that position, or one nearby that has a level if there are many, none if there are few."""
        levels = bids.levels
        price = prices[position]
        taken = price in levels
        crowded = len(levels) / max(was.levels, 1)
        if self._uniform() < _GATHER * (1 - crowded if taken else crowded - 1):
            for near in reversed(prices[max(position - _REACH, 0) : position]):
                if (near in levels) != taken:
                    return near
            if taken:
                return prices[int(self._uniform() * position)]
        return price

    def _size(self, table: tuple[int, ...], place: Place, fractional: float = 0.0) -> int:
        size = max(table[int(self._uniform() * POINTS)] * place.scale, CONTRACT)
        return size - int(self._uniform() * CONTRACT) if self._uniform() < fractional else size

    def _drawn(self, table: tuple[int, ...]) -> int:
        return table[int(self._uniform() * POINTS)]


def _was(place: Place, side: Side) -> _Side:
    return place.yes if side == "yes" else place.no


def _fullness(book: Book, place: Place, side: Side) -> float:
    """Return how much rests on a side compared to how much once did."""
    was = place.yes if side == "yes" else place.no
    bids = book.yes if side == "yes" else book.no
    return (bids.quantity - was.walls) / was.quantity


def _look(book: Book, place: Place, side: Side) -> tuple[BookSide, _Side, int | None, int]:
    """Return a side, what it was, and the positions of its best bid and of the highest that would not trade."""
    if side == "yes":
        bids, opposite, was = book.yes, book.no, place.yes
    else:
        bids, opposite, was = book.no, book.yes, place.no
    bid, _ = bids.best_two()
    against, _ = opposite.best_two()
    best = None if bid is None else place.index.get(bid)
    if best is None and bid is not None:
        best = place.ticks.position(bid)
    if against is None:
        home = place.home if side == "yes" else place.top - place.home
        return bids, was, best, min(int(home) + 1, place.top)
    # A price and its complement are both allowed or both not, so below the best ask there is one position less.
    above = place.index.get(DOLLAR - against)
    ceiling = place.ticks.position(DOLLAR - against - 1) if above is None else above - 1
    if best is not None:
        middle = (best + ceiling + 1) / 2
        place.middle = middle if side == "yes" else place.top - middle
    return bids, was, best, ceiling
