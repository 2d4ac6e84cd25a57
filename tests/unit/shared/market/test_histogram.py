"""Values are counted by the bound they stay below."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.market.histogram import SECONDS, Histogram, Histograms


def test_a_value_counts_up_to_its_bound() -> None:
    """A value on a bound belongs to it, one above all bounds to infinity."""
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.5, 9.0):
        histogram.add(value)
    assert list(histogram.cumulative()) == [(1.0, 2), (2.0, 3), (float("inf"), 5)]
    assert histogram.total == 14.5


@given(st.lists(st.floats(0, 100)))
def test_all_values_are_counted(values: list[float]) -> None:
    """Counts grow with the bounds, end with all values, and each tells how many are not larger than its bound."""
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    counts = list(histogram.cumulative())
    assert counts == [(bound, sum(value <= bound for value in values)) for bound in (*SECONDS, float("inf"))]
    assert all(one <= other for (_, one), (_, other) in pairwise(counts))


def test_histograms_by_name_and_label() -> None:
    """Each name and label has its own; one that is there already keeps its bounds."""
    histograms = Histograms({("lag", ""): Histogram((1.0,))})
    histograms.add("lag", 0.5)
    histograms.add("repair", 3.0, "snapshot")
    histograms.add("repair", 4.0, "snapshot")
    assert histograms["lag", ""].counts == [1, 0]
    assert histograms["repair", "snapshot"].bounds == SECONDS
    assert histograms["repair", "snapshot"].total == 7.0
