"""All lines share one budget of dials, and each has its own pauses."""

from itertools import pairwise
from random import Random

import pytest

from services.gateway.budget import DIALS, HARD_PAUSE_S, RETURN_S, WINDOW_S, Budget, Pauses


def test_no_more_than_the_budget_in_any_minute() -> None:
    """However many lines knock, no minute has more dials than the budget, and none is wasted."""
    budget, granted = Budget(), list[float]()
    for tenth in range(3000):
        granted += [tenth / 10 for _ in range(7) if budget.ask(tenth / 10) == 0]
    for first, at in enumerate(granted):
        assert sum(at <= other < at + WINDOW_S for other in granted[first:]) <= DIALS
    assert len(granted) == 5 * DIALS


def test_who_is_told_to_wait_is_then_let_through() -> None:
    """The seconds that are told are enough."""
    budget = Budget(dials=2, window_s=10)
    assert [budget.ask(0.0), budget.ask(4.0)] == [0.0, 0.0]
    assert budget.ask(5.0) == 5.0
    assert budget.ask(10.0) == 0.0
    assert budget.ask(10.0) == 4.0


def test_a_bad_key_is_tried_once_a_minute_by_all_lines_together() -> None:
    """After a refusal that only the operator can end, one of all lines tries again, a minute later."""
    budget, dials = Budget(), list[float]()
    budget.refused(0.0, hard=True)
    for second in range(1, 301):
        for _ in range(8):
            if budget.ask(second) == 0:
                dials.append(second)
                budget.refused(second, hard=True)
    assert dials == [60, 120, 180, 240, 300]


def test_one_tries_for_all() -> None:
    """While one line tries a door that was shut hard the others wait for what it finds."""
    budget = Budget()
    budget.refused(0.0, hard=True)
    assert budget.ask(59.0) == 1.0
    assert budget.ask(60.0) == 0.0
    assert budget.ask(60.0) == HARD_PAUSE_S
    budget.admitted()
    assert budget.ask(60.0) == 0.0


def test_another_refusal_is_not_hard() -> None:
    """When the exchange is only away the lines go by their own pauses again."""
    budget = Budget()
    budget.refused(0.0, hard=True)
    assert budget.ask(60.0) == 0.0
    budget.refused(60.1, hard=False)
    assert budget.ask(60.1) == 0.0


def test_pauses_grow_from_a_second_to_a_minute() -> None:
    """The bound doubles up to a minute, and a connection that held starts it anew."""
    pauses = Pauses(lambda: 1.0)
    assert [pauses.next() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    pauses.settled()
    assert pauses.next() == 1


def test_jitter_is_full() -> None:
    """Any part of the bound may be waited, and lines do not wait the same."""
    random = Random(1)
    pauses = [[line.next() for _ in range(20)][-1] for line in (Pauses(random.random) for _ in range(200))]
    assert min(pauses) < 3
    assert max(pauses) > 57
    assert all(one != other for one, other in pairwise(pauses))


@pytest.mark.parametrize("draw", [0.01, 0.5, 0.99])
def test_soon_back_after_the_maintenance(draw: float) -> None:
    """No pause reaches further than a few seconds behind the end of the maintenance, and then they are short again."""
    pauses = Pauses(lambda: draw)
    left_s = 7200.0
    while left_s > 0:
        left_s -= pauses.next(left_s)
    assert left_s >= -RETURN_S
    assert pauses.next() <= 1.0
