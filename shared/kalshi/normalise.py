"""From the exchange's messages to what the bus carries: exact integers, one scale, microseconds.

Today's strings win over the integer members of before March 2026 when a message has both. Whatever can not
be taken over exactly raises Malformed, for quarantine.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from proto import market
from proto.units import DOLLAR, SECOND, Ladder, Side
from shared.kalshi import wire
from shared.kalshi.errors import Inexact, Malformed
from shared.kalshi.numbers import cents, contracts, count, dollars

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST_MICROS = 2**53


def ladders(msg: wire.SnapshotMsg, *, yes_scale: bool) -> tuple[Ladder, Ladder]:
    """Return both ladders, best first, each on its own scale.

    With yes_scale (`use_yes_price`) the no side came with yes prices and is turned round; cents never do.
    """
    if msg.yes_dollars_fp is None and msg.no_dollars_fp is None:
        return _legacy_ladder(msg.yes), _legacy_ladder(msg.no)
    return (
        _ladder(msg.yes_dollars_fp, mirrored=False),
        _ladder(msg.no_dollars_fp, mirrored=yes_scale),
    )


def change(msg: wire.DeltaMsg, *, yes_scale: bool) -> tuple[Side, int, int]:
    """Return side, price on the side's own scale, and signed change of a level."""
    try:
        if msg.price_dollars is not None and msg.delta_fp is not None:
            price, quantity = dollars(msg.price_dollars), count(msg.delta_fp)
            if yes_scale and msg.side == "no":
                price = DOLLAR - price
        elif msg.price is not None and msg.delta is not None:
            price, quantity = cents(msg.price), contracts(msg.delta)
        else:
            raise Malformed("incomplete", "delta without price or quantity")
    except Inexact as error:
        raise Malformed("inexact", str(error)) from error
    if not 0 < price < DOLLAR:
        raise Malformed("out_of_range", f"level at price {price}")
    return msg.side, price, quantity


def exchange_ts(msg: wire.DeltaMsg | wire.TickerMsg | wire.TradeMsg) -> int | None:
    """Return the exchange's time: `ts_ms`, else `ts` as RFC 3339 text, else `ts` in seconds."""
    if msg.ts_ms is not None:
        return _micros(msg.ts_ms * 1000)
    if isinstance(msg.ts, str):
        return rfc3339(msg.ts)
    return _seconds(msg.ts)


def ticker(msg: wire.TickerMsg, received_ts: int) -> market.Ticker:
    """Return the exchange's ticker with the no side derived."""
    yes_bid = _price("yes_bid", msg.yes_bid_dollars, msg.yes_bid)
    yes_ask = _price("yes_ask", msg.yes_ask_dollars, msg.yes_ask)
    return market.Ticker(
        ticker=msg.market_ticker,
        exchange_ts=exchange_ts(msg),
        received_ts=received_ts,
        last_price=_last_price(msg),
        yes_bid=yes_bid,
        yes_bid_qty=_optional_quantity("yes_bid_size", msg.yes_bid_size_fp),
        yes_ask=yes_ask,
        yes_ask_qty=_optional_quantity("yes_ask_size", msg.yes_ask_size_fp),
        no_bid=DOLLAR - yes_ask,
        no_ask=DOLLAR - yes_bid,
        volume=_quantity("volume", msg.volume_fp, msg.volume),
        open_interest=_quantity("open_interest", msg.open_interest_fp, msg.open_interest),
        dollar_volume=msg.dollar_volume,
        dollar_open_interest=msg.dollar_open_interest,
    )


def trade(msg: wire.TradeMsg, received_ts: int) -> market.Trade:
    """Return a trade with both prices and the outcome its taker bought."""
    return market.Trade(
        ticker=msg.market_ticker,
        trade_id=msg.trade_id,
        exchange_ts=exchange_ts(msg),
        received_ts=received_ts,
        yes_price=_price("yes_price", msg.yes_price_dollars, msg.yes_price),
        no_price=_price("no_price", msg.no_price_dollars, msg.no_price),
        qty=_quantity("count", msg.count_fp, msg.count),
        taker_side=_taker_side(msg),
        block=msg.is_block_trade,
    )


def lifecycle(msg: wire.LifecycleMsg, received_ts: int) -> market.Lifecycle:
    """Return what happened to a market; metadata is nested in `created`, at top level in later updates."""
    metadata = msg.additional_metadata or wire.MetadataMsg()
    return market.Lifecycle(
        ticker=msg.market_ticker,
        event_type=msg.event_type,
        source="exchange",
        exchange_ts=None,
        received_ts=received_ts,
        open_ts=_seconds(msg.open_ts),
        close_ts=_seconds(msg.close_ts),
        determination_ts=_seconds(msg.determination_ts),
        settled_ts=_seconds(msg.settled_ts),
        is_deactivated=msg.is_deactivated,
        result=msg.result,
        settlement_value=_price("settlement_value", msg.settlement_value) if msg.settlement_value else None,
        price_level_structure=msg.price_level_structure,
        price_ranges=_price_ranges(msg.price_ranges),
        event_ticker=metadata.event_ticker,
        title=metadata.title,
        yes_sub_title=_first(msg.yes_sub_title, metadata.yes_sub_title),
        no_sub_title=metadata.no_sub_title,
        strike_type=_first(msg.strike_type, metadata.strike_type),
        floor_strike=_first(msg.floor_strike, metadata.floor_strike),
        cap_strike=_first(msg.cap_strike, metadata.cap_strike),
    )


def event(msg: wire.EventMsg, received_ts: int) -> market.Event:
    """Return the description of an event."""
    return market.Event(
        event_ticker=msg.event_ticker,
        received_ts=received_ts,
        title=msg.title,
        subtitle=_first(msg.subtitle, msg.sub_title) or "",
        series_ticker=msg.series_ticker,
        collateral_return_type=msg.collateral_return_type,
        strike_ts=_seconds(msg.strike_date),
        strike_period=msg.strike_period,
    )


def _ladder(levels: wire.StringLevels | None, *, mirrored: bool) -> Ladder:
    try:
        pairs = [(dollars(price), count(quantity)) for price, quantity in levels or ()]
    except Inexact as error:
        raise Malformed("inexact", str(error)) from error
    return _best_first((DOLLAR - price, quantity) for price, quantity in pairs) if mirrored else _best_first(pairs)


def _legacy_ladder(levels: wire.IntegerLevels | None) -> Ladder:
    return _best_first((cents(price), contracts(quantity)) for price, quantity in levels or ())


def _best_first(pairs: Iterable[tuple[int, int]]) -> Ladder:
    book: dict[int, int] = {}
    for price, quantity in pairs:
        if not 0 < price < DOLLAR or quantity < 0:
            raise Malformed("out_of_range", f"level of {quantity} at price {price}")
        if price in book:
            raise Malformed("invalid", f"two levels at price {price}")
        book[price] = quantity
    return tuple((price, book[price]) for price in sorted(book, reverse=True) if book[price])


def _price(member: str, text: str | None, legacy_cents: int | None = None) -> int:
    price = _either(member, text, dollars, legacy_cents, cents)
    if not 0 <= price <= DOLLAR:
        raise Malformed("out_of_range", f"{member} {price}")
    return price


def _last_price(msg: wire.TickerMsg) -> int | None:
    if msg.price_dollars == "" or (msg.price_dollars is None and msg.price is None):
        return None
    # Before the first trade the exchange says "" or 0, which is no price that a trade can have.
    return _price("price", msg.price_dollars, msg.price) or None


def _quantity(member: str, text: str | None, legacy_contracts: int | None = None) -> int:
    quantity = _either(member, text, count, legacy_contracts, contracts)
    if quantity < 0:
        raise Malformed("out_of_range", f"{member} {quantity}")
    return quantity


def _either(
    member: str, text: str | None, read: Callable[[str], int], legacy: int | None, convert: Callable[[int], int]
) -> int:
    try:
        if text is not None:
            return read(text)
    except Inexact as error:
        raise Malformed("inexact", f"{member}: {error}") from error
    if legacy is None:
        raise Malformed("incomplete", f"no {member}")
    return convert(legacy)


def _optional_quantity(member: str, text: str | None) -> int | None:
    return None if text is None else _quantity(member, text)


def _taker_side(msg: wire.TradeMsg) -> Side:
    if msg.taker_outcome_side is not None:
        return msg.taker_outcome_side
    if msg.taker_book_side is not None:
        return "yes" if msg.taker_book_side == "bid" else "no"
    if msg.taker_side is not None:
        return msg.taker_side
    raise Malformed("incomplete", "trade without the taker's side")


def _price_ranges(ranges: list[wire.PriceRangeMsg] | None) -> tuple[market.PriceRange, ...] | None:
    if ranges is None:
        return None
    return tuple(
        market.PriceRange(_price("start", band.start), _price("end", band.end), _price("step", band.step))
        for band in ranges
    )


def _seconds(value: int | None) -> int | None:
    return None if value is None else _micros(value * SECOND)


def rfc3339(text: str) -> int:
    """Return a time in text; raises Malformed."""
    try:
        moment = datetime.fromisoformat(text)
        return _micros((moment - _EPOCH) // _MICROSECOND)
    except (ValueError, TypeError) as error:  # TypeError: without an offset it names no moment
        raise Malformed("invalid", f"ts {text!r} is not an RFC 3339 time") from error


def _micros(value: int) -> int:
    if not 0 <= value < _LATEST_MICROS:
        raise Malformed("out_of_range", f"time {value}")
    return value


def _first(value: T | None, other: T | None) -> T | None:
    return other if value is None else value
