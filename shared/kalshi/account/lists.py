"""What the exchange lists of the account over REST, a page at a time; an empty or absent cursor ends a list."""

from typing import TypeVar

import msgspec

from proto.reading import UNREADABLE
from proto.units import MarketTicker, Side
from shared.kalshi.account.messages import BookSide, Id
from shared.kalshi.errors import Malformed

T = TypeVar("T")


class ListedFill(msgspec.Struct, frozen=True):
    """A fill of the past; `ts` is in seconds."""

    trade_id: Id
    order_id: Id
    ticker: MarketTicker
    yes_price_dollars: str
    count_fp: str
    fee_cost: str
    is_taker: bool
    outcome_side: Side | None = None
    book_side: BookSide | None = None
    side: Side | None = None
    action: str | None = None
    exchange_index: int | None = None
    subaccount_number: int | None = None
    created_time: str | None = None
    ts: int | None = None


class ListedOrder(msgspec.Struct, frozen=True):
    """An order as it is now; times are RFC 3339 texts."""

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
    side: Side | None = None
    action: str | None = None
    client_order_id: str | None = None
    order_group_id: str | None = None
    exchange_index: int | None = None
    subaccount_number: int | None = None
    created_time: str | None = None
    last_update_time: str | None = None
    expiration_time: str | None = None


class ListedPosition(msgspec.Struct, frozen=True):
    """What is held of a market; `last_updated_ts` is an RFC 3339 text, unlike every other `ts`."""

    ticker: MarketTicker
    position_fp: str
    market_exposure_dollars: str
    realized_pnl_dollars: str
    fees_paid_dollars: str
    exchange_index: int | None = None
    last_updated_ts: str | None = None


class Fills(msgspec.Struct, frozen=True):
    """A page of GET /portfolio/fills, newest first."""

    fills: tuple[ListedFill, ...]
    cursor: str = ""


class Orders(msgspec.Struct, frozen=True):
    """A page of GET /portfolio/orders."""

    orders: tuple[ListedOrder, ...]
    cursor: str = ""


class OneOrder(msgspec.Struct, frozen=True):
    """The reply of GET /portfolio/orders/{order_id}."""

    order: ListedOrder


class Positions(msgspec.Struct, frozen=True):
    """A page of GET /portfolio/positions."""

    market_positions: tuple[ListedPosition, ...]
    cursor: str = ""


class AsOf(msgspec.Struct, frozen=True):
    """The reply of GET /exchange/user_data_timestamp: what was done before is in the lists."""

    as_of_time: str


def decode(body: bytes, kind: type[T]) -> T:
    """Return a reply; raises Malformed."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise Malformed("invalid", str(error)) from error
    except UNREADABLE as error:
        raise Malformed("not_json", str(error)) from error
