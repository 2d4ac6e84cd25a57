"""What a lifecycle message, a newer listing and the clock make of a known market. Pure."""

from typing import Any

from msgspec.structs import replace

from proto.catalog import ListedMarket
from proto.market import Lifecycle
from proto.subjects import series_of
from services.catalog.universe import OPEN, UNOPENED

#: Statuses by the exchange's word for what happened.
_STATUS = {"determined": "determined", "settled": "finalized"}
#: Members that a message may bring, as they are called in both.
_CARRIED = (
    "open_ts",
    "close_ts",
    "determination_ts",
    "settled_ts",
    "result",
    "settlement_value",
    "price_level_structure",
    "price_ranges",
    "event_ticker",
    "title",
    "yes_sub_title",
    "no_sub_title",
    "strike_type",
    "floor_strike",
    "cap_strike",
)


def created(message: Lifecycle) -> ListedMarket:
    """Return a new market as its `created` describes it; a listing tells the rest later."""
    event_ticker = message.event_ticker or ""
    market = ListedMarket(
        ticker=message.ticker,
        event_ticker=event_ticker,
        series_ticker=series_of(event_ticker or message.ticker),
        status="initialized",
        followed=False,
        updated_ts=message.received_ts,
    )
    return heard(market, message)


def heard(market: ListedMarket, message: Lifecycle) -> ListedMarket:
    """Return a market after what the exchange said of it."""
    members = {name: getattr(message, name) for name in _CARRIED}
    return replace(
        market,
        **{name: value for name, value in members.items() if value is not None},
        status=_status(market, message),
    )


def listed(known: ListedMarket | None, new: ListedMarket) -> ListedMarket:
    """Return a market as it is listed now, with what was heard and lists do not tell."""
    if known is None:
        return new
    kept: dict[str, Any] = {"determination_ts": known.determination_ts}
    if new.settled_ts is None:
        kept["settled_ts"] = known.settled_ts
    return replace(new, **kept)


def by_clock(market: ListedMarket, now_ts: int) -> ListedMarket:
    """Return a market with the status that its own times give it: nobody announces openings and closings."""
    status = market.status
    if status in UNOPENED and market.open_ts is not None and market.open_ts <= now_ts:
        status = "active"
    if status in OPEN and market.close_ts is not None and market.close_ts <= now_ts:
        status = "closed"
    return market if status == market.status else replace(market, status=status)


def turn(known: ListedMarket | None, new: ListedMarket) -> str:
    """Return what is to be said of a change: `opened`, `closed` or nothing."""
    if known is None or known.status == new.status:
        return ""
    if new.status in OPEN:
        return "" if known.status in OPEN else "opened"
    return "closed" if known.status in OPEN | UNOPENED and new.status not in UNOPENED else ""


def _status(market: ListedMarket, message: Lifecycle) -> str:
    if message.event_type in _STATUS:
        return _STATUS[message.event_type]
    if message.event_type in {"activated", "deactivated"} and market.status in OPEN:
        paused = message.event_type == "deactivated" if message.is_deactivated is None else message.is_deactivated
        return "inactive" if paused else "active"
    if message.event_type == "close_date_updated" and market.status == "closed":
        # By the clock it was over; if its new close has passed too, the clock says so again.
        return "active"
    return market.status
