"""Dates are written as the exchange writes them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.simulator.universe.dates import text_date, text_day, ticker_date, ticker_day


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_dates_are_read_as_written(day: date) -> None:
    """Both forms mean the day they were made of."""
    assert ticker_day(ticker_date(day)) == day
    assert text_day(text_date(day)) == day


def test_forms() -> None:
    """Tickers have capitals and a leading zero, texts have neither."""
    day = date(2026, 7, 9)
    assert (ticker_date(day), text_date(day)) == ("26JUL09", "Jul 9, 2026")


@pytest.mark.parametrize("text", ["", "26JUL9", "26JUX09", "26FEB30", "2xJUL09", "S2026AB"])
def test_what_is_no_ticker_date(text: str) -> None:
    """Other parts of tickers mean no day."""
    assert ticker_day(text) is None


@pytest.mark.parametrize("text", ["", "Jul 9", "Foo 9, 2026", "Feb 30, 2026"])
def test_what_is_no_text_date(text: str) -> None:
    """Other words mean no day."""
    assert text_day(text) is None
