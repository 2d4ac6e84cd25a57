"""A client's commands are answered as the exchange answers them."""

from typing import Any

import pytest

from tests.unit.services.simulator.harness import Client, Table

B, C = "KXA-1-B", "KXA-1-C"


@pytest.fixture
def client() -> Client:
    """A client at a fresh exchange."""
    return Table().client()


def kinds(frames: list[dict[str, Any]]) -> list[str]:
    """Return the types of frames."""
    return [frame["type"] for frame in frames]


def error(code: int, text: str, **envelope: int) -> dict[str, Any]:
    """Return an error frame."""
    return {"type": "error", **envelope, "msg": {"code": code, "msg": text}}


def test_one_sid_per_channel(client: Client) -> None:
    """Each channel of a command is acknowledged on its own; the book's snapshots follow its own acknowledgement."""
    frames = client.say("subscribe", channels=["ticker", "orderbook_delta", "trade"], market_tickers=[B, C])
    assert [frame for frame in frames if frame["type"] == "subscribed"] == [
        {"type": "subscribed", "id": 1, "msg": {"channel": "ticker", "sid": 1}},
        {"type": "subscribed", "id": 1, "msg": {"channel": "orderbook_delta", "sid": 2}},
        {"type": "subscribed", "id": 1, "msg": {"channel": "trade", "sid": 3}},
    ]
    snapshots = [frame for frame in frames if frame["type"] == "orderbook_snapshot"]
    assert [(frame["sid"], frame["seq"], frame["msg"]["market_ticker"]) for frame in snapshots] == [
        (2, 1, B),
        (2, 2, C),
    ]
    assert "id" not in snapshots[0]


def test_snapshot_on_the_no_scale(client: Client) -> None:
    """Without use_yes_price the no side has no prices, and the key of an empty side is absent."""
    _, first, second = client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B, C], use_yes_price=False)
    assert first["msg"] == {
        "market_ticker": B,
        "market_id": "id-b",
        "yes_dollars_fp": [["0.0100", "1.00"], ["0.4700", "3.00"]],
        "no_dollars_fp": [["0.2000", "5.50"], ["0.4800", "2.00"]],
    }
    assert second["msg"] == {
        "market_ticker": C,
        "market_id": "id-c",
        "no_dollars_fp": [["0.9000", "7.00"]],
    }


def test_snapshot_on_the_yes_scale(client: Client) -> None:
    """With use_yes_price the no side has yes prices."""
    _, frame = client.say("subscribe", channels=["orderbook_delta"], market_ticker=B, use_yes_price=True)
    assert frame["msg"]["yes_dollars_fp"] == [["0.0100", "1.00"], ["0.4700", "3.00"]]
    assert frame["msg"]["no_dollars_fp"] == [["0.5200", "2.00"], ["0.8000", "5.50"]]


@pytest.mark.parametrize("use_yes_price", [False, True])
def test_legacy_snapshot(client: Client, use_yes_price: bool) -> None:
    """A market recorded in cents is told in cents, on the no scale whatever the flag."""
    _, frame = client.say("subscribe", channels=["orderbook_delta"], market_ticker="KXL-1", use_yes_price=use_yes_price)
    assert frame["msg"] == {"market_ticker": "KXL-1", "yes": [[11, 135]], "no": [[48, 31]]}


def test_unknown_market_is_empty(client: Client) -> None:
    """A market that does not exist is accepted and has no sides and no id."""
    _, frame = client.say("subscribe", channels=["orderbook_delta"], market_ticker="KXNONE")
    assert frame["msg"] == {"market_ticker": "KXNONE", "market_id": ""}
    assert kinds(client.say("unsubscribe", sids=[1])) == ["unsubscribed"]


def test_merging_subscribe(client: Client) -> None:
    """A second subscribe joins the sid: ok with the cumulative list, a snapshot for what is new and only for that."""
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    ok, snapshot = client.say("subscribe", 2, channels=["orderbook_delta"], market_tickers=[C, B, C])
    assert ok == {"type": "ok", "id": 2, "sid": 1, "seq": 2, "msg": {"market_tickers": [B, C]}}
    assert (snapshot["seq"], snapshot["msg"]["market_ticker"]) == (3, C)


def test_merging_subscribe_without_news(client: Client) -> None:
    """Subscribing again to what is held gives no fresh snapshot."""
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    assert kinds(client.say("subscribe", 2, channels=["orderbook_delta"], market_tickers=[B])) == ["ok"]


def test_add_and_delete_markets(client: Client) -> None:
    """Control replies take their numbers from the sid's one sequence."""
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    ok, snapshot = client.say("update_subscription", 2, action="add_markets", sids=[1], market_ticker=C)
    assert (ok["seq"], ok["msg"], snapshot["seq"]) == (2, {"market_tickers": [B, C]}, 3)
    (ok,) = client.say("update_subscription", 3, action="delete_markets", sid=1, market_tickers=[B])
    assert ok == {"type": "ok", "id": 3, "sid": 1, "seq": 4, "msg": {"market_tickers": [C]}}


def test_skip_ticker_ack(client: Client) -> None:
    """A subscription opened with skip_ticker_ack never lists its markets."""
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B], skip_ticker_ack=True)
    ok = client.say("update_subscription", action="add_markets", sid=1, market_tickers=[C])[0]
    assert ok["msg"] == {}


def test_get_snapshot(client: Client) -> None:
    """Snapshots on demand carry the command's id, continue the sequence, and change nothing."""
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    frames = client.say("update_subscription", 9, action="get_snapshot", sid=1, market_tickers=[C, B])
    assert [(f["type"], f["id"], f["seq"], f["msg"]["market_ticker"]) for f in frames] == [
        ("orderbook_snapshot", 9, 2, C),
        ("orderbook_snapshot", 9, 3, B),
    ]
    (ok,) = client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    assert ok["msg"] == {"market_tickers": [B]}
    assert client.say("update_subscription", action="get_snapshot", sid=1, market_tickers=[]) == []


def test_unsubscribe(client: Client) -> None:
    """One reply per sid, with the sid's next number; the sid is never used again."""
    client.say("subscribe", channels=["orderbook_delta", "trade"], market_tickers=[B])
    assert client.say("unsubscribe", 5, sids=[2, 1]) == [
        {"type": "unsubscribed", "sid": 2, "seq": 1, "id": 5},
        {"type": "unsubscribed", "sid": 1, "seq": 2, "id": 5},
    ]
    acknowledged, snapshot = client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    assert (acknowledged["msg"]["sid"], snapshot["seq"]) == (3, 1)


def test_list_subscriptions(client: Client) -> None:
    """The list is an array and has neither sid nor seq."""
    assert client.say_raw('{"id":4,"cmd":"list_subscriptions"}') == [{"type": "ok", "id": 4, "msg": []}]
    client.say("subscribe", channels=["ticker", "market_lifecycle_v2"])
    assert client.say_raw('{"id":5,"cmd":"list_subscriptions"}') == [
        {
            "type": "ok",
            "id": 5,
            "msg": [{"channel": "ticker", "sid": 1}, {"channel": "market_lifecycle_v2", "sid": 2}],
        }
    ]


def test_id_zero_is_no_id(client: Client) -> None:
    """Replies to a command with id 0 carry none."""
    frames = client.say("subscribe", 0, channels=["orderbook_delta"], market_tickers=[B])
    frames += client.say("update_subscription", 0, action="get_snapshot", sid=1, market_tickers=[B])
    frames += client.say("update_subscription", 0, action="dance", sid=1)
    assert kinds(frames) == ["subscribed", "orderbook_snapshot", "orderbook_snapshot", "error"]
    assert not any("id" in frame for frame in frames)


def test_unknown_channel_spoils_only_itself(client: Client) -> None:
    """The other channels of the command still work."""
    frames = client.say("subscribe", channels=["nope", "trade"], market_tickers=[B])
    assert frames == [
        error(8, "Unknown channel name", id=1),
        {"type": "subscribed", "id": 1, "msg": {"channel": "trade", "sid": 1}},
    ]


def test_initial_tickers(client: Client) -> None:
    """With send_initial_snapshot a ticker per market comes at once, derived or recorded, without sequence."""
    frames = client.say("subscribe", channels=["ticker"], market_tickers=[B, "KXT-1"], send_initial_snapshot=True)
    assert kinds(frames) == ["subscribed", "ticker", "ticker"]
    derived, recorded = frames[1:]
    assert "seq" not in derived
    assert derived["msg"] == {
        "market_ticker": B,
        "market_id": "id-b",
        "price_dollars": "0.0000",
        "yes_bid_dollars": "0.4700",
        "yes_ask_dollars": "0.5200",
        "volume_fp": "0.00",
        "open_interest_fp": "0.00",
        "dollar_volume": 0,
        "dollar_open_interest": 0,
        "yes_bid_size_fp": "3.00",
        "yes_ask_size_fp": "2.00",
        "last_trade_size_fp": "0.00",
        "ts": 1_800_000_000,
        "ts_ms": 1_800_000_000_000,
        "time": "2027-01-15T08:00:00Z",
    }
    assert recorded["msg"]["volume_fp"] == "13446.00"


SUBSCRIBED = ["orderbook_delta", "ticker"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", error(1, "Unable to process message")),
        ("{", error(1, "Unable to process message")),
        ("[]", error(1, "Unable to process message")),
        ('{"id":"x","cmd":"subscribe"}', error(1, "Unable to process message")),
        (b'{"id":1,"cmd":"list_subscriptions"}', error(1, "Unable to process message")),
        ("[" * 50_000, error(1, "Unable to process message")),
        ('{"id":3,"cmd":"subscribe"}', error(2, "Params required", id=3)),
        ('{"id":3,"cmd":"unsubscribe","params":null}', error(2, "Params required", id=3)),
        ('{"id":3,"cmd":"subscribe","params":{}}', error(3, "Channels required", id=3)),
        ('{"id":3,"cmd":"subscribe","params":{"channels":[]}}', error(3, "Channels required", id=3)),
        ('{"id":3,"cmd":"unsubscribe","params":{}}', error(4, "Subscription IDs required", id=3)),
        ('{"id":3,"cmd":"dance","params":{}}', error(5, "Unknown command", id=3)),
        ('{"id":3,"params":{}}', error(5, "Unknown command", id=3)),
        ('{"id":3,"cmd":"unsubscribe","params":{"sids":[9]}}', error(7, "Unknown subscription ID", id=3)),
        (
            '{"id":3,"cmd":"update_subscription","params":{"action":"add_markets","sid":9}}',
            error(7, "Unknown subscription ID", id=3),
        ),
        ('{"id":3,"cmd":"subscribe","params":{"channels":["x"]}}', error(8, "Unknown channel name", id=3)),
        ('{"id":3,"cmd":"subscribe","params":{"channels":[1]}}', error(11, "Invalid parameter", id=3)),
        ('{"id":3,"cmd":"subscribe","params":[]}', error(11, "Invalid parameter", id=3)),
        (
            '{"id":3,"cmd":"subscribe","params":{"channels":["trade"],"market_ticker":"A","market_tickers":["B"]}}',
            error(11, "Invalid parameter", id=3),
        ),
        (
            '{"id":3,"cmd":"subscribe","params":{"channels":["trade"],"market_tickers":[]}}',
            error(11, "Invalid parameter", id=3),
        ),
        (
            '{"id":3,"cmd":"subscribe","params":{"channels":["ticker"],"market_ids":["i"]}}',
            error(11, "Invalid parameter", id=3),
        ),
        (
            '{"id":3,"cmd":"update_subscription","params":{"action":"add_markets"}}',
            error(12, "Exactly one subscription ID is required", id=3),
        ),
        (
            '{"id":3,"cmd":"update_subscription","params":{"action":"add_markets","sids":[1,2]}}',
            error(12, "Exactly one subscription ID is required", id=3),
        ),
        (
            '{"id":3,"cmd":"update_subscription","params":{"action":"dance","sid":1}}',
            error(13, "Unsupported action", id=3, sid=1, seq=2),
        ),
        (
            '{"id":3,"cmd":"update_subscription","params":{"action":"get_snapshot","sid":2,"market_tickers":["A"]}}',
            error(13, "Unsupported action", id=3, sid=2),
        ),
        (
            '{"id":3,"cmd":"update_subscription","params":{"action":"add_markets","sid":1}}',
            error(14, "Market Ticker required", id=3, sid=1, seq=2),
        ),
        (
            '{"id":3,"cmd":"update_subscription","params":{"action":"get_snapshot","sid":1,"market_ticker":"A"}}',
            error(14, "Market Ticker required", id=3, sid=1, seq=2),
        ),
        ('{"id":3,"cmd":"update_subscription","params":{"sid":1}}', error(15, "Action required", id=3)),
    ],
)
def test_mistakes(client: Client, text: str | bytes, expected: dict[str, Any]) -> None:
    """Every mistake has its code; errors about a subscription carry its sid, and a number if it has a sequence."""
    client.say("subscribe", channels=SUBSCRIBED, market_tickers=[B])
    assert client.say_raw(text) == [expected]


def test_the_book_needs_markets(client: Client) -> None:
    """Only the book can not be had for every market at once."""
    frames = client.say("subscribe", channels=["orderbook_delta", "trade"])
    assert frames[0] == error(14, "Market Ticker required", id=1)
    assert kinds(frames) == ["error", "subscribed"]
