"""What (epoch, seq) says about the next message."""

import pytest

from shared.market.continuity import Verdict, judge_delta, judge_snapshot, judge_stale

HELD = (7, 5)


@pytest.mark.parametrize(
    ("told", "live", "stale"),
    [
        ((6, 99), Verdict.IGNORE, Verdict.IGNORE),
        ((7, 4), Verdict.IGNORE, Verdict.IGNORE),
        ((7, 5), Verdict.IGNORE, Verdict.TAKE),
        ((7, 6), Verdict.IGNORE, Verdict.TAKE),
        ((8, 0), Verdict.TAKE, Verdict.TAKE),
    ],
)
def test_snapshot(told: tuple[int, int], live: Verdict, stale: Verdict) -> None:
    """A snapshot is taken if its epoch is larger, and by a stale book also if it is not older than that."""
    assert judge_snapshot(HELD, told, stale=False) is live
    assert judge_snapshot(HELD, told, stale=True) is stale


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ((6, 6), Verdict.IGNORE),
        ((7, 5), Verdict.IGNORE),
        ((7, 6), Verdict.TAKE),
        ((7, 7), Verdict.GAP),
        ((8, 1), Verdict.GAP),
    ],
)
def test_delta(told: tuple[int, int], verdict: Verdict) -> None:
    """A delta is taken if its epoch is equal and its seq one more; what is contained is ignored, the rest is a gap."""
    assert judge_delta(HELD, told) is verdict


@pytest.mark.parametrize(
    ("told", "verdict"),
    [((6, 99), Verdict.IGNORE), ((7, 5), Verdict.TAKE), ((7, 9), Verdict.TAKE), ((8, 0), Verdict.TAKE)],
)
def test_stale(told: tuple[int, int], verdict: Verdict) -> None:
    """A stale mark of an epoch that a later snapshot has ended is ignored."""
    assert judge_stale(HELD, told) is verdict
