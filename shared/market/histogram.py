"""Plain histograms that a pure core keeps and its shell exports."""

from bisect import bisect_left
from collections.abc import Iterator
from math import inf

#: Bounds in seconds from ten microseconds to fifty seconds, for whatever takes time.
SECONDS = tuple(step * 10.0**power for power in range(-5, 2) for step in (1.0, 2.5, 5.0))


class Histogram:
    """How many values fell at or below each bound and above the one before it; the last count is of what is larger."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """Yield each bound with the count of all values up to it, at last infinity with all."""
        count = 0
        for bound, here in zip((*self.bounds, inf), self.counts, strict=True):
            count += here
            yield bound, count


class Histograms(dict[tuple[str, str], Histogram]):
    """Histograms by name and one label value, which is empty for one without label."""

    def add(self, name: str, value: float, label: str = "") -> None:
        """Count a value."""
        found = self.get((name, label))
        if found is None:
            found = self[name, label] = Histogram()
        found.add(value)
