"""The exchange's hours are New York's."""

from datetime import UTC, datetime

import pytest

from services.simulator.rest.hours import schedule, status
from services.simulator.world.world import World
from shared.kalshi.hours import micros


def _at(text: str) -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def test_schedule_leaves_the_maintenance_out() -> None:
    """Trading goes on always but on Thursday morning, and the year is New York's."""
    told = schedule(_at("2026-11-20T12:00:00"))["schedule"]
    assert isinstance(told, dict)
    (week,) = told["standard_hours"]
    assert week["thursday"] == [
        {"open_time": "00:00", "close_time": "03:00"},
        {"open_time": "05:00", "close_time": "00:00"},
    ]
    assert week["friday"] == [{"open_time": "00:00", "close_time": "00:00"}]
    assert (week["start_time"], week["end_time"]) == ("2026-01-01T05:00:00Z", "2027-01-01T05:00:00Z")
    assert told["maintenance_windows"] == [
        {"start_datetime": "2026-11-26T08:00:00Z", "end_datetime": "2026-11-26T10:00:00Z"}
    ]


@pytest.mark.parametrize(
    ("trading", "active", "now", "resumes"),
    [
        (True, True, "2026-11-26T09:00:00", None),
        (False, True, "2026-11-26T09:00:00", "2026-11-26T10:00:00Z"),
        (False, True, "2026-11-20T09:00:00", None),
        (True, False, "2026-11-26T09:00:00", "2026-11-26T10:00:00Z"),
    ],
)
def test_status_tells_pause_and_return(trading: bool, active: bool, now: str, resumes: str | None) -> None:
    """Without the exchange there is no trading; when it comes back is known during maintenance only."""
    world = World()
    world.trading_active, world.exchange_active = trading, active
    told = status(world, _at(now))
    assert told["trading_active"] is (trading and active)
    assert told["exchange_active"] is active
    assert told["exchange_estimated_resume_time"] == resumes
