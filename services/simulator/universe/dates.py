"""Dates as the exchange writes them into tickers and texts."""

from datetime import date

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def ticker_date(day: date) -> str:
    """Return a day as tickers have it: `26JUL09`."""
    return f"{day.year % 100:02}{_MONTHS[day.month - 1].upper()}{day.day:02}"


def text_date(day: date) -> str:
    """Return a day as texts have it: `Jul 9, 2026`."""
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def ticker_day(text: str) -> date | None:
    """Return the day that `26JUL09` means, None if it means none."""
    return _day(text[5:7], text[2:5].title(), f"20{text[:2]}") if len(text) == 7 else None


def text_day(text: str) -> date | None:
    """Return the day that `Jul 9, 2026` means, None if it means none."""
    parts = text.replace(",", "").split()
    return _day(parts[1], parts[0], parts[2]) if len(parts) == 3 else None


def _day(day: str, month: str, year: str) -> date | None:
    if month not in _MONTHS:
        return None
    try:
        return date(int(year), _MONTHS.index(month) + 1, int(day))
    except ValueError:
        return None
