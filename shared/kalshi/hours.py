"""New York's time, in which the exchange thinks, and its weekly maintenance: Thursdays from 3 to 5 in the morning.

New York's offset follows from the rule in force since 2007, because a small container has no table of time zones.
"""

from datetime import UTC, datetime, timedelta, timezone

from proto.units import SECOND

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
THURSDAY = 3
MAINTENANCE_BEGINS = 3
MAINTENANCE_ENDS = 5

_MICROSECOND = timedelta(microseconds=1)
_HOUR = 3600 * SECOND
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


def at_hour(day: datetime, hour: int) -> int:
    """Return that hour of a day in New York, whose offset may be another then than the one that `day` has."""
    ts = micros(day.replace(hour=hour, minute=0, second=0, microsecond=0))
    drift = micros(new_york(ts).replace(tzinfo=day.tzinfo)) - ts
    return ts - drift


def maintenance(now_ts: int) -> tuple[int, int]:
    """Return when the maintenance begins and ends that goes on now or comes next."""
    today = new_york(now_ts)
    thursday = today + timedelta(days=(THURSDAY - today.weekday()) % 7)
    if at_hour(thursday, MAINTENANCE_ENDS) <= now_ts:
        thursday += timedelta(days=7)
    end_ts = at_hour(thursday, MAINTENANCE_ENDS)
    return end_ts - (MAINTENANCE_ENDS - MAINTENANCE_BEGINS) * _HOUR, end_ts


def maintenance_left_s(now_ts: int) -> float | None:
    """Return the seconds until the maintenance ends that goes on now, None if there is none."""
    begin_ts, end_ts = maintenance(now_ts)
    return (end_ts - now_ts) / SECOND if begin_ts <= now_ts else None


def _sunday(year: int, month: int, which: int, *, hour: int) -> datetime:
    first = datetime(year, month, 1, hour, tzinfo=UTC)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (which - 1))
