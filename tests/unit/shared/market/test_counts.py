"""Counters of pure cores."""

from shared.market.counts import Counts


def test_counts_by_name_and_label() -> None:
    """Each name and label is counted apart, and what was never counted is 0."""
    counts = Counts()
    counts.add("gaps", "trade")
    counts.add("gaps", "trade")
    counts.add("frames")
    assert dict(counts) == {("gaps", "trade"): 2, ("frames", ""): 1}
    assert counts["gaps", "book"] == 0
