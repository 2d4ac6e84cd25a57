"""Latest wins, at most once per interval, and never a lost change."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.market.pace import Pacer

INTERVAL = 1.0
KEYS = ("KXA-1", "KXB-2", "KXC-3.5")
STEPS = st.lists(st.tuples(st.floats(0, 0.7), st.sampled_from(KEYS) | st.none()), max_size=60)


@settings(max_examples=80)
@given(steps=STEPS)
def test_once_per_interval_and_never_lost(steps: list[tuple[float, str | None]]) -> None:
    """However keys are touched and released, none leaves twice within an interval and each touch leaves within one."""
    pacer, now = Pacer(INTERVAL), 1000.0
    released: dict[str, float] = {}
    touched: dict[str, float] = {}
    for pause, key in [*steps, (2 * INTERVAL, None)]:
        now += pause
        if key is not None:
            pacer.touch(key, now)
            touched.setdefault(key, now)
            continue
        for name in pacer.release(now):
            assert now - released.get(name, -INTERVAL) >= INTERVAL
            assert name in touched
            released[name] = now
            del touched[name]
        overdue = {name for name, at in touched.items() if now > max(at, released.get(name, at)) + INTERVAL + 1e-6}
        assert not overdue
    assert not touched


@given(key=st.text(min_size=1, max_size=20), now=st.floats(0, 1e9))
@settings(max_examples=100)
def test_a_first_touch_waits_less_than_an_interval(key: str, now: float) -> None:
    """A key that was never released leaves at its own phase, which comes within the interval."""
    pacer = Pacer(INTERVAL)
    pacer.touch(key, now)
    assert pacer.release(now - 1e-3) == []
    assert pacer.release(now + INTERVAL) == [key]


def test_keys_that_change_together_do_not_leave_together() -> None:
    """A thousand keys touched at once leave spread over the whole interval."""
    pacer = Pacer(INTERVAL)
    for number in range(1000):
        pacer.touch(f"KXA-{number}", 50.0)
    slices = Counter[int]()
    for tenth in range(1, 11):
        slices[tenth] = len(pacer.release(50.0 + tenth / 10))
    assert sum(slices.values()) == 1000
    assert min(slices.values()) > 50
    assert max(slices.values()) < 150


def test_many_changes_leave_once() -> None:
    """Changes before the release are conflated to one."""
    pacer = Pacer(INTERVAL)
    for number in range(10):
        pacer.touch("KXA-1", 5.0 + number / 100)
    assert pacer.release(6.2) == ["KXA-1"]
    assert pacer.release(9.0) == []


def test_order_of_release_is_order_of_time() -> None:
    """What has been due for longest comes first."""
    pacer = Pacer(INTERVAL)
    steps = Pacer(INTERVAL)
    for key in KEYS:
        pacer.touch(key, 0.0)
        steps.touch(key, 0.0)
    one_by_one = [key for step in range(1001) for key in steps.release(step / 1000)]
    assert pacer.release(1.0) == one_by_one
    assert sorted(one_by_one) == sorted(KEYS)


def test_forgotten_keys_do_not_come() -> None:
    """A key that was forgotten is not released, and can be touched anew."""
    pacer = Pacer(INTERVAL)
    pacer.touch("KXA-1", 0.0)
    pacer.forget("KXA-1")
    assert pacer.release(1.0) == []
    pacer.touch("KXA-1", 1.0)
    assert pacer.release(2.0) == ["KXA-1"]


def test_forgotten_keys_start_anew() -> None:
    """After a late release a key waits a whole interval; forgotten, it leaves at its next phase."""
    pacer, other = Pacer(INTERVAL), Pacer(INTERVAL)
    for each in (pacer, other):
        each.touch("KXA-1", 0.0)
        assert each.release(1.9) == ["KXA-1"]
    pacer.forget("KXA-1")
    for each in (pacer, other):
        each.touch("KXA-1", 1.9)
    assert (pacer.release(2.89), other.release(2.89)) == (["KXA-1"], [])


@pytest.mark.parametrize("late", [0.0, 0.015, 0.4])
def test_busy_key_leaves_once_per_interval(late: float) -> None:
    """A key that changes all the time leaves each interval, not more often, and not seldom when the caller is late."""
    pacer, count, now = Pacer(INTERVAL), 0, 0.0
    while now < 100:
        now += 0.02 + late
        pacer.touch("KXA-1", now)
        count += len(pacer.release(now))
    assert 100 / (INTERVAL + 0.02 + late) - 1 <= count <= 101
