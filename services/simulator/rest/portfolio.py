"""The account's fills, orders and positions as REST lists them."""

from typing import Any

import msgspec

from proto.units import DOLLAR
from services.simulator.account.ledger import Ledger, Told, primary
from services.simulator.account.messages import Fill, UserOrder
from services.simulator.rest.errors import not_found
from services.simulator.rest.markets import within
from services.simulator.rest.pages import Place, newest, page
from services.simulator.rest.queries import GetFillsParams, GetOrdersParams, GetPositionsParams, names
from services.simulator.rest.shapes import time
from services.simulator.world.world import World
from shared.kalshi.numbers import dollars, format_dollars

_STATUSES = frozenset({"resting", "canceled", "executed"})
_MEMBERS_OF_COUNT_FILTER = {"position": "position_fp", "total_traded": "total_traded_dollars"}


def fills(world: World, params: GetFillsParams) -> dict[str, Any]:
    """Return a page of fills, the newest first."""
    found = (
        (Place(fill.ts_ms * 1000, f"{fill.trade_id} {fill.order_id}"), fill)
        for fill in world.ledger.fills.values()
        if params.ticker in {"", fill.market_ticker}
        and params.order_id in {"", fill.order_id}
        and params.subaccount in {None, primary(fill.subaccount)}
        and within(fill.ts_ms * 1000, params.min_ts, params.max_ts)
    )
    shown, cursor = page(newest(found, params.cursor), params.limit)
    return {"fills": [_fill(fill) for fill in shown], "cursor": cursor}


def orders(world: World, params: GetOrdersParams) -> dict[str, Any]:
    """Return a page of orders, the newest first; those whose status is unknown are not listed."""
    found = (
        (Place(_created_ts(order), order.order_id), order)
        for order in world.ledger.orders.values()
        if order.status in ({params.status} if params.status else _STATUSES)
        and params.ticker in {"", order.ticker}
        and _is_of(world, order.ticker, params.event_ticker)
        and params.subaccount in {None, primary(order.subaccount_number)}
        and within(_created_ts(order), params.min_ts, params.max_ts)
    )
    shown, cursor = page(newest(found, params.cursor), params.limit)
    return {"orders": [_order(order) for order in shown], "cursor": cursor}


def order(ledger: Ledger, order_id: str) -> dict[str, Any]:
    """Return one order; raises RequestRefused."""
    known = ledger.orders.get(order_id)
    if known is None or known.status not in _STATUSES:
        raise not_found()
    return {"order": _order(known)}


def positions(world: World, params: GetPositionsParams) -> dict[str, Any]:
    """Return a page of the positions of one subaccount; those of events are not added up."""
    wanted = [_MEMBERS_OF_COUNT_FILTER[name] for name in names(params.count_filter) if name in _MEMBERS_OF_COUNT_FILTER]
    shapes = (
        (Place(told.ts, ticker), _position(world, told))
        for (ticker, subaccount), told in world.ledger.positions.items()
        if subaccount == params.subaccount
        and params.ticker in {"", ticker}
        and _is_of(world, ticker, params.event_ticker)
    )
    found = ((at, shape) for at, shape in shapes if not wanted or any(_is_something(shape[name]) for name in wanted))
    shown, cursor = page(newest(found, params.cursor), params.limit)
    return {"market_positions": shown, "event_positions": [], "cursor": cursor}


def _fill(fill: Fill) -> dict[str, Any]:
    return {
        "fill_id": fill.trade_id,
        "trade_id": fill.trade_id,
        "order_id": fill.order_id,
        "ticker": fill.market_ticker,
        "market_ticker": fill.market_ticker,
        "count_fp": fill.count_fp,
        **_prices(fill.yes_price_dollars),
        "is_taker": fill.is_taker,
        "created_time": time(fill.ts_ms * 1000),
        "fee_cost": fill.fee_cost,
        "subaccount_number": primary(fill.subaccount),
        "ts": fill.ts,
        "outcome_side": fill.outcome_side,
        "book_side": fill.book_side,
        "exchange_index": fill.exchange_index,
    }


def _order(known: UserOrder) -> dict[str, Any]:
    told = msgspec.to_builtins(known)
    same = (
        *("order_id", "user_id", "client_order_id", "ticker", "outcome_side", "book_side", "status"),
        *("fill_count_fp", "remaining_count_fp", "initial_count_fp", "exchange_index", "created_time"),
        *("taker_fill_cost_dollars", "maker_fill_cost_dollars", "taker_fees_dollars", "maker_fees_dollars"),
    )
    perhaps = ("last_update_time", "expiration_time", "self_trade_prevention_type", "order_group_id")
    return (
        {member: told[member] for member in same}
        | {member: told.get(member) for member in perhaps}
        | _prices(known.yes_price_dollars)
        | {"type": "limit", "subaccount_number": primary(known.subaccount_number)}
    )


def _position(world: World, told: Told) -> dict[str, Any]:
    position = told.position
    market = world.markets.get(position.market_ticker)
    return {
        "ticker": position.market_ticker,
        "exchange_index": 0 if market is None else market.listing.exchange_index,
        "total_traded_dollars": position.position_cost_dollars,
        "position_fp": position.position_fp,
        "market_exposure_dollars": position.position_cost_dollars,
        "realized_pnl_dollars": position.realized_pnl_dollars,
        "fees_paid_dollars": position.fees_paid_dollars,
        "last_updated_ts": time(told.ts),
    }


def _prices(yes_price_dollars: str) -> dict[str, str]:
    no_price = DOLLAR - dollars(yes_price_dollars)
    return {"yes_price_dollars": yes_price_dollars, "no_price_dollars": format_dollars(no_price)}


def _created_ts(known: UserOrder) -> int:
    return (known.created_ts_ms or 0) * 1000


def _is_of(world: World, ticker: str, event_tickers: str) -> bool:
    market = world.markets.get(ticker)
    return not event_tickers or (market is not None and market.listing.event_ticker in names(event_tickers))


def _is_something(text: str) -> bool:
    return bool(text.strip("-0."))
