"""The exchange's hours are New York's, whose clock follows its rule."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.units import SECOND
from shared.kalshi.hours import EPOCH, maintenance, maintenance_left_s, micros, new_york


def _at(text: str) -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


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


@pytest.mark.parametrize(
    ("now", "begin", "end"),
    [
        ("2026-11-20T12:00:00", "2026-11-26T08:00:00", "2026-11-26T10:00:00"),
        ("2026-11-26T07:59:59", "2026-11-26T08:00:00", "2026-11-26T10:00:00"),
        ("2026-11-26T09:59:59", "2026-11-26T08:00:00", "2026-11-26T10:00:00"),
        ("2026-11-26T10:00:00", "2026-12-03T08:00:00", "2026-12-03T10:00:00"),
        # In summer time now, but not then; and the other way round.
        ("2026-10-30T12:00:00", "2026-11-05T08:00:00", "2026-11-05T10:00:00"),
        ("2026-03-06T12:00:00", "2026-03-12T07:00:00", "2026-03-12T09:00:00"),
        # Thursday in UTC, still Wednesday in New York.
        ("2026-11-26T04:00:00", "2026-11-26T08:00:00", "2026-11-26T10:00:00"),
    ],
)
def test_maintenance_is_on_thursday_from_three_to_five(now: str, begin: str, end: str) -> None:
    """The window that goes on or comes next is found, across changes of the clock too."""
    assert maintenance(_at(now)) == (_at(begin), _at(end))


@pytest.mark.parametrize(
    ("now", "left_s"),
    [
        ("2026-11-26T07:59:59", None),
        ("2026-11-26T08:00:00", 7200.0),
        ("2026-11-26T09:59:58", 2.0),
        ("2026-11-26T10:00:00", None),
        ("2026-11-25T09:00:00", None),
        ("2026-07-09T07:00:00", 7200.0),
        ("2026-07-09T06:59:59", None),
    ],
)
def test_the_rest_of_the_maintenance(now: str, left_s: float | None) -> None:
    """It is told only while the maintenance goes on, in summer an hour earlier by UTC."""
    assert maintenance_left_s(_at(now)) == left_s


def test_time_begins_with_1970() -> None:
    """Microseconds are counted from 1970."""
    assert micros(EPOCH) == 0
