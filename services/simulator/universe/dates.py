"""Dates as the exchange writes them into tickers and texts, and New York's time, in which it thinks.

New York's offset follows from the rule in force since 2007, because a small container has no table of time zones.
"""

from datetime import UTC, date, datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MICROSECOND = timedelta(microseconds=1)
_STANDARD = timezone(timedelta(hours=-5), "EST")
_DAYLIGHT = timezone(timedelta(hours=-4), "EDT")


def micros(moment: datetime) -> int:
    """Return microseconds since 1970 of an aware time."""
    return (moment - EPOCH) // _MICROSECOND


def new_york(ts: int) -> datetime:
    """Return the time in New York; `fold` is 1 in the hour that the end of daylight saving time repeats."""
    moment = EPOCH + timedelta(microseconds=ts)
    begin = _sunday(moment.year, 3, 2, hour=7)
    end = _sunday(moment.year, 11, 1, hour=6)
    if begin <= moment < end:
        return moment.astimezone(_DAYLIGHT)
    return moment.astimezone(_STANDARD).replace(fold=int(end <= moment < end + timedelta(hours=1)))


def _sunday(year: int, month: int, which: int, *, hour: int) -> datetime:
    first = datetime(year, month, 1, hour, tzinfo=UTC)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (which - 1))


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
