"""Measuring a recording."""

from random import Random

import pytest

from services.simulator.flow.compare import rows, table
from services.simulator.flow.shape import POINTS, Shape, fit
from services.simulator.flow.survey import Move, Single, Survey
from services.simulator.replay.capture import Step, parse
from services.simulator.world.ticks import ticks
from tests.unit.services.simulator.flow.harness import DATA, SHAPE, crowded, seeded

CENTS = ticks("linear_cent")


def _survey() -> Survey:
    seen = Survey(CENTS)
    seen.load(((4800, 300), (4500, 100)), ((5000, 200),))
    return seen


def test_cancel_and_add_of_one_moment_are_a_move() -> None:
    """One side, one time, one size, two prices: one order that moved, seen from the best before."""
    seen = _survey()
    seen.change(1.0, "yes", 4500, -100)
    seen.change(1.0, "yes", 4900, 100)
    seen.end()
    assert seen.moves == [Move(distance=3, step=4, quantity=100)]
    assert seen.singles == []
    assert seen.book.ladder("yes") == ((4900, 100), (4800, 300))


def test_other_pairs_are_no_moves() -> None:
    """Another time, another size or the other side make two orders of it."""
    seen = _survey()
    seen.change(1.0, "yes", 4500, -50)
    seen.change(2.0, "yes", 4600, 50)
    seen.change(2.0, "yes", 4800, -100)
    seen.change(2.0, "no", 4900, 100)
    seen.change(2.0, "no", 5000, -200)
    seen.change(2.0, "no", 4800, 70)
    seen.end()
    assert seen.moves == []
    assert [single.distance for single in seen.singles] == [3, 2, 0, 1, 0, 1]
    assert seen.action_gaps == [1.0, 0, 0, 0, 0]


def test_add_above_the_best_has_a_negative_distance() -> None:
    """Who improves the price is less than nothing away from it; without a best there is no distance."""
    seen = Survey(CENTS)
    seen.change(0.0, "yes", 4000, 10)
    seen.change(0.0, "yes", 4300, 10)
    assert [single.distance for single in seen.deltas] == [None, -3]
    assert seen.deltas[1] == Single(-3, 10)


def _capture() -> tuple[Step, ...]:
    name = "kxbtc15m-2026-05-14.jsonl"
    return parse(name, (DATA / name).read_bytes()).steps


def test_fit_measures_the_recording() -> None:
    """The numbers of a recording that can be counted by hand."""
    shape = fit(_capture(), ticks("tapered_deci_cent"))
    assert 0.4 < shape.moves < 0.6
    assert 0 < shape.takes < shape.adds < 0.3
    assert max(shape.levels) == 119
    assert {7500, 40_000, 200} <= set(shape.move_sizes)
    assert sum(shape.gaps) / POINTS == pytest.approx(1)


def test_default_shape_is_whole() -> None:
    """Every table of the shape that is delivered has all its entries, and its shares leave room for cancels."""
    tables = [value for value in map(SHAPE.__getattribute__, Shape.__struct_fields__) if isinstance(value, tuple)]
    assert [len(entries) for entries in tables] == [POINTS] * 11
    assert 0.5 < SHAPE.moves + SHAPE.adds + SHAPE.takes < 0.8
    assert all(size > 0 and size % 100 == 0 for size in (*SHAPE.order_sizes, *SHAPE.move_sizes, *SHAPE.take_sizes))


def test_comparison_is_a_table() -> None:
    """Both streams have every row, one column each."""
    random = Random(1)
    market = seeded(random)
    seen = Survey(market.ticks)
    seen.load(market.book.ladder("yes"), market.book.ladder("no"))
    flow, at = crowded(random, market), 0.0
    while len(seen.deltas) < 200:
        at = max(at, flow.next_at())
        action = flow.next(at)
        assert action
        for change in action.changes:
            market.book.apply(*change)
            seen.change(at, *change)
        flow.spent(1)
    lines = table([("one", seen), ("two", seen)]).splitlines()
    assert lines[0] == "| | one | two |"
    assert len(lines) == 2 + len(rows(seen))
    assert all(cells[2] == cells[3] for cells in (line.split("|") for line in lines[2:]))
