"""Messages can wear the clothes of early 2026, members that nobody knows, or no `ts_ms`."""

from typing import Any

import msgspec
import pytest

from services.simulator.feed.dress import dress
from services.simulator.feed.habits import Habits
from shared.kalshi import normalise, wire
from tests.unit.services.simulator.harness import START, Table, market

LEGACY = Habits(legacy_twins=True)


def dressed(msg: dict[str, Any], habits: Habits = LEGACY, *, yes_scale: bool = False) -> dict[str, Any]:
    """Return the message as it is worn."""
    found: dict[str, Any] = msgspec.json.decode(dress(msgspec.json.encode(msg), habits, yes_scale=yes_scale))
    return found


@pytest.mark.parametrize(
    ("msg", "twins"),
    [
        (
            {"price_dollars": "0.9600", "delta_fp": "-54.00", "side": "yes"},
            {"price": 96, "delta": -54},
        ),
        (
            {
                "yes_bid_dollars": "0.0400",
                "yes_ask_dollars": "1.0000",
                "volume_fp": "13446.00",
                "open_interest_fp": "0.00",
            },
            {"yes_bid": 4, "yes_ask": 100, "volume": 13446, "open_interest": 0},
        ),
        (
            {"yes_price_dollars": "0.7700", "no_price_dollars": "0.2300", "count_fp": "75.40"},
            {"yes_price": 77, "no_price": 23, "count": 75},
        ),
        ({"position_fp": "-3.00"}, {"position": -3}),
        ({"post_position_fp": "500.00"}, {"post_position": 500}),
        ({"price_dollars": ""}, {}),
        (
            {"yes_dollars_fp": [["0.0800", "300.00"]], "no_dollars_fp": [["0.5450", "20.60"]]},
            {
                "yes": [[8, 300]],
                "yes_dollars": [["0.0800", 300]],
                "no": [[55, 21]],
                "no_dollars": [["0.5450", 21]],
            },
        ),
    ],
)
def test_twins(msg: dict[str, Any], twins: dict[str, Any]) -> None:
    """Beside each string stands the whole number of cents or contracts, rounded where it does not fit."""
    assert dressed(msg) == msg | twins


def test_cents_are_on_the_sides_own_scale() -> None:
    """On the yes scale the strings of the no side are turned, its cents are not, and nothing else is."""
    delta = {"price_dollars": "0.5200", "delta_fp": "1.00", "side": "no"}
    assert dressed(delta, yes_scale=True)["price"] == 48
    assert dressed({"no_dollars_fp": [["0.5200", "2.00"]]}, yes_scale=True)["no"] == [[48, 2]]
    fill = {"yes_price_dollars": "0.7500", "side": "no"}
    assert dressed(fill, yes_scale=True)["yes_price"] == 75


def test_unknown_members_and_no_ts_ms() -> None:
    """Members that nobody has heard of are added, or the one that is only sometimes there is taken away."""
    msg = {"market_ticker": "KXA-1", "ts_ms": 5, "ts": 1}
    strange = dressed(msg, Habits(unknown_members=True))
    assert msg.items() < strange.items()
    assert dressed(msg, Habits(ts_ms=False)) == {"market_ticker": "KXA-1", "ts": 1}


@pytest.mark.parametrize("yes_scale", [False, True])
@pytest.mark.parametrize("habits", [LEGACY, Habits(unknown_members=True), Habits(ts_ms=False)])
def test_a_client_reads_the_same_in_any_clothes(habits: Habits, yes_scale: bool) -> None:
    """Strings win over their twins and unknown members are ignored, so the book stays what it is."""
    table = Table([], listed=[market("KXZ-1", ((4715, 325),), ((4800, 200),))], habits=habits)
    client = table.client()
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=["KXZ-1"], use_yes_price=yes_scale)
    table.exchange.floor.change(table.world.markets["KXZ-1"], [("no", 4800, -50)], START.ts)
    (snapshot,) = client.update("get_snapshot", sid=1, market_tickers=["KXZ-1"])[1:]
    table.pass_time()
    message = wire.decode(msgspec.json.encode(snapshot))
    assert isinstance(message, wire.OrderbookSnapshot)
    assert normalise.ladders(message.msg, yes_scale=yes_scale) == (((4715, 325),), ((4800, 150),))


def test_the_cents_of_old_tell_the_same_book() -> None:
    """A client of 2025 that reads nothing but cents sees the same levels, on either scale."""
    for yes_scale in (False, True):
        table = Table([], listed=[market("KXZ-1", ((4700, 300),), ((4800, 200),))], habits=LEGACY)
        params = {"market_tickers": ["KXZ-1"], "use_yes_price": yes_scale}
        _, snapshot = table.client().say("subscribe", channels=["orderbook_delta"], **params)
        assert (snapshot["msg"]["yes"], snapshot["msg"]["no"]) == ([[47, 3]], [[48, 2]])


def test_today_nothing_is_dressed() -> None:
    """The default habits leave every byte alone."""
    assert not Habits().dresses
    assert Habits(legacy_twins=True).dresses
    assert Habits(unknown_members=True).dresses
    assert Habits(ts_ms=False).dresses
