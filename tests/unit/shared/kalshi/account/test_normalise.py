"""What the exchange says and lists of the account, in the units of the bus."""

from typing import Any

import msgspec
import pytest

from proto.private import Fill, Order, Position
from shared.kalshi import wire
from shared.kalshi.account import lists, normalise
from shared.kalshi.errors import Malformed

RECEIVED_TS = 1_773_333_668_022_088
FILL: dict[str, Any] = {
    "trade_id": "t",
    "order_id": "o",
    "market_ticker": "KXA-1",
    "exchange_index": 2,
    "is_taker": True,
    "yes_price_dollars": "0.9500",
    "count_fp": "54.00",
    "fee_cost": "0.017500",
    "outcome_side": "no",
    "book_side": "ask",
    "ts_ms": 1_773_333_668_015,
    "post_position_fp": "-54.00",
    "side": "yes",
    "action": "sell",
    "purchased_side": "no",
    "ts": 1_773_333_668,
}
ORDER: dict[str, Any] = {
    "order_id": "o",
    "user_id": "u",
    "ticker": "KXA-1",
    "exchange_index": 0,
    "status": "resting",
    "outcome_side": "yes",
    "book_side": "bid",
    "yes_price_dollars": "0.4800",
    "fill_count_fp": "2.50",
    "remaining_count_fp": "7.50",
    "initial_count_fp": "10.00",
    "taker_fill_cost_dollars": "0.480000",
    "maker_fill_cost_dollars": "0.720000",
    "taker_fees_dollars": "0.010000",
    "maker_fees_dollars": "0.000001",
    "client_order_id": "",
    "created_ts_ms": 1_773_333_601_005,
    "last_updated_ts_ms": 1_773_333_668_015,
    "last_update_reason": "Trade",
}
POSITION: dict[str, Any] = {
    "user_id": "u",
    "market_ticker": "KXA-1",
    "position_fp": "-12.50",
    "position_cost_dollars": "6.125000",
    "realized_pnl_dollars": "-1.250000",
    "fees_paid_dollars": "0.420000",
    "position_fee_cost_dollars": "0.100000",
    "volume_fp": "25.00",
}
LISTED_POSITION = {
    "ticker": "KXA-1",
    "exchange_index": 2,
    "total_traded_dollars": "9.0000",
    "position_fp": "-12.50",
    "market_exposure_dollars": "6.1250",
    "realized_pnl_dollars": "-1.2500",
    "fees_paid_dollars": "0.4200",
    "last_updated_ts": "2026-03-12T16:41:08.015Z",
}


def frame(kind: str, msg: dict[str, Any]) -> wire.Frame:
    """Return a frame with members of tomorrow in it, as the wire module reads it."""
    return wire.decode(msgspec.json.encode({"type": kind, "sid": 3, "msg": msg | {"of_tomorrow": {}}, "new": 1}))


def fill(**changed: Any) -> Fill:
    """Return the fill with some members changed, or left out where they are None."""
    read = frame("fill", {name: value for name, value in (FILL | changed).items() if value is not None})
    assert isinstance(read, wire.Fill)
    return normalise.fill(read.msg, RECEIVED_TS)


def order(**changed: Any) -> Order:
    """Return the order with some members changed, or left out where they are None."""
    read = frame("user_order", {name: value for name, value in (ORDER | changed).items() if value is not None})
    assert isinstance(read, wire.UserOrder)
    return normalise.order(read.msg, RECEIVED_TS)


def test_a_fill_is_exact() -> None:
    """Prices, quantities and money are whole numbers of their units, times microseconds."""
    assert fill(client_order_id="mine", subaccount=3) == Fill(
        ticker="KXA-1",
        trade_id="t",
        order_id="o",
        client_order_id="mine",
        exchange_ts=1_773_333_668_015_000,
        received_ts=RECEIVED_TS,
        side="no",
        is_taker=True,
        yes_price=9500,
        qty=5400,
        fee=17_500,
        position=-5400,
        subaccount=3,
        exchange_index=2,
    )


def test_an_order_is_exact() -> None:
    """What a taker and a maker paid is added up; an empty id is none."""
    assert order() == Order(
        ticker="KXA-1",
        order_id="o",
        client_order_id=None,
        exchange_ts=1_773_333_668_015_000,
        received_ts=RECEIVED_TS,
        status="resting",
        side="yes",
        yes_price=4800,
        initial_qty=1000,
        filled_qty=250,
        remaining_qty=750,
        fees=10_001,
        reason="Trade",
        cost=1_200_000,
        created_ts=1_773_333_601_005_000,
        exchange_index=0,
    )


def test_a_position_is_exact() -> None:
    """What is held of no is negative, as is what was lost."""
    read = frame("market_position", POSITION)
    assert isinstance(read, wire.MarketPosition)
    assert normalise.position(read.msg, RECEIVED_TS) == Position(
        ticker="KXA-1",
        received_ts=RECEIVED_TS,
        position=-1250,
        cost=6_125_000,
        realized_pnl=-1_250_000,
        fees=420_000,
        volume=2500,
    )


def test_a_listed_position_says_the_same() -> None:
    """Its cost has another name there, its time is a text, and its volume is not listed."""
    read = lists.decode(msgspec.json.encode({"market_positions": [LISTED_POSITION]}), lists.Positions)
    assert read.cursor == ""
    assert normalise.listed_position(read.market_positions[0], RECEIVED_TS, 7, 1) == Position(
        ticker="KXA-1",
        received_ts=RECEIVED_TS,
        position=-1250,
        cost=6_125_000,
        realized_pnl=-1_250_000,
        fees=420_000,
        volume=None,
        exchange_ts=1_773_333_668_015_000,
        subaccount=1,
        exchange_index=2,
        generation=7,
    )


@pytest.mark.parametrize(
    ("members", "side"),
    [
        ({"outcome_side": "yes", "purchased_side": "no"}, "yes"),
        ({"book_side": "bid", "purchased_side": "no"}, "yes"),
        ({"book_side": "ask", "purchased_side": "yes"}, "no"),
        ({"purchased_side": "yes", "side": "no", "action": "buy"}, "yes"),
        ({"side": "yes", "action": "sell"}, "no"),
        ({"side": "no", "action": "sell_to_close"}, "yes"),
        ({"side": "no", "action": ""}, "no"),
    ],
)
def test_a_fill_is_directed_by_todays_members_first(members: dict[str, Any], side: str) -> None:
    """Deprecated members decide only where today's are missing; who sells yes buys no."""
    absent = dict.fromkeys(("outcome_side", "book_side", "purchased_side", "side", "action"))
    assert fill(**absent | members).side == side


@pytest.mark.parametrize(
    ("members", "side"),
    [
        ({"outcome_side": None, "is_yes": True, "side": "yes"}, "yes"),
        ({"outcome_side": None, "book_side": None, "is_yes": False}, "no"),
        ({"outcome_side": None, "book_side": None, "side": "no"}, "no"),
    ],
)
def test_an_order_is_directed_by_todays_members_first(members: dict[str, Any], side: str) -> None:
    """An order's deprecated members are a truth value and a side."""
    assert order(**members).side == side


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"count_fp": "1.001"}, "inexact"),
        ({"count_fp": "-1.00"}, "out_of_range"),
        ({"fee_cost": "0.0000001"}, "inexact"),
        ({"yes_price_dollars": "1.0001"}, "out_of_range"),
        ({"yes_price_dollars": "half"}, "inexact"),
        ({"ts_ms": -1}, "out_of_range"),
        ({"outcome_side": None, "book_side": None, "purchased_side": None, "side": None}, "incomplete"),
        ({"market_ticker": ""}, "invalid"),
        ({"order_id": None}, "invalid"),
        ({"outcome_side": "maybe"}, "invalid"),
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, Any], reason: str) -> None:
    """Nothing is rounded, and nothing is guessed."""
    with pytest.raises(Malformed) as caught:
        fill(**changed)
    assert caught.value.reason == reason


def test_a_frame_of_the_account_is_known_as_one_even_if_it_is_not_understood() -> None:
    """So that it is kept from the public quarantine."""
    with pytest.raises(Malformed) as caught:
        frame("user_order", {})
    assert caught.value.kind in wire.ACCOUNT_TYPES
    assert frozenset({"fill", "user_order", "market_position"}) == wire.ACCOUNT_TYPES


@pytest.mark.parametrize(("body", "reason"), [(b"{}", "invalid"), (b"<html>", "not_json"), (b"", "not_json")])
def test_a_reply_that_is_none_is_refused(body: bytes, reason: str) -> None:
    """A page of some proxy is no list."""
    with pytest.raises(Malformed) as caught:
        lists.decode(body, lists.Fills)
    assert caught.value.reason == reason
