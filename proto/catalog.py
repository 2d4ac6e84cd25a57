"""What the catalog knows of each market; values of the bucket `markets`."""

from typing import Annotated

import msgspec

from proto.market import PriceRange
from proto.units import MarketTicker, Micros, Price

MarketStatus = Annotated[
    str,
    msgspec.Meta(
        description="the exchange's word: initialized, active, inactive, closed, determined, disputed, amended,"
        " finalized; the set is open"
    ),
]


class ListedMarket(msgspec.Struct, frozen=True, kw_only=True):
    """What a market is about, where it stands in its life, and whether the feed follows it.

    Members that the exchange has not told are null, or empty where they are texts. `status` is kept by the clock too:
    the exchange does not announce openings and closings. `updated_ts` is when the catalog last changed anything here.
    """

    ticker: MarketTicker
    event_ticker: str
    series_ticker: str
    status: MarketStatus
    followed: Annotated[bool, msgspec.Meta(description="the gateway is to subscribe to it")]
    updated_ts: Micros
    title: str = ""
    yes_sub_title: str = ""
    no_sub_title: str = ""
    market_type: str = ""
    open_ts: Micros | None = None
    close_ts: Micros | None = None
    can_close_early: bool | None = None
    expected_expiration_ts: Micros | None = None
    latest_expiration_ts: Micros | None = None
    settlement_timer_s: Annotated[int, msgspec.Meta(description="seconds from the result to its payment")] | None = None
    settlement_bounds_type: str = ""
    result: str = ""
    settlement_value: Price | None = None
    determination_ts: Micros | None = None
    settled_ts: Micros | None = None
    strike_type: str = ""
    floor_strike: float | None = None
    cap_strike: float | None = None
    custom_strike: dict[str, str] | None = None
    price_level_structure: str = ""
    price_ranges: tuple[PriceRange, ...] = ()
    notional_value: Annotated[int, msgspec.Meta(ge=0, description="1/10 000 dollar")] | None = None
    exchange_index: Annotated[int, msgspec.Meta(description="the exchange's shard")] | None = None
    mve_collection_ticker: str = ""
    is_provisional: bool = False
