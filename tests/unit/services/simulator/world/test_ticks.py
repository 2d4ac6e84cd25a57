"""The price level structures allow the prices that the exchange's document says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.units import DOLLAR
from services.simulator.errors import SimulatorError, UnknownStructure
from services.simulator.world.ticks import STRUCTURES, PriceRange, ticks

#: The label, the step below ten cents or one, the step in the middle of the dollar, how many prices there are.
FACTS = [
    ("linear_cent", 100, 100, 99),
    ("deci_cent", 10, 10, 999),
    ("tapered_deci_cent", 10, 100, 279),
    ("center_whole_edge_half_cent", 50, 100, 119),
    ("center_whole_edge_quint_cent", 20, 100, 179),
    ("center_half_edge_half_cent", 50, 50, 199),
    ("center_half_edge_quint_cent", 20, 50, 259),
    ("center_half_edge_deci_cent", 10, 50, 359),
    ("center_quint_edge_quint_cent", 20, 20, 499),
    ("center_quint_edge_deci_cent", 10, 20, 599),
    ("center_centi_edge_centi_cent", 1, 1, 9_999),
    ("center_deci_edge_centi_cent", 1, 10, 1_179),
    ("banded_centi_cent", 1, 1, 9_999),
]


def test_all_labels_are_known() -> None:
    """The labels are those of the exchange's schema; it has an empty one too, for a market whose grid is unknown."""
    assert {label for label, *_ in FACTS} == set(STRUCTURES)


@pytest.mark.parametrize(("label", "edge", "centre", "prices"), FACTS)
def test_steps(label: str, edge: int, centre: int, prices: int) -> None:
    """Edges, centre and number of prices are as documented."""
    grid = ticks(label)
    middle = grid.position(DOLLAR // 2)
    assert grid.prices[0] == grid.prices[1] - grid.prices[0] == grid.prices[-1] - grid.prices[-2] == edge
    assert grid.prices[middle + 1] - grid.prices[middle] == centre
    assert len(grid.prices) == prices


@pytest.mark.parametrize("label", STRUCTURES)
def test_grids_are_symmetric_and_hold_whole_cents(label: str) -> None:
    """A price is allowed exactly if its complement is, and every whole cent is."""
    prices = ticks(label).prices
    assert prices == tuple(DOLLAR - price for price in reversed(prices))
    assert set(range(100, DOLLAR, 100)) <= set(prices)


@pytest.mark.parametrize("label", STRUCTURES)
def test_ranges_tell_the_prices(label: str) -> None:
    """The ranges follow each other from nothing to a dollar, and what they tell are the prices."""
    grid = ticks(label)
    assert (grid.ranges[0].start, grid.ranges[-1].end) == (0, DOLLAR)
    assert [band.end for band in grid.ranges[:-1]] == [band.start for band in grid.ranges[1:]]
    told = {price for band in grid.ranges for price in range(band.start, band.end, band.step)} - {0}
    assert grid.prices == tuple(sorted(told))


def test_ranges_have_the_exchanges_form() -> None:
    """Three bands where centre and edges differ, and one where they do not."""
    assert ticks("deci_cent").ranges == (PriceRange(0, 10_000, 10),)
    assert ticks("center_deci_edge_centi_cent").ranges == (
        PriceRange(0, 100, 1),
        PriceRange(100, 9_900, 10),
        PriceRange(9_900, 10_000, 1),
    )


@given(st.sampled_from(STRUCTURES), st.integers(0, DOLLAR))
def test_position_is_of_the_price_or_the_next_lower(label: str, price: int) -> None:
    """The allowed price at the position is not above, the next one is; below the lowest it is the lowest."""
    grid = ticks(label)
    position = grid.position(price)
    assert position == 0 or grid.prices[position] <= price
    assert position == len(grid.prices) - 1 or price < grid.prices[position + 1]


def test_an_unknown_label_is_refused() -> None:
    """A label that is no structure raises the simulator's error, which tells it."""
    with pytest.raises(UnknownStructure, match="'half_cent'") as caught:
        ticks("half_cent")
    assert caught.value.label == "half_cent"
    assert isinstance(caught.value, SimulatorError)


def test_structures_are_made_once() -> None:
    """Every market of a structure shares its grid."""
    assert ticks("deci_cent") is ticks("deci_cent")
