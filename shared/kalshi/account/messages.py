"""What the exchange says of the account over its WebSocket: the `msg` of each message.

The deprecated members of the direction (`side`, `action`, `is_yes`, `purchased_side`) are read only where today's are
missing.
"""

from typing import Annotated, Literal, TypeAlias

import msgspec

from proto.units import MarketTicker, Side

BookSide: TypeAlias = Literal["bid", "ask"]
#: Bounded, for it is kept.
Id: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class FillMsg(msgspec.Struct, frozen=True, gc=False):
    """One of our orders traded; the price is always that of yes, and `ts` is in seconds."""

    trade_id: Id
    order_id: Id
    market_ticker: MarketTicker
    yes_price_dollars: str
    count_fp: str
    fee_cost: str
    is_taker: bool
    post_position_fp: str | None = None
    outcome_side: Side | None = None
    book_side: BookSide | None = None
    purchased_side: Side | None = None
    side: Side | None = None
    action: str | None = None
    client_order_id: str | None = None
    exchange_index: int | None = None
    subaccount: int | None = None
    ts_ms: int | None = None
    ts: int | None = None


class UserOrderMsg(msgspec.Struct, frozen=True, gc=False):
    """An order as it is now; its market is `ticker` here, not `market_ticker`."""

    order_id: Id
    ticker: MarketTicker
    status: str
    yes_price_dollars: str
    fill_count_fp: str
    remaining_count_fp: str
    initial_count_fp: str
    taker_fill_cost_dollars: str
    maker_fill_cost_dollars: str
    taker_fees_dollars: str
    maker_fees_dollars: str
    outcome_side: Side | None = None
    book_side: BookSide | None = None
    is_yes: bool | None = None
    side: Side | None = None
    client_order_id: str | None = None
    order_group_id: str | None = None
    last_update_reason: str | None = None
    exchange_index: int | None = None
    subaccount_number: int | None = None
    created_ts_ms: int | None = None
    last_updated_ts_ms: int | None = None
    expiration_ts_ms: int | None = None


class MarketPositionMsg(msgspec.Struct, frozen=True, gc=False):
    """What is held of a market, negative of no; it has no time."""

    market_ticker: MarketTicker
    position_fp: str
    position_cost_dollars: str
    realized_pnl_dollars: str
    fees_paid_dollars: str
    volume_fp: str
    subaccount: int | None = None
