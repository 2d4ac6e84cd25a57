"""Private messages are completed so that they are always whole, and heard by those whom they concern."""

from itertools import chain
from random import Random
from typing import Any

import msgspec
import pytest

from services.simulator.account.defaults import OWN_ID, USER_ID
from services.simulator.account.sender import Sender
from services.simulator.errors import BadPrivate
from services.simulator.world.listing import Leg
from tests.asyncapi import check
from tests.unit.services.simulator.harness import START, Client, Table, market

_CHANNELS = ["fill", "user_orders", "market_positions", "order_group_updates", "communications"]
_NOW_MS = START.ts // 1000
_COMBO_LEG = Leg(event_ticker="KXA", market_ticker="KXA-1", side="no")


class Desk:
    """A table with a sender of private messages."""

    def __init__(self) -> None:
        combo = market("KXMVE-1", mve_collection_ticker="KXMVE-R", mve_selected_legs=(_COMBO_LEG,))
        listed = [market("KXA-1", ((4700, 300),), ((5000, 200),), exchange_index=2), market("KXA-2"), combo]
        self.table = Table([], listed=listed)
        self._sender = Sender(self.table.world, Random(3).random)

    def client(self, *channels: str, **params: Any) -> Client:
        """Return a client that has subscribed, by default to everything private."""
        client = self.table.client()
        client.say("subscribe", channels=list(channels or _CHANNELS), **params)
        return client

    def send(self, *messages: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """Send messages and return what is said to have been sent."""
        body = msgspec.json.encode([{"type": kind, "msg": msg} for kind, msg in messages])
        sent: list[dict[str, Any]] = self._sender.send(body, self.table.now)["sent"]
        self.table.turn()
        return sent

    def raw(self, body: bytes) -> dict[str, Any]:
        """Send a body."""
        return self._sender.send(body, self.table.now)

    def said(self, kind: str, **msg: Any) -> dict[str, Any]:
        """Return the message that a listener hears, held to the exchange's document."""
        client = self.client()
        self.send((kind, msg))
        [frame] = client.heard_raw()
        check(frame)
        client.leave()
        heard: dict[str, Any] = frame["msg"]
        return heard


@pytest.mark.parametrize(
    ("kind", "msg"),
    [
        ("fill", {"market_ticker": "KXA-1"}),
        ("fill", {"market_ticker": "KXA-2", "client_order_id": "mine", "subaccount": 3}),
        ("user_order", {"ticker": "KXA-1"}),
        ("user_order", {"ticker": "KXA-1", "created_ts_ms": None, "last_update_reason": "Trade"}),
        ("user_order", {"ticker": "KXA-2", "expiration_ts_ms": 1, "self_trade_prevention_type": "maker"}),
        ("market_position", {"market_ticker": "KXA-1"}),
        ("market_position", {"market_ticker": "KXA-2", "position_fp": "-12.50"}),
        ("order_group_updates", {}),
        ("order_group_updates", {"event_type": "triggered", "order_group_id": "og_1"}),
        ("rfq_created", {"market_ticker": "KXA-1"}),
        ("rfq_created", {"market_ticker": "KXMVE-1", "target_cost_dollars": "100.0000"}),
        ("rfq_deleted", {"market_ticker": "KXMVE-1"}),
        ("quote_created", {"market_ticker": "KXA-1"}),
        ("quote_created", {"market_ticker": "KXA-2", "rfq_creator_id": "self"}),
        ("quote_accepted", {"market_ticker": "KXA-1", "accepted_side": "no"}),
        ("quote_executed", {"market_ticker": "KXA-1"}),
    ],
)
def test_whatever_is_left_out_is_filled_in(kind: str, msg: dict[str, Any]) -> None:
    """The message is whole as the exchange's document wants it, and keeps what was given."""
    said = Desk().said(kind, **msg)
    assert all(said[member] == value for member, value in msg.items() if value != "self")


@pytest.mark.parametrize(
    ("given", "side", "action", "outcome"),
    [
        ({}, "yes", "buy", "yes"),
        ({"side": "no"}, "no", "buy", "no"),
        ({"outcome_side": "no"}, "no", "buy", "no"),
        ({"book_side": "ask"}, "no", "buy", "no"),
        ({"side": "yes", "action": "sell"}, "yes", "sell", "no"),
        ({"side": "no", "action": "sell_to_close"}, "no", "sell_to_close", "yes"),
        ({"side": "yes", "book_side": "ask"}, "yes", "sell", "no"),
        ({"action": "", "purchased_side": "no"}, "no", "", "no"),
    ],
)
def test_all_members_that_tell_a_direction_agree(given: dict[str, str], side: str, action: str, outcome: str) -> None:
    """Old ones and new ones: who sells yes buys no."""
    fill = Desk().said("fill", market_ticker="KXA-1", **given)
    assert (fill["side"], fill["action"]) == (side, action)
    assert (fill["outcome_side"], fill["purchased_side"]) == (outcome, outcome)
    assert fill["book_side"] == ("bid" if outcome == "yes" else "ask")
    assert fill["post_position_fp"] == ("1.00" if outcome == "yes" else "-1.00")


def test_a_fill_has_the_price_the_fee_and_the_time_of_the_market() -> None:
    """A taker pays the best price of the other side and 7 % of its variance, raised to a cent; a maker pays no fee."""
    desk = Desk()
    taken = desk.said("fill", market_ticker="KXA-1", count_fp="10.00")
    assert (taken["yes_price_dollars"], taken["fee_cost"], taken["exchange_index"]) == ("0.5000", "0.180000", 2)
    assert (taken["ts_ms"], taken["ts"]) == (_NOW_MS, _NOW_MS // 1000)
    made = desk.said("fill", market_ticker="KXA-1", is_taker=False, ts=1_700_000_000)
    assert (made["yes_price_dollars"], made["fee_cost"], made["ts_ms"]) == ("0.4700", "0.000000", 1_700_000_000_000)
    assert taken["trade_id"] != made["trade_id"]


@pytest.mark.parametrize(
    ("given", "status", "counts"),
    [
        ({}, "resting", ("0.00", "10.00", "10.00")),
        ({"initial_count_fp": "5.00", "fill_count_fp": "2.00"}, "resting", ("2.00", "3.00", "5.00")),
        ({"fill_count_fp": "2.00", "remaining_count_fp": "0.00"}, "executed", ("2.00", "0.00", "2.00")),
        ({"status": "executed", "initial_count_fp": "5.00"}, "executed", ("5.00", "0.00", "5.00")),
        ({"status": "canceled"}, "canceled", ("0.00", "0.00", "10.00")),
        ({"initial_count_fp": "5.00", "remaining_count_fp": "1.00"}, "resting", ("4.00", "1.00", "5.00")),
        (
            {"initial_count_fp": "5.00", "fill_count_fp": "2.00", "remaining_count_fp": "0.00"},
            "canceled",
            ("2.00", "0.00", "5.00"),
        ),
    ],
)
def test_the_counts_of_an_order_add_up(given: dict[str, str], status: str, counts: tuple[str, str, str]) -> None:
    """And its status follows from them."""
    order = Desk().said("user_order", ticker="KXA-1", **given)
    assert order["status"] == status
    assert (order["fill_count_fp"], order["remaining_count_fp"], order["initial_count_fp"]) == counts


def test_an_order_tells_each_time_in_both_forms_and_what_was_paid() -> None:
    """Costs are what was filled at the price of the outcome that was bought."""
    order = Desk().said(
        "user_order",
        ticker="KXA-1",
        side="no",
        yes_price_dollars="0.4000",
        fill_count_fp="2.00",
        expiration_time="2024-12-01T11:00:00Z",
        last_updated_ts_ms=1_733_047_200_500,
    )
    assert order["expiration_ts_ms"] == 1_733_050_800_000
    assert order["last_update_time"] == "2024-12-01T10:00:00.5Z"
    assert order["created_ts_ms"] == _NOW_MS
    assert (order["is_yes"], order["book_side"], order["user_id"]) == (False, "ask", USER_ID)
    assert order["maker_fill_cost_dollars"] == "1.200000"


def test_a_combo_is_asked_for_with_its_legs() -> None:
    """The legs and the collection are its own."""
    asked = Desk().said("rfq_created", market_ticker="KXMVE-1")
    assert asked["mve_collection_ticker"] == "KXMVE-R"
    assert asked["mve_selected_legs"] == [{"event_ticker": "KXA", "market_ticker": "KXA-1", "side": "no"}]


def test_only_those_who_listen_to_the_market_hear() -> None:
    """A subscription without markets hears all of them, a narrowed one its own."""
    desk = Desk()
    everything = desk.client("fill", "user_orders")
    one = desk.client("fill", "user_orders", market_tickers=["KXA-1"])
    other = desk.client("fill", "user_orders", market_tickers=["KXA-2"])
    sent = desk.send(("fill", {"market_ticker": "KXA-1"}), ("user_order", {"ticker": "KXA-1"}))
    assert [message["subscriptions"] for message in sent] == [2, 2]
    assert [len(client.heard()) for client in (everything, one, other)] == [2, 2, 0]


def test_a_list_is_sent_in_its_order_with_sequence_numbers_only_where_they_belong() -> None:
    """Order groups are numbered, fills are not."""
    desk = Desk()
    client = desk.client()
    desk.send(("order_group_updates", {}), ("fill", {"market_ticker": "KXA-1"}), ("order_group_updates", {}))
    frames = client.heard()
    assert [frame.get("seq") for frame in frames] == [1, None, 2]


def test_every_shard_hears_its_part_of_the_communications() -> None:
    """Each market is in exactly one shard, always the same."""
    desk = Desk()
    shards = [desk.client("communications", shard_factor=3, shard_key=key) for key in range(3)]
    for _ in range(2):
        desk.send(*[("rfq_created", {"market_ticker": ticker}) for ticker in ("KXA-1", "KXA-2", "KXMVE-1")])
    heard = [[frame["msg"]["market_ticker"] for frame in client.heard()] for client in shards]
    assert sorted(chain(*heard)) == sorted(["KXA-1", "KXA-2", "KXMVE-1"] * 2)
    assert all(tickers[: len(tickers) // 2] == tickers[len(tickers) // 2 :] for tickers in heard)


def test_the_user_filter_hears_only_what_its_own_account_asks() -> None:
    """Without it everybody's requests are heard; "self" is the account."""
    desk = Desk()
    everybody, own = desk.client("communications"), desk.client("communications", user_filter="self")
    asked = {"market_ticker": "KXA-1"}
    desk.send(("rfq_created", asked), ("rfq_created", asked | {"creator_id": "self"}))
    assert len(everybody.heard()) == 2
    assert [frame["msg"]["creator_id"] for frame in own.heard()] == [OWN_ID]


def test_quotes_are_heard_by_their_parties_alone() -> None:
    """A quote between strangers reaches nobody here; one that somebody gave to the account's request does."""
    desk = Desk()
    client = desk.client("communications")
    about = {"market_ticker": "KXA-1"}
    sent = desk.send(
        ("quote_created", about | {"quote_creator_id": "one", "rfq_creator_id": "another"}),
        ("quote_created", about | {"quote_creator_id": "one"}),
        ("quote_executed", about),
    )
    assert [message["subscriptions"] for message in sent] == [0, 1, 1]
    first, second = (frame["msg"] for frame in client.heard())
    assert (first["rfq_creator_id"], second["quote_creator_id"]) == (OWN_ID, OWN_ID)


@pytest.mark.parametrize(
    ("kind", "msg", "problem"),
    [
        ("ticker", {}, "There is no private message 'ticker'; there are fill, user_order"),
        ("fill", {}, "give its market_ticker"),
        ("user_order", {"market_ticker": "KXA-1"}, "user_order was not understood: .*market_ticker"),
        ("fill", {"market_ticker": "KXNO"}, "There is no market 'KXNO'"),
        ("fill", {"market_ticker": "KXA-1", "count": 3}, "fill was not understood: .*count.* Its members are"),
        ("fill", {"market_ticker": "KXA-1", "count_fp": 3}, "not understood: .*count_fp"),
        ("fill", {"market_ticker": "KXA-1", "count_fp": "-3.00"}, "not understood: .*count_fp"),
        ("fill", {"market_ticker": "KXA-1", "yes_price_dollars": "1.2000"}, "not understood: .*yes_price_dollars"),
        ("fill", {"market_ticker": "KXA-1", "count_fp": "3.5"}, "not understood: .*count_fp"),
        ("fill", {"market_ticker": "KXA-1", "ts": 2**52}, "not understood: .*ts"),
        ("user_order", {"ticker": "KXA-1", "created_time": "1910-01-01T10:00:00Z"}, "not understood: .*created_ts_ms"),
        ("fill", {"market_ticker": "KXA-1", "trade_id": "t1"}, "not understood: .*trade_id"),
        ("fill", {"market_ticker": "KXA-1", "outcome_side": "yes", "book_side": "ask"}, "contradict each other"),
        ("user_order", {"ticker": "KXA-1", "side": "yes", "is_yes": False}, "contradict each other"),
        ("user_order", {"ticker": "KXA-1", "created_time": "2024-13-01T10:00:00Z"}, "is no time"),
        ("user_order", {"ticker": "KXA-1", "initial_count_fp": "1.00", "fill_count_fp": "2.00"}, "More is filled"),
        ("rfq_created", {"market_ticker": "KXMVE-1", "mve_selected_legs": []}, "not understood: .*legs"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_sent(kind: str, msg: dict[str, Any], problem: str) -> None:
    """Not even the good messages of the same body."""
    desk = Desk()
    client = desk.client()
    with pytest.raises(BadPrivate, match=problem):
        desk.send(("fill", {"market_ticker": "KXA-1"}), (kind, msg))
    desk.table.turn()
    assert client.heard() == []


@pytest.mark.parametrize("body", [b"", b"3", b"\xff", b'{"type":"fill","message":{}}', b'[{"msg":{}}]', b"[" * 5000])
def test_a_body_that_is_no_message_is_refused(body: bytes) -> None:
    """Whatever it is, the answer is a sentence."""
    with pytest.raises(BadPrivate, match="not understood"):
        Desk().raw(body)


def test_too_many_messages_at_once_are_refused() -> None:
    """A body is bounded."""
    with pytest.raises(BadPrivate, match="too many at once"):
        Desk().send(*[("order_group_updates", {})] * 1001)


def test_one_message_needs_no_list() -> None:
    """The answer tells what was filled in, and how many heard it."""
    desk = Desk()
    [sent] = desk.raw(b'{"type":"order_group_updates","msg":{"order_group_id":"og"}}')["sent"]
    assert (sent["type"], sent["msg"]["order_group_id"], sent["subscriptions"]) == ("order_group_updates", "og", 0)
