"""At which prices a market may be traded: the exchange's price level structures.

A structure has a step in the centre and one at the edges, which reach from both ends of the dollar equally far, so a
price is allowed exactly if its complement is: a bid for no is always a possible ask for yes.
"""

from bisect import bisect_right
from functools import cache
from typing import NamedTuple

import msgspec

from proto.units import DOLLAR
from services.simulator.errors import UnknownStructure

_CENT = 100


class _Steps(NamedTuple):
    centre: int
    edge: int
    edge_width: int = 10 * _CENT


_STEPS = {
    "linear_cent": _Steps(100, 100),
    "deci_cent": _Steps(10, 10),
    "tapered_deci_cent": _Steps(100, 10),
    "center_whole_edge_half_cent": _Steps(100, 50),
    "center_whole_edge_quint_cent": _Steps(100, 20),
    "center_half_edge_half_cent": _Steps(50, 50),
    "center_half_edge_quint_cent": _Steps(50, 20),
    "center_half_edge_deci_cent": _Steps(50, 10),
    "center_quint_edge_quint_cent": _Steps(20, 20),
    "center_quint_edge_deci_cent": _Steps(20, 10),
    "center_centi_edge_centi_cent": _Steps(1, 1),
    "center_deci_edge_centi_cent": _Steps(10, 1, _CENT),
    # In the exchange's schema without a word about its bands: taken for the finest.
    "banded_centi_cent": _Steps(1, 1),
}

#: The labels of all structures.
STRUCTURES: tuple[str, ...] = tuple(_STEPS)


class PriceRange(msgspec.Struct, frozen=True):
    """Prices from `start` to `end`, `step` apart, in 1/10 000 dollar."""

    start: int
    end: int
    step: int


class Ticks:
    """One structure; `prices` are all allowed ones between nothing and a dollar, ascending."""

    def __init__(self, label: str, ranges: tuple[PriceRange, ...]) -> None:
        self.label = label
        self.ranges = ranges
        self.prices = tuple(price for band in ranges for price in range(band.start or band.step, band.end, band.step))

    def position(self, price: int) -> int:
        """Return the index of the price, or of the nearest allowed one below it; 0 if there is none below."""
        return max(bisect_right(self.prices, price) - 1, 0)


@cache
def ticks(label: str) -> Ticks:
    """Return the structure of that name; raises UnknownStructure."""
    steps = _STEPS.get(label)
    if steps is None:
        raise UnknownStructure(label)
    return Ticks(label, _ranges(steps))


def _ranges(steps: _Steps) -> tuple[PriceRange, ...]:
    if steps.centre == steps.edge:
        return (PriceRange(0, DOLLAR, steps.centre),)
    low, high = steps.edge_width, DOLLAR - steps.edge_width
    return PriceRange(0, low, steps.edge), PriceRange(low, high, steps.centre), PriceRange(high, DOLLAR, steps.edge)
