"""Which series are let in."""

import pytest

from shared.market.series import SeriesFilter


@pytest.mark.parametrize(
    ("patterns", "ticker", "taken"),
    [
        ((), "KXA-1", True),
        (("KXA",), "KXA-1-B", True),
        (("KXA",), "KXAB-1", False),
        (("KXA*",), "KXAB-1", True),
        (("KXA*",), "KXB-A", False),
        (("KXB", "KXA*"), "KXB", True),
    ],
)
def test_names_and_beginnings(patterns: tuple[str, ...], ticker: str, taken: bool) -> None:
    """A name takes its series alone, a beginning all that begin so, and no pattern takes all."""
    assert SeriesFilter(patterns).takes(ticker) is taken
    assert bool(SeriesFilter(patterns)) is bool(patterns)
