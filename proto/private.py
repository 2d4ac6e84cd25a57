"""The account's own fills, orders and position; never on a public channel."""

import msgspec

from proto.units import MarketTicker, Micros, Money, Price, Quantity, QuantityChange, Side


class Fill(msgspec.Struct, frozen=True, tag="fill"):
    """One of our orders traded."""

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
    position: QuantityChange


class Order(msgspec.Struct, frozen=True, tag="order"):
    """One of our orders changed; `status` is `resting`, `canceled`, `executed` or `unknown`."""

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


class Position(msgspec.Struct, frozen=True, tag="position"):
    """Our net position in a market; negative means no contracts."""

    ticker: MarketTicker
    received_ts: Micros
    position: QuantityChange
    cost: Money
    realized_pnl: Money
    fees: Money
    volume: Quantity
