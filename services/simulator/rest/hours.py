"""Whether the exchange works, and when it does."""

from proto.units import SECOND
from services.simulator.world.messages import rfc3339
from services.simulator.world.world import World
from shared.kalshi.hours import THURSDAY, at_hour, maintenance, new_york

_SHARDS = ("default", "combos", "crypto", "tennis and baseball")
_HOUR = 3600 * SECOND
_DAY = 24 * _HOUR
_LIVE_DAYS = 90
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ALL_DAY = [{"open_time": "00:00", "close_time": "00:00"}]
_AROUND_MAINTENANCE = [{"open_time": "00:00", "close_time": "03:00"}, {"open_time": "05:00", "close_time": "00:00"}]


def status(world: World, now_ts: int) -> dict[str, object]:
    """Return whether there is trading; the top level tells of shard 0, and all shards do the same here."""
    active = {
        "exchange_active": world.exchange_active,
        "trading_active": world.exchange_active and world.trading_active,
        "intra_exchange_transfers_active": world.exchange_active,
    }
    begin_ts, end_ts = maintenance(now_ts)
    resumes = not active["trading_active"] and begin_ts <= now_ts
    shards = [
        {"exchange_index": index, "description": description, **active} for index, description in enumerate(_SHARDS)
    ]
    return {
        **active,
        "exchange_estimated_resume_time": rfc3339(end_ts) if resumes else None,
        "exchange_index_statuses": shards,
    }


def schedule(now_ts: int) -> dict[str, object]:
    """Return the hours of this year: always, but for Thursdays from 3 to 5 in New York."""
    today = new_york(now_ts)
    begin_ts, end_ts = maintenance(now_ts)
    hours = {day: _AROUND_MAINTENANCE if day == _DAYS[THURSDAY] else _ALL_DAY for day in _DAYS}
    year = {"start_time": rfc3339(_new_year(today.year)), "end_time": rfc3339(_new_year(today.year + 1))}
    window = {"start_datetime": rfc3339(begin_ts), "end_datetime": rfc3339(end_ts)}
    return {"schedule": {"standard_hours": [year | hours], "maintenance_windows": [window]}}


def as_of(now_ts: int) -> str:
    """Return as of when an account's own data are told, which is about a second ago."""
    return rfc3339(now_ts - SECOND)


def cutoff(now_ts: int) -> dict[str, object]:
    """Return before when things are history; nothing here is that old."""
    moment = rfc3339(now_ts // _DAY * _DAY - _LIVE_DAYS * _DAY)
    return dict.fromkeys(("market_settled_ts", "trades_created_ts", "orders_updated_ts"), moment)


def _new_year(year: int) -> int:
    return at_hour(new_york(0).replace(year=year, month=1, day=1), 0)
