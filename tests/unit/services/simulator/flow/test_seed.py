"""The book that a market starts with."""

from random import Random

import pytest

from services.simulator.flow.seed import seed_book
from services.simulator.world.listing import Opening
from services.simulator.world.ticks import STRUCTURES, ticks
from tests.unit.services.simulator.flow.harness import MIDDLE, SHAPE


@pytest.mark.parametrize("structure", STRUCTURES)
def test_best_levels_are_the_recorded_ones(structure: str) -> None:
    """Whatever is made up below, the quote is the opening's, and everything is on the grid, best first."""
    grid = ticks(structure)
    for seed in range(10):
        ladders = seed_book(MIDDLE, grid, SHAPE, Random(seed).random)
        assert [ladder[0] for ladder in ladders] == [(4800, 20_000), (5000, 15_000)]
        for ladder in ladders:
            prices = [price for price, _ in ladder]
            assert prices == sorted(set(prices), reverse=True)
            assert set(prices) <= set(grid.prices)
            assert all(quantity > 0 for _, quantity in ladder)


def test_sides_without_a_quote_are_empty() -> None:
    """One-sided and empty markets stay so."""
    grid, uniform = ticks("linear_cent"), Random(1).random
    assert seed_book(Opening(), grid, SHAPE, uniform) == ((), ())
    yes, no = seed_book(Opening(yes_ask=9900, yes_ask_quantity=700), grid, SHAPE, uniform)
    assert (yes, no) == ((), ((100, 700),))


def test_quote_off_the_grid_is_kept() -> None:
    """Orders from before a finer or coarser grid keep their price; what is made up below is on the grid."""
    yes, _ = seed_book(Opening(yes_bid=4855, yes_bid_quantity=100), ticks("linear_cent"), SHAPE, Random(3).random)
    assert yes[0] == (4855, 100)
    assert all(price % 100 == 0 and price < 4855 for price, _ in yes[1:])


def test_books_differ_in_depth_and_size() -> None:
    """Some ladders are short, some long; some quantities are no whole contracts, and now and then one is a wall."""
    random = Random(7)
    ladders = [seed_book(MIDDLE, ticks("tapered_deci_cent"), SHAPE, random.random)[0] for _ in range(100)]
    quantities = [quantity for ladder in ladders for _, quantity in ladder[1:]]
    assert min(map(len, ladders)) < 5
    assert max(map(len, ladders)) > 40
    assert any(quantity % 100 for quantity in quantities)
    assert 0 < sum(quantity >= 1_500_000_000 for quantity in quantities) < 30
