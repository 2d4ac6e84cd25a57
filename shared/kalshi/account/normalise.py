"""From what the exchange says or lists of the account to what the bus carries; whatever is inexact raises Malformed."""

from typing import Protocol

from proto.private import Fill, Order, Position
from proto.units import Side
from shared.kalshi import members
from shared.kalshi.account.lists import AsOf, ListedFill, ListedOrder, ListedPosition
from shared.kalshi.account.messages import BookSide, FillMsg, MarketPositionMsg, UserOrderMsg
from shared.kalshi.errors import Malformed


def fill(msg: FillMsg, received_ts: int) -> Fill:
    """Return a fill that was just said."""
    return Fill(
        ticker=msg.market_ticker,
        trade_id=msg.trade_id,
        order_id=msg.order_id,
        client_order_id=msg.client_order_id or None,
        exchange_ts=members.millis(msg.ts_ms) if msg.ts_ms is not None else members.seconds(msg.ts),
        received_ts=received_ts,
        side=_side(msg, msg.purchased_side or _bought(msg.side, msg.action)),
        is_taker=msg.is_taker,
        yes_price=members.price("yes_price", msg.yes_price_dollars),
        qty=members.quantity("count", msg.count_fp),
        fee=members.money("fee_cost", msg.fee_cost),
        position=None
        if msg.post_position_fp is None
        else members.signed_quantity("post_position", msg.post_position_fp),
        subaccount=msg.subaccount,
        exchange_index=msg.exchange_index,
    )


def order(msg: UserOrderMsg, received_ts: int) -> Order:
    """Return an order that just changed."""
    changed_ts = msg.last_updated_ts_ms if msg.last_updated_ts_ms is not None else msg.created_ts_ms
    # Of its two deprecated members one is a truth value; neither comes with an action.
    deprecated: Side | None = msg.side if msg.is_yes is None else "yes" if msg.is_yes else "no"
    return _order(
        msg,
        received_ts,
        side=_side(msg, deprecated),
        exchange_ts=members.millis(changed_ts),
        created_ts=members.millis(msg.created_ts_ms),
        expiration_ts=members.millis(msg.expiration_ts_ms),
        reason=msg.last_update_reason or None,
    )


def position(msg: MarketPositionMsg, received_ts: int) -> Position:
    """Return a position that just changed."""
    return Position(
        ticker=msg.market_ticker,
        received_ts=received_ts,
        position=members.signed_quantity("position", msg.position_fp),
        cost=members.money("position_cost", msg.position_cost_dollars),
        realized_pnl=members.money("realized_pnl", msg.realized_pnl_dollars),
        fees=members.money("fees_paid", msg.fees_paid_dollars),
        volume=members.quantity("volume", msg.volume_fp),
        subaccount=msg.subaccount,
    )


def listed_fill(listed: ListedFill, received_ts: int, generation: int) -> Fill:
    """Return a fill of the past."""
    return Fill(
        ticker=listed.ticker,
        trade_id=listed.trade_id,
        order_id=listed.order_id,
        client_order_id=None,
        exchange_ts=_time(listed.created_time) if listed.created_time else members.seconds(listed.ts),
        received_ts=received_ts,
        side=_side(listed, _bought(listed.side, listed.action)),
        is_taker=listed.is_taker,
        yes_price=members.price("yes_price", listed.yes_price_dollars),
        qty=members.quantity("count", listed.count_fp),
        fee=members.money("fee_cost", listed.fee_cost),
        position=None,
        subaccount=listed.subaccount_number,
        exchange_index=listed.exchange_index,
        generation=generation,
    )


def listed_order(listed: ListedOrder, received_ts: int, generation: int) -> Order:
    """Return an order that was read; why it last changed is not told there."""
    return _order(
        listed,
        received_ts,
        side=_side(listed, _bought(listed.side, listed.action)),
        exchange_ts=_time(listed.last_update_time or listed.created_time),
        created_ts=_time(listed.created_time),
        expiration_ts=_time(listed.expiration_time),
        generation=generation,
    )


def listed_position(listed: ListedPosition, received_ts: int, generation: int, subaccount: int) -> Position:
    """Return a position that was read; the list does not name the subaccount that was asked for."""
    return Position(
        ticker=listed.ticker,
        received_ts=received_ts,
        position=members.signed_quantity("position", listed.position_fp),
        cost=members.money("market_exposure", listed.market_exposure_dollars),
        realized_pnl=members.money("realized_pnl", listed.realized_pnl_dollars),
        fees=members.money("fees_paid", listed.fees_paid_dollars),
        volume=None,
        exchange_ts=_time(listed.last_updated_ts),
        subaccount=subaccount,
        exchange_index=listed.exchange_index,
        generation=generation,
    )


def as_of(reply: AsOf) -> int:
    """Return up to when the lists are complete."""
    return members.rfc3339(reply.as_of_time)


class _Directed(Protocol):
    """What tells a direction by today's members."""

    @property
    def outcome_side(self) -> Side | None: ...
    @property
    def book_side(self) -> BookSide | None: ...


def _order(
    told: UserOrderMsg | ListedOrder,
    received_ts: int,
    *,
    side: Side,
    exchange_ts: int | None,
    created_ts: int | None,
    expiration_ts: int | None,
    reason: str | None = None,
    generation: int | None = None,
) -> Order:
    return Order(
        ticker=told.ticker,
        order_id=told.order_id,
        client_order_id=told.client_order_id or None,
        exchange_ts=exchange_ts,
        received_ts=received_ts,
        status=told.status,
        side=side,
        yes_price=members.price("yes_price", told.yes_price_dollars),
        initial_qty=members.quantity("initial_count", told.initial_count_fp),
        filled_qty=members.quantity("fill_count", told.fill_count_fp),
        remaining_qty=members.quantity("remaining_count", told.remaining_count_fp),
        fees=members.money("taker_fees", told.taker_fees_dollars)
        + members.money("maker_fees", told.maker_fees_dollars),
        reason=reason,
        cost=members.money("taker_fill_cost", told.taker_fill_cost_dollars)
        + members.money("maker_fill_cost", told.maker_fill_cost_dollars),
        created_ts=created_ts,
        expiration_ts=expiration_ts,
        order_group_id=told.order_group_id or None,
        subaccount=told.subaccount_number,
        exchange_index=told.exchange_index,
        generation=generation,
    )


def _side(told: _Directed, deprecated: Side | None) -> Side:
    """Return the outcome that is bought."""
    if told.outcome_side is not None:
        return told.outcome_side
    if told.book_side is not None:
        return "yes" if told.book_side == "bid" else "no"
    if deprecated is None:
        raise Malformed("incomplete", "no direction")
    return deprecated


def _bought(side: Side | None, action: str | None) -> Side | None:
    """Return the outcome that is bought by old words: who sells yes buys no."""
    if side is None or not (action or "").startswith("sell"):
        return side
    return "no" if side == "yes" else "yes"


def _time(text: str | None) -> int | None:
    return members.rfc3339(text) if text else None
