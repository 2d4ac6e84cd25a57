"""An operator moves markets by hand: each action does one step, tells it, and says what is wrong with it."""

from typing import Any

import msgspec
import pytest

from proto.units import SECOND
from services.simulator.errors import BadStep
from services.simulator.world.market import Market, Phase
from tests.asyncapi import WrongFrame, check
from tests.unit.services.simulator.harness import START, Client, kinds, listing
from tests.unit.services.simulator.life.lives import Lives

_START_S = START.ts // SECOND


def act(lives: Lives, action: str, **members: object) -> dict[str, Any]:
    """Give a command."""
    body = msgspec.json.encode({"action": action, **members})
    return lives.operator.command(body, lives.table.now)


def listener(lives: Lives, *channels: str, **params: Any) -> Client:
    """Return a client that has subscribed, by default to the lifecycle."""
    client = lives.table.client()
    client.say("subscribe", channels=list(channels or ("market_lifecycle_v2",)), **params)
    lives.table.pass_time()
    client.heard()
    return client


def heard(lives: Lives, client: Client) -> list[dict[str, Any]]:
    """Return the messages that a client has just heard, held to the exchange's document."""
    lives.table.turn()
    frames = client.heard_raw()
    for frame in frames:
        check(frame)
    return [frame["msg"] for frame in frames]


def test_a_market_is_created_opens_at_once_and_lives_its_life() -> None:
    """The event comes first, then the market; without another word it is open, and determined after its close."""
    lives = Lives()
    client = listener(lives)
    report = act(lives, "create", ticker="KXNEW-1-A", close_in_s=10)
    assert report["status"] == "active"
    event, created = heard(lives, client)
    assert (event["event_ticker"], event["series_ticker"]) == ("KXNEW-1", "KXNEW")
    assert (created["event_type"], created["open_ts"], created["close_ts"]) == ("created", _START_S, _START_S + 10)
    assert lives.flowing == ["KXNEW-1-A"]
    lives.table.pass_time(15)
    assert [msg["event_type"] for msg in heard(lives, client)] == ["determined"]


def test_a_market_that_opens_later_stays_unopened_until_then() -> None:
    """A second market of the event is announced without the event."""
    lives = Lives()
    act(lives, "create", ticker="KXNEW-1-A")
    client = listener(lives)
    report = act(lives, "create", ticker="KXNEW-1-B", open_in_s=5, price_level_structure="deci_cent", title="B?")
    assert report["status"] == "initialized"
    assert [msg["event_type"] for msg in heard(lives, client)] == ["created"]
    lives.table.pass_time(5)
    assert lives.flowing == ["KXNEW-1-A", "KXNEW-1-B"]


def test_trading_is_paused_and_goes_on_with_the_same_book() -> None:
    """`deactivated` and `activated` tell it, and the flow stands still meanwhile."""
    lives = Lives()
    market = lives.begin("KXA-1")
    book = market.ladders()
    client = listener(lives)
    assert act(lives, "deactivate", ticker="KXA-1")["status"] == "inactive"
    assert lives.flowing == []
    assert act(lives, "activate", ticker="KXA-1")["status"] == "active"
    assert lives.flowing == ["KXA-1"]
    assert [(msg["event_type"], msg["is_deactivated"]) for msg in heard(lives, client)] == [
        ("deactivated", True),
        ("activated", False),
    ]
    assert market.ladders() == book


def test_the_close_is_moved_and_then_happens() -> None:
    """`close_date_updated` tells the new time, at which the market closes."""
    lives = Lives()
    market = lives.begin("KXA-1", closes_in_s=1000)
    client = listener(lives)
    act(lives, "close_date_updated", ticker="KXA-1", close_in_s=7)
    assert heard(lives, client) == [
        {"market_ticker": "KXA-1", "event_type": "close_date_updated", "close_ts": _START_S + 7}
    ]
    lives.table.pass_time(7)
    assert market.phase is Phase.CLOSED


def test_an_open_market_is_determined_by_hand() -> None:
    """It closes first, which is told as an earlier close; then it is settled when its timer ends."""
    lives = Lives()
    market = lives.begin("KXA-1", closes_in_s=1000)
    client = listener(lives)
    assert act(lives, "determine", ticker="KXA-1", result="no")["result"] == "no"
    assert [msg["event_type"] for msg in heard(lives, client)] == ["close_date_updated", "determined"]
    assert market.ladders() == ((), ())
    lives.table.pass_time(3)
    assert [msg["event_type"] for msg in heard(lives, client)] == ["settled"]


def test_a_scalar_result_has_a_value_of_its_own() -> None:
    """The value is told in dollars."""
    lives = Lives()
    lives.begin("KXA-1")
    client = listener(lives)
    act(lives, "determine", ticker="KXA-1", result="scalar", settlement_value="0.35")
    determined = heard(lives, client)[-1]
    assert (determined["result"], determined["settlement_value"]) == ("scalar", "0.3500")


def test_a_market_is_settled_by_hand_from_any_phase() -> None:
    """What has to come before comes before."""
    lives = Lives()
    lives.begin("KXA-1")
    client = listener(lives)
    assert act(lives, "settle", ticker="KXA-1")["status"] == "finalized"
    assert [msg["event_type"] for msg in heard(lives, client)] == ["close_date_updated", "determined", "settled"]


def test_the_other_markets_of_an_exclusive_event_lose_to_the_one_that_won_by_hand() -> None:
    """The calendar does not give yes twice."""
    lives = Lives()
    for name in "AB":
        act(lives, "create", ticker=f"KXNEW-1-{name}", mutually_exclusive=True, close_in_s=10)
    act(lives, "determine", ticker="KXNEW-1-A", result="yes")
    lives.table.pass_time(15)
    assert lives.table.world.markets["KXNEW-1-B"].result == "no"


def test_a_finer_structure_keeps_resting_orders_and_tells_the_flow() -> None:
    """The ranges are told, and without a name it is the next finer structure."""
    lives = Lives()
    market = lives.begin("KXA-1")
    book = market.ladders()
    client = listener(lives)
    act(lives, "price_level_structure_updated", ticker="KXA-1", price_level_structure="tapered_deci_cent")
    act(lives, "price_level_structure_updated", ticker="KXA-1")
    first, second = heard(lives, client)
    assert [first["price_level_structure"], second["price_level_structure"]] == ["tapered_deci_cent", "deci_cent"]
    assert second["price_ranges"] == [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}]
    assert (market.ladders(), market.ticks.label, lives.flowing) == (book, second["price_level_structure"], ["KXA-1"])
    with pytest.raises(BadStep, match="is not finer"):
        act(lives, "price_level_structure_updated", ticker="KXA-1", price_level_structure="linear_cent")


def test_what_a_listing_says_changes() -> None:
    """Only what is given is told, and kept."""
    lives = Lives()
    market = lives.begin("KXA-1")
    client = listener(lives)
    act(lives, "metadata_updated", ticker="KXA-1", floor_strike=95000, yes_sub_title="above")
    assert heard(lives, client) == [
        {
            "market_ticker": "KXA-1",
            "event_type": "metadata_updated",
            "floor_strike": 95000.0,
            "yes_sub_title": "above",
        }
    ]
    assert (market.listing.floor_strike, market.listing.yes_sub_title) == (95000, "above")


def test_fees_of_an_event_are_told_with_their_nulls() -> None:
    """An override is set, and cleared again by nulls."""
    lives = Lives()
    lives.begin("KXA-1-B")
    client = listener(lives)
    act(lives, "event_fee_update", event_ticker="KXA-1", fee_type_override="flat", fee_multiplier_override=1.5)
    act(lives, "event_fee_update", event_ticker="KXA-1")
    assert heard(lives, client) == [
        {"event_ticker": "KXA-1", "fee_type_override": "flat", "fee_multiplier_override": 1.5},
        {"event_ticker": "KXA-1", "fee_type_override": None, "fee_multiplier_override": None},
    ]


def test_a_step_that_nobody_knows_can_be_told() -> None:
    """The exchange has had types that came and went, so a client has to live with them."""
    lives = Lives()
    lives.begin("KXA-1")
    client = listener(lives)
    act(lives, "other", ticker="KXA-1", event_type="fractional_trading_updated", members={"market": 1, "ticker": 2})
    lives.table.turn()
    [frame] = client.heard_raw()
    assert frame["msg"] == {
        "market_ticker": "KXA-1",
        "event_type": "fractional_trading_updated",
        "market": 1,
        "ticker": 2,
    }
    with pytest.raises(WrongFrame):
        check(frame)


def test_combos_are_told_on_their_channel_and_have_fewer_messages() -> None:
    """A pause is told there; a message that the document does not have for combos is refused."""
    lives = Lives()
    lives.begin("KXMVE-1", mve_collection_ticker="KXMVE-R")
    client = listener(lives, "multivariate_market_lifecycle")
    act(lives, "deactivate", ticker="KXMVE-1")
    lives.table.turn()
    assert kinds(client.heard_raw()) == ["multivariate_market_lifecycle"]
    for action in ("price_level_structure_updated", "metadata_updated"):
        with pytest.raises(BadStep, match="no such message about combos"):
            act(lives, action, ticker="KXMVE-1")


@pytest.mark.parametrize(
    ("action", "members", "problem"),
    [
        ("fly", {"ticker": "KXA-1"}, "not understood: .*fly"),
        ("deactivate", {}, "not understood: .*ticker"),
        ("deactivate", {"ticker": "KXA-1", "why": 1}, "not understood: .*why"),
        ("deactivate", {"ticker": "KXNO"}, "There is no market 'KXNO'"),
        ("activate", {"ticker": "KXA-1"}, "KXA-1 is active; activate needs one that is inactive"),
        ("close_date_updated", {"ticker": "KXA-1", "close_in_s": -1}, "not understood: .*>= 0"),
        ("determine", {"ticker": "KXA-1", "result": "maybe"}, "not understood: .*maybe"),
        ("determine", {"ticker": "KXA-1", "result": "scalar"}, 'needs its "settlement_value"'),
        ("determine", {"ticker": "KXA-1", "settlement_value": "1.5"}, "not understood"),
        ("create", {"ticker": "KXA-1"}, "already"),
        ("create", {"ticker": "KXB-1", "open_in_s": 9, "close_in_s": 3}, "before it opens"),
        ("create", {"ticker": "KXB-1", "price_level_structure": "golden"}, "no price level structure 'golden'"),
        ("price_level_structure_updated", {"ticker": "KXA-1", "price_level_structure": "golden"}, "'golden'"),
        ("metadata_updated", {"ticker": "KXA-1"}, "Nothing is to be changed"),
        ("event_fee_update", {"event_ticker": "KXNO"}, "There is no event 'KXNO'"),
    ],
)
def test_what_can_not_be_done_is_said_in_a_sentence(action: str, members: dict[str, Any], problem: str) -> None:
    """Nothing changes, and nobody is told anything."""
    lives = Lives()
    lives.begin("KXA-1")
    client = listener(lives)
    with pytest.raises(BadStep, match=problem):
        act(lives, action, **members)
    lives.table.turn()
    assert client.heard_raw() == []
    assert [market.phase for market in lives.table.world.markets.values()] == [Phase.ACTIVE]


@pytest.mark.parametrize(
    "step",
    [
        {"action": "deactivate"},
        {"action": "close_date_updated", "close_in_s": 1},
        {"action": "determine"},
        {"action": "settle"},
        {"action": "price_level_structure_updated"},
    ],
)
def test_what_a_capture_moves_is_not_stopped(step: dict[str, Any]) -> None:
    """Its frames would no longer fit its book; what is only told can be told."""
    lives = Lives()
    lives.table.world.add(Market(listing("KXR-1"), replayed=True))
    with pytest.raises(BadStep, match="KXR-1 is moved by a capture"):
        act(lives, ticker="KXR-1", **step)
    assert act(lives, "other", ticker="KXR-1", event_type="new")["status"] == "active"


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"action":1}', b"[" * 5000])
def test_a_body_that_is_no_command_is_refused(body: bytes) -> None:
    """Whatever it is, the answer is a sentence."""
    lives = Lives()
    with pytest.raises(BadStep, match="not understood"):
        lives.operator.command(body, lives.table.now)
