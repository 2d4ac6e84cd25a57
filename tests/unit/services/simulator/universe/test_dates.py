"""Dates are written as the exchange writes them, and New York's clock follows its rule."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.units import SECOND
from services.simulator.universe.dates import EPOCH, micros, new_york, text_date, text_day, ticker_date, ticker_day


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (datetime(2026, 1, 1, 4, 59, 59, tzinfo=UTC), "2025-12-31 23:59:59 EST"),
        (datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC), "2026-03-08 01:59:59 EST"),
        (datetime(2026, 3, 8, 7, 0, tzinfo=UTC), "2026-03-08 03:00:00 EDT"),
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "2026-11-01 01:30:00 EDT"),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "2026-11-01 01:30:00 EST"),
        (datetime(2027, 3, 14, 7, 0, tzinfo=UTC), "2027-03-14 03:00:00 EDT"),
        (datetime(2028, 11, 5, 6, 0, tzinfo=UTC), "2028-11-05 01:00:00 EST"),
    ],
)
def test_new_york(moment: datetime, told: str) -> None:
    """Daylight saving time lasts from the second Sunday of March to the first of November, at two o'clock."""
    assert new_york(micros(moment)).strftime("%Y-%m-%d %H:%M:%S %Z") == told


def test_the_repeated_hour_is_told() -> None:
    """Only in the hour that is repeated is fold 1."""
    begin = micros(datetime(2026, 11, 1, 5, tzinfo=UTC))
    assert [new_york(begin + minutes * 60 * SECOND).fold for minutes in (0, 59, 60, 119, 120)] == [0, 0, 1, 1, 0]


@given(st.integers(0, 2**52))
def test_new_york_is_the_same_moment(ts: int) -> None:
    """The clock of another place names the same moment, to the microsecond."""
    assert micros(new_york(ts)) == ts


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_dates_are_read_as_written(day: date) -> None:
    """Both forms mean the day they were made of."""
    assert ticker_day(ticker_date(day)) == day
    assert text_day(text_date(day)) == day


def test_forms() -> None:
    """Tickers have capitals and a leading zero, texts have neither."""
    day = date(2026, 7, 9)
    assert (ticker_date(day), text_date(day)) == ("26JUL09", "Jul 9, 2026")
    assert micros(EPOCH) == 0


@pytest.mark.parametrize("text", ["", "26JUL9", "26JUX09", "26FEB30", "2xJUL09", "S2026AB"])
def test_what_is_no_ticker_date(text: str) -> None:
    """Other parts of tickers mean no day."""
    assert ticker_day(text) is None


@pytest.mark.parametrize("text", ["", "Jul 9", "Foo 9, 2026", "Feb 30, 2026"])
def test_what_is_no_text_date(text: str) -> None:
    """Other words mean no day."""
    assert text_day(text) is None
