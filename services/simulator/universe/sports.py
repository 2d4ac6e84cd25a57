"""The markets of the recorded listing, set into the day on which the simulation starts."""

import gzip
from datetime import date, datetime, timedelta

import msgspec

from proto.units import SECOND
from services.simulator.errors import BadListing
from services.simulator.universe.titles import tag_of
from services.simulator.world.listing import Listing, Opening, market_id
from shared.kalshi.errors import Inexact
from shared.kalshi.hours import EPOCH, micros
from shared.kalshi.numbers import count, dollars

#: When the listing was recorded.
RECORDED = date(2026, 7, 9)
DAY = 24 * 3600 * SECOND

_GZIP = b"\x1f\x8b"
#: The exchange moved baseball to a shard of its own after the recording.
_SHARDS = {"Baseball": 3}


class _Market(msgspec.Struct):
    ticker: str
    event_ticker: str
    title: str
    yes_sub_title: str
    no_sub_title: str
    rules_primary: str
    rules_secondary: str
    price_level_structure: str
    created_time: datetime
    open_time: datetime
    close_time: datetime
    expected_expiration_time: datetime
    latest_expiration_time: datetime
    settlement_timer_seconds: int
    can_close_early: bool
    early_close_condition: str
    strike_type: str
    yes_bid_dollars: str
    yes_bid_size_fp: str
    yes_ask_dollars: str
    yes_ask_size_fp: str
    last_price_dollars: str
    volume_fp: str
    volume_24h_fp: str
    open_interest_fp: str
    custom_strike: dict[str, str] | None = None


class _Page(msgspec.Struct):
    markets: list[_Market]


_DECODER = msgspec.json.Decoder(_Page)


def listings(data: bytes, now_ts: int) -> tuple[Listing, ...]:
    """Return the recorded markets, all of them open; `data` may be packed with gzip. Raises BadListing."""
    days = (EPOCH + timedelta(microseconds=now_ts)).date() - RECORDED
    try:
        page = _DECODER.decode(gzip.decompress(data) if data.startswith(_GZIP) else data)
        return tuple(_listing(market, days.days * DAY, now_ts) for market in page.markets)
    except (OSError, EOFError, msgspec.MsgspecError, Inexact) as error:
        raise BadListing(str(error)) from error


def _listing(market: _Market, shift: int, now_ts: int) -> Listing:
    """Move opening before and closing after now by whole days where the recorded time of day does not."""
    open_ts, close_ts = micros(market.open_time) + shift, micros(market.close_time) + shift
    sooner = max(-((now_ts - open_ts) // DAY), 0) * DAY
    later = max((now_ts - close_ts) // DAY + 1, 0) * DAY
    return Listing(
        ticker=market.ticker,
        market_id=market_id(market.ticker),
        event_ticker=market.event_ticker,
        series_ticker=market.ticker.partition("-")[0],
        title=market.title,
        yes_sub_title=market.yes_sub_title,
        no_sub_title=market.no_sub_title,
        rules_primary=market.rules_primary,
        rules_secondary=market.rules_secondary,
        price_level_structure=market.price_level_structure,
        created_ts=micros(market.created_time) + shift - sooner,
        open_ts=open_ts - sooner,
        close_ts=close_ts + later,
        expected_expiration_ts=micros(market.expected_expiration_time) + shift + later,
        latest_expiration_ts=micros(market.latest_expiration_time) + shift + later,
        settlement_timer_seconds=market.settlement_timer_seconds,
        can_close_early=market.can_close_early,
        early_close_condition=market.early_close_condition,
        strike_type=market.strike_type,
        custom_strike=market.custom_strike,
        exchange_index=_SHARDS.get(tag_of(market.custom_strike), 0),
        opening=_opening(market),
    )


def _opening(market: _Market) -> Opening:
    return Opening(
        yes_bid=dollars(market.yes_bid_dollars),
        yes_bid_quantity=count(market.yes_bid_size_fp),
        yes_ask=dollars(market.yes_ask_dollars),
        yes_ask_quantity=count(market.yes_ask_size_fp),
        last_price=dollars(market.last_price_dollars),
        volume=count(market.volume_fp),
        volume_24h=count(market.volume_24h_fp),
        open_interest=count(market.open_interest_fp),
    )
