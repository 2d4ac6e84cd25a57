"""What happens on one market: what somebody of the crowd does to its book next.

Distances, steps and sizes are drawn from the shape. Two forces, each stronger the farther things are off, keep a book
like it was at first, for hours: how full a side is turns adds into cancels and cancels into adds, and how many levels
it has decides whether orders gather or spread. A third one pulls the spread, and a weak one the price, which otherwise
wanders with a drift that changes now and then.
"""

from collections.abc import Callable
from itertools import islice
from typing import TypeAlias

from proto.units import CONTRACT
from services.simulator.flow.orders import Change, OrderRefused, Print, cancel, limit, move, take
from services.simulator.flow.place import Half, Place
from services.simulator.flow.shape import POINTS, Shape
from services.simulator.world.ticks import Ticks
from shared.market.book import Book

Changes: TypeAlias = tuple[Change, ...]
Deed: TypeAlias = tuple[Changes, tuple[Print, ...]]

#: How often the drift of a price changes, and how far it may then lean from even chances.
_TURN = 1 / 400
_DRIFT = 0.1
#: The pull on the price, on the spread and on the number of levels, per tick or share that it is off.
_HOMEWARD = 0.007
_TIGHTEN = 0.5
_GATHER = 3.0
#: How often a cancel at the best takes as much as it can where the spread is narrow.
_LOOSEN = 0.15
#: How soon adds become smaller on a side that is fuller than it was.
_MODEST = 5.0
#: How far from a drawn price another one is tried.
_REACH = 3
#: How seldom somebody bids for an outcome that had no bids at first.
_SHY = 0.05
_ANY = 1 << 62
_NOTHING: Deed = ((), ())


class Crowd:
    """Does by chance what the shape says. A market keeps its Book, whatever is loaded into it."""

    def __init__(self, uniform: Callable[[], float], shape: Shape) -> None:
        self._uniform = uniform
        self._shape = shape
        self._moves = shape.moves
        self._adds = self._moves + shape.adds
        self._takes = self._adds + shape.takes
        self._usual = max(shape.resting[POINTS // 2], CONTRACT)
        self._indexes: dict[Ticks, dict[int, int]] = {}

    def place(self, book: Book, ticks: Ticks) -> Place:
        """Return what to remember of a market that begins to move."""
        index = self._indexes.get(ticks)
        if index is None:
            index = {price: position for position, price in enumerate(ticks.prices)}
            self._indexes[ticks] = index
        return Place(book, ticks, index, usual=self._usual, spread=self._shape.spread)

    def act(self, place: Place) -> Deed:
        """Return what happens next; nothing if what was meant can not be done."""
        self._lean(place)
        kind = self._uniform()
        try:
            if kind < self._moves:
                return self._move(place), ()
            if kind < self._adds:
                return (self._add(place),), ()
            if kind < self._takes:
                return self._take(place)
            return (self._cancel(place),), ()
        except OrderRefused:
            return _NOTHING

    def _lean(self, place: Place) -> None:
        if self._uniform() < _TURN:
            place.drift = (2 * self._uniform() - 1) * _DRIFT
        up = 0.5 + place.drift + (place.home - place.middle) * _HOMEWARD
        place.up = 0.1 if up < 0.1 else 0.9 if up > 0.9 else up

    def _add(self, place: Place) -> Change:
        distance = self._drawn(self._shape.add_distances)
        half = self._half(place, place.up if distance < 0 else 0.5)
        excess = half.excess()
        if self._uniform() < excess:
            return self._leave(half, distance if distance > 0 else 0)
        return self._join(half, distance, excess)

    def _cancel(self, place: Place) -> Change:
        distance = self._drawn(self._shape.cancel_distances)
        half = self._half(place, 0.5 if distance else 1 - place.up)
        excess = half.excess()
        if self._uniform() < -excess:
            return self._join(half, distance, excess)
        return self._leave(half, distance)

    def _take(self, place: Place) -> Deed:
        taker = place.yes if self._uniform() < place.up else place.no
        size = self._size(self._shape.take_sizes, place)
        if not taker.other.bids.levels:
            return (self._add(place),), ()
        return take(place.book, taker.side, self._broken(size))

    def _move(self, place: Place) -> Changes:
        drawn = int(self._uniform() * POINTS)
        step = self._shape.move_steps[drawn]
        half = self._half(place, place.up if step > 0 else 1 - place.up)
        best, ceiling = half.look()
        if best is None:
            return (self._join(half, 0, -1.0),)
        size = self._size(self._shape.move_sizes, place)
        price = self._level(half, best - self._shape.move_distances[drawn], size)
        start = place.position(price)
        end = start + step
        end = ceiling if end > ceiling else 0 if end < 0 else end
        if end == start:
            return (cancel(place.book, half.side, price, size),)
        return move(place.book, place.ticks, half.side, price=price, to=place.ticks.prices[end], quantity=size)

    def _join(self, half: Half, distance: int, excess: float) -> Change:
        place = half.place
        best, ceiling = half.look()
        if best is None:
            position = min(max(half.middle() - place.spread // 2, 0), ceiling)
        else:
            position = self._bettered(half, best, ceiling, best - distance)
        price = place.ticks.prices[position]
        if best is not None and position < best:
            price = self._near(half, position, price)
        size = self._size(self._shape.order_sizes, place)
        if self._uniform() < _MODEST * excess:
            size = min(size, self._size(self._shape.order_sizes, place))
        size = half.largest if size > half.largest else size
        return limit(place.book, place.ticks, half.side, price, self._broken(size))

    def _bettered(self, half: Half, best: int, ceiling: int, position: int) -> int:
        """Return the position within its bounds, or one above the best if the spread is too wide."""
        wide = ceiling - best + 1 - half.place.spread
        if wide > 0 and self._uniform() < wide * _TIGHTEN * half.up():
            return best + 1 + int(self._uniform() * wide)
        return ceiling if position > ceiling else 0 if position < 0 else position

    def _leave(self, half: Half, distance: int) -> Change:
        place = half.place
        best, ceiling = half.look()
        if best is None:
            return self._join(half, 0, -1.0)
        size = self._size(self._shape.order_sizes, place)
        if not distance and ceiling - best + 1 < place.spread and self._uniform() < _LOOSEN:
            size = half.largest
        return cancel(place.book, half.side, self._level(half, best - distance, size), size)

    def _half(self, place: Place, yes: float) -> Half:
        half = place.yes if self._uniform() < yes else place.no
        if half.levels or half.bids.levels or not half.other.levels or self._uniform() < _SHY:
            return half
        return half.other

    def _level(self, half: Half, position: int, size: int) -> int:
        """Return the price of a level near a position, better one that has so much; without one, of any.

        If there are too many levels better one that is emptied, if there are too few one that stays.
        """
        levels = half.bids.levels
        crowding = _GATHER * half.crowding()
        chance = self._uniform()
        low, high = (1, size) if chance < crowding else (size + 1 if chance < -crowding else size, _ANY)
        position = 0 if position < 0 else position
        prices = half.place.ticks.prices
        resting = levels.get(prices[position], 0)
        if low <= resting <= high:
            return prices[position]
        found = prices[position] if resting else 0
        for near in prices[position - _REACH if position > _REACH else 0 : position + _REACH + 1]:
            resting = levels.get(near, 0)
            if resting:
                if low <= resting <= high:
                    return near
                found = found or near
        return found or next(islice(levels, int(self._uniform() * len(levels)), None))

    def _near(self, half: Half, position: int, price: int) -> int:
        """Return the price, or one below: one that has a level if there are too many, one that has none if too few."""
        levels = half.bids.levels
        taken = price in levels
        crowding = _GATHER * half.crowding()
        if self._uniform() >= (-crowding if taken else crowding):
            return price
        prices = half.place.ticks.prices
        for near in reversed(prices[max(position - _REACH, 0) : position]):
            if (near in levels) is not taken:
                return near
        return prices[int(self._uniform() * position)] if taken else price

    def _size(self, table: tuple[int, ...], place: Place) -> int:
        return (table[int(self._uniform() * POINTS)] or CONTRACT) * place.scale

    def _broken(self, size: int) -> int:
        """Return the size, now and then less than whole contracts."""
        return size - int(self._uniform() * CONTRACT) if self._uniform() < self._shape.fractional else size

    def _drawn(self, table: tuple[int, ...]) -> int:
        return table[int(self._uniform() * POINTS)]
