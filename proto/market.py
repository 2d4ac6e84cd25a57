"""What else is said of a market: tickers, trades, lifecycle, and the views made from its book."""

from typing import Annotated, Literal

import msgspec

from proto.units import (
    Epoch,
    Ladder,
    MarketTicker,
    Micros,
    Price,
    Quantity,
    Seq,
    Side,
    Status,
    WholeDollars,
)

Dollars = Annotated[float, msgspec.Meta(description="dollars, for screens: 0.52")]
Contracts = Annotated[float, msgspec.Meta(description="contracts, for screens: 1900.0")]


class Ticker(msgspec.Struct, frozen=True, tag="ticker"):
    """The exchange's own summary of a market; the last value wins.

    As at the exchange, yes_bid 0 and yes_ask 10 000 mean that there is no such bid or ask.
    no_bid and no_ask are derived: 10 000 less yes_ask and yes_bid.
    """

    ticker: MarketTicker
    exchange_ts: Micros | None
    received_ts: Micros
    last_price: Price | None
    yes_bid: Price
    yes_bid_qty: Quantity | None
    yes_ask: Price
    yes_ask_qty: Quantity | None
    no_bid: Price
    no_ask: Price
    volume: Quantity
    open_interest: Quantity
    dollar_volume: WholeDollars | None
    dollar_open_interest: WholeDollars | None


class Trade(msgspec.Struct, frozen=True, tag="trade"):
    """One trade, said at least once: deduplicate by trade_id."""

    ticker: MarketTicker
    trade_id: str
    exchange_ts: Micros | None
    received_ts: Micros
    yes_price: Price
    no_price: Price
    qty: Quantity
    taker_side: Side
    block: bool


class PriceRange(msgspec.Struct, frozen=True):
    """A band of prices and its tick, in 1/10 000 dollar."""

    start: Price
    end: Price
    step: Price


class Lifecycle(msgspec.Struct, frozen=True, tag="lifecycle"):
    """A market was created, opened, paused, moved, closed, determined or settled.

    `event_type` is the exchange's word (`created`, `activated`, `deactivated`, `close_date_updated`, `determined`,
    `settled`, `price_level_structure_updated`, `metadata_updated`, …; the set is open). `source` is `exchange` for its
    messages and `clock` for `opened` and `closed`, which the exchange does not announce.
    Members that do not belong to the event_type are null.
    """

    ticker: MarketTicker
    event_type: str
    source: Literal["exchange", "clock"]
    exchange_ts: Micros | None
    received_ts: Micros
    open_ts: Micros | None = None
    close_ts: Micros | None = None
    determination_ts: Micros | None = None
    settled_ts: Micros | None = None
    is_deactivated: bool | None = None
    result: str | None = None
    settlement_value: Price | None = None
    price_level_structure: str | None = None
    price_ranges: tuple[PriceRange, ...] | None = None
    event_ticker: str | None = None
    title: str | None = None
    yes_sub_title: str | None = None
    no_sub_title: str | None = None
    strike_type: str | None = None
    floor_strike: float | None = None
    cap_strike: float | None = None


class Event(msgspec.Struct, frozen=True, tag="event"):
    """A group of markets was created or described anew."""

    event_ticker: str
    received_ts: Micros
    title: str
    subtitle: str
    series_ticker: str
    collateral_return_type: str
    strike_ts: Micros | None = None
    strike_period: str | None = None


class Top(msgspec.Struct, frozen=True, tag="top"):
    """The best two levels of both sides of a book, null where there is no such level.

    A yes ask at p is a no bid at 10 000 - p, so the two sides tell the same orders twice.
    """

    ticker: MarketTicker
    epoch: Epoch
    seq: Seq
    status: Status
    exchange_ts: Micros | None
    received_ts: Micros
    yes_bid: Price | None
    yes_bid_qty: Quantity | None
    yes_bid_2: Price | None
    yes_ask: Price | None
    yes_ask_qty: Quantity | None
    yes_ask_2: Price | None
    no_bid: Price | None
    no_bid_qty: Quantity | None
    no_bid_2: Price | None
    no_ask: Price | None
    no_ask_qty: Quantity | None


class Depth(msgspec.Struct, frozen=True, tag="depth"):
    """The whole book as of (epoch, seq)."""

    ticker: MarketTicker
    epoch: Epoch
    seq: Seq
    status: Status
    received_ts: Micros
    yes: Ladder
    no: Ladder


class SideStats(msgspec.Struct, frozen=True):
    """Best bid and ask of one outcome, and all resting size of both ladders."""

    bid: Dollars | None
    ask: Dollars | None
    volume: Contracts


class SummaryStats(msgspec.Struct, frozen=True):
    """Both outcomes' stats."""

    yes: SideStats
    no: SideStats


class Ticker1s(msgspec.Struct, frozen=True, tag="ticker1s"):
    """At most once a second per market, for people and screens: dollars, contracts and seconds as numbers."""

    market_id: MarketTicker
    platform: Literal["kalshi"]
    status: Status
    epoch: Epoch
    seq: Seq
    summary_stats: SummaryStats
    timestamp: Annotated[float, msgspec.Meta(description="seconds since 1970 UTC")]
