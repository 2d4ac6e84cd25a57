"""Which market is next: a few are busy, most are quiet, all of them move now and then."""

from bisect import bisect_right
from collections.abc import Hashable
from itertools import accumulate
from math import frexp, sqrt
from typing import Generic, TypeVar

from proto.units import CONTRACT

T = TypeVar("T", bound=Hashable)


def weight_of(volume_24h: int) -> float:
    """Return how often a market moves, of what was traded in 1/100 contract: the root of the contracts, at least 1."""
    return 1 + sqrt(volume_24h / CONTRACT)


class Activity(Generic[T]):
    """Chooses among items by weight.

    A weight is rounded down to a power of two, and items of one power share a list. All that takes time is finding the
    power, of which there are few, so adding, removing and choosing are cheap however many items there are.
    """

    def __init__(self) -> None:
        self._items: dict[int, list[T]] = {}
        self._places: dict[T, tuple[int, int]] = {}
        self._powers: list[int] = []
        self._bounds: list[float] = []

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, item: T) -> bool:
        return item in self._places

    def add(self, item: T, weight: float) -> None:
        """Let an item be chosen, or change its weight, which is positive."""
        self.remove(item)
        power = frexp(weight)[1] - 1
        items = self._items.setdefault(power, [])
        self._places[item] = (power, len(items))
        items.append(item)
        self._weigh()

    def remove(self, item: T) -> None:
        """Let an item no longer be chosen, if it was."""
        power, index = self._places.pop(item, (0, -1))
        if index < 0:
            return
        items = self._items[power]
        last = items.pop()
        if index < len(items):
            items[index] = last
            self._places[last] = (power, index)
        if not items:
            del self._items[power]
        self._weigh()

    def choose(self, uniform: float) -> T:
        """Return an item; raises IndexError if there is none."""
        bounds = self._bounds
        weight = uniform * bounds[-1]
        found = bisect_right(bounds, weight)
        items = self._items[self._powers[found]]
        # How far into its power the number fell decides which item it is.
        start = bounds[found - 1] if found else 0.0
        return items[int((weight - start) / (bounds[found] - start) * len(items))]

    def _weigh(self) -> None:
        self._powers = list(self._items)
        self._bounds = list(accumulate(len(items) * 2.0**power for power, items in self._items.items()))
