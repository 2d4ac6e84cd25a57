"""The rule that makes the bus trustworthy: what (epoch, seq) says about the next message of a market.

A snapshot is taken if its epoch is larger; a delta if its epoch is equal and its seq one more; anything that is
already contained is ignored; everything else is a gap.
"""

from enum import Enum


class Verdict(Enum):
    """What to do with a message."""

    TAKE = "take"
    IGNORE = "ignore"
    GAP = "gap"


def judge_snapshot(held: tuple[int, int], told: tuple[int, int], *, stale: bool) -> Verdict:
    """Judge a snapshot; a stale book also takes one of its own epoch that is not older than itself."""
    if told[0] > held[0] or (stale and told >= held):
        return Verdict.TAKE
    return Verdict.IGNORE


def judge_delta(held: tuple[int, int], told: tuple[int, int]) -> Verdict:
    """Judge a delta: only the next one is taken."""
    if told <= held:
        return Verdict.IGNORE
    return Verdict.TAKE if told == (held[0], held[1] + 1) else Verdict.GAP


def judge_stale(held: tuple[int, int], told: tuple[int, int]) -> Verdict:
    """Judge a `stale`: one of an older epoch was followed by a snapshot that is already held."""
    return Verdict.IGNORE if told[0] < held[0] else Verdict.TAKE
