"""Pauses between attempts."""

from itertools import islice

from shared.market.backoff import delays


def test_grows_to_the_cap() -> None:
    """The upper bound doubles from the first value and never passes the cap."""
    assert list(islice(delays(lambda: 1.0, first=1, cap=60), 8)) == [1, 2, 4, 8, 16, 32, 60, 60]


def test_jitter_is_full() -> None:
    """A pause is anything between nothing and the bound, each drawn anew."""
    draws = iter([0.0, 0.5, 0.25])
    assert list(islice(delays(lambda: next(draws), first=2, cap=60), 3)) == [0.0, 2.0, 2.0]
