"""The account's own fills, orders and positions; never on a public channel.

They come as the exchange says them, and again from its REST side after each break of the connection, because private
messages carry no sequence number: what was missed meanwhile can only be read. Such messages bear the `generation` of
that reading, and `account` says when it is whole.
"""

from typing import Annotated, Literal

import msgspec

from proto.units import MarketTicker, Micros, Money, Price, Quantity, QuantityChange, Side, Status

Generation = Annotated[
    int,
    msgspec.Meta(
        ge=0,
        lt=2**53,
        description="the reading of the account that it is part of; null if the exchange said it by itself",
    ),
]
Subaccount = Annotated[int, msgspec.Meta(ge=0, description="0 is the primary one; null if it was not told")]
ExchangeIndex = Annotated[int, msgspec.Meta(ge=0, description="the exchange's shard; null if it was not told")]


class Fill(msgspec.Struct, frozen=True, tag="fill"):
    """One of our orders traded.

    `side` is the outcome that was bought (to sell yes is to buy no), `position` what we hold after it: negative of no,
    null if the fill was read later.
    """

    ticker: MarketTicker
    trade_id: str
    order_id: str
    client_order_id: str | None
    exchange_ts: Micros | None
    received_ts: Micros
    side: Side
    is_taker: bool
    yes_price: Price
    qty: Quantity
    fee: Money
    position: QuantityChange | None
    subaccount: Subaccount | None = None
    exchange_index: ExchangeIndex | None = None
    generation: Generation | None = None


class Order(msgspec.Struct, frozen=True, tag="order"):
    """One of our orders changed; `status` is `resting`, `canceled`, `executed` or `unknown`.

    `cost` and `fees` are those of what was filled. An order that is `unknown` with the reason `vanished` rested before
    a break and can not be found after it.
    """

    ticker: MarketTicker
    order_id: str
    client_order_id: str | None
    exchange_ts: Micros | None
    received_ts: Micros
    status: str
    side: Side
    yes_price: Price
    initial_qty: Quantity
    filled_qty: Quantity
    remaining_qty: Quantity
    fees: Money
    reason: str | None
    cost: Money = 0
    created_ts: Micros | None = None
    expiration_ts: Micros | None = None
    order_group_id: str | None = None
    subaccount: Subaccount | None = None
    exchange_index: ExchangeIndex | None = None
    generation: Generation | None = None


class Position(msgspec.Struct, frozen=True, tag="position"):
    """Our net position in a market; negative is held of no.

    One that is gone after a break is told with nothing held and no cost; the rest of it is as it was told last.
    `volume` is null if the position was read.
    """

    ticker: MarketTicker
    received_ts: Micros
    position: QuantityChange
    cost: Money
    realized_pnl: Money
    fees: Money
    volume: Quantity | None
    exchange_ts: Micros | None = None
    subaccount: Subaccount | None = None
    exchange_index: ExchangeIndex | None = None
    generation: Generation | None = None


class Account(msgspec.Struct, frozen=True, tag="account"):
    """Whether what was said of the account is all there is.

    `live` comes after a reading: all resting orders and all open positions were said with its `generation`, and what is
    not among them is gone. `stale`: something may have been missed until the next `live`. `as_of_ts` is the time up to
    which the exchange vouched for what was read; fills were read from `fills_since_ts` on.
    """

    status: Status
    reason: Annotated[
        Literal["disconnected", "exchange_error", "unreadable"] | None,
        msgspec.Meta(description="why it is stale; null if it is live"),
    ]
    received_ts: Micros
    generation: Annotated[
        int, msgspec.Meta(ge=0, lt=2**53, description="the last reading; grows, over restarts too; 0 before the first")
    ]
    as_of_ts: Micros | None
    fills_since_ts: Micros | None
    fills: Annotated[int, msgspec.Meta(ge=0, description="fills that had been missed")]
    orders: Annotated[int, msgspec.Meta(ge=0, description="resting orders")]
    positions: Annotated[int, msgspec.Meta(ge=0, description="open positions")]
    orders_gone: Annotated[int, msgspec.Meta(ge=0, description="orders that rested before and no longer do")]
    positions_gone: Annotated[int, msgspec.Meta(ge=0, description="positions that were open before and no longer are")]
