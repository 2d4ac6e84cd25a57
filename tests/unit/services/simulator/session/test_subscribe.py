"""A subscribe opens one subscription per channel, or widens the one that is there."""

import pytest

from services.simulator.feed.channels import TRAITS, Channel
from tests.unit.services.simulator.harness import Client, Table, error, kinds

B, C = "KXA-1-B", "KXA-1-C"


@pytest.fixture
def client() -> Client:
    """A client at a fresh exchange."""
    return Table().client()


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


@pytest.mark.parametrize("channel", list(Channel))
def test_every_channel(client: Client, channel: Channel) -> None:
    """Each channel can be opened with what it has to be narrowed to, and opened again."""
    named = {name: ["all"] for name in [TRAITS[channel].named] if name}
    (opened, *_) = client.say("subscribe", channels=[channel], market_ticker=B, **named)
    assert opened == {"type": "subscribed", "id": 1, "msg": {"channel": channel, "sid": 1}}
    again = client.say("subscribe", 2, channels=[channel], market_ticker=B, **named)
    assert [(frame["type"], frame["sid"], "seq" in frame) for frame in again] == [("ok", 1, True)]


@pytest.mark.parametrize("channel", [channel for channel in Channel if TRAITS[channel].markets == "optional"])
def test_optional_markets(client: Client, channel: Channel) -> None:
    """Where markets are optional a subscription can be narrowed to them and widened to everything."""
    client.say("subscribe", channels=[channel], market_tickers=[B])
    (ok,) = client.say("subscribe", channels=[channel], market_tickers=[C])
    assert ok["msg"] == {"market_tickers": [B, C]}
    (ok,) = client.say("subscribe", channels=[channel])
    assert ok["msg"] == {}
    (ok,) = client.say("subscribe", channels=[channel], market_tickers=[C])
    assert ok["msg"] == {}


@pytest.mark.parametrize("channel", [channel for channel in Channel if TRAITS[channel].markets == "ignored"])
def test_ignored_markets(channel: Channel) -> None:
    """Where markets are ignored they narrow nothing."""
    table = Table()
    client = table.client()
    named = {name: ["all"] for name in [TRAITS[channel].named] if name}
    client.say("subscribe", channels=[channel], market_tickers=[B], **named)
    table.exchange.floor.announce("news", b"{}", channel)
    table.pass_time()
    assert kinds(client.heard()) == ["news"]


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


def test_merging_keeps_the_scale(client: Client) -> None:
    """What use_yes_price was opened with stays."""
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[C], use_yes_price=True)
    _, snapshot = client.say("subscribe", channels=["orderbook_delta"], market_ticker=B, use_yes_price=False)
    assert snapshot["msg"]["no_dollars_fp"] == [["0.5200", "2.00"], ["0.8000", "5.50"]]


def test_several_channels_some_open(client: Client) -> None:
    """One command can open one channel and widen another; a channel named twice joins itself."""
    client.say("subscribe", channels=["trade"], market_tickers=[B])
    assert client.say("subscribe", 2, channels=["fill", "trade", "fill"], market_tickers=[C]) == [
        {"type": "subscribed", "id": 2, "msg": {"channel": "fill", "sid": 2}},
        {"type": "ok", "id": 2, "sid": 1, "seq": 1, "msg": {"market_tickers": [B, C]}},
        {"type": "ok", "id": 2, "sid": 2, "seq": 1, "msg": {"market_tickers": [C]}},
    ]


def test_skip_ticker_ack(client: Client) -> None:
    """A subscription opened with skip_ticker_ack never lists its markets."""
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B], skip_ticker_ack=True)
    ok = client.update("add_markets", sid=1, market_tickers=[C])[0]
    assert ok["msg"] == {}
    (ok,) = client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B], skip_ticker_ack=False)
    assert ok["msg"] == {}
    (ok,) = client.update("delete_markets", sid=1, market_tickers=[C])
    assert ok["msg"] == {}


def test_unsubscribe(client: Client) -> None:
    """One reply per sid, with the sid's next number; the sid is never used again."""
    client.say("subscribe", channels=["orderbook_delta", "trade"], market_tickers=[B])
    assert client.say("unsubscribe", 5, sids=[2, 1]) == [
        {"type": "unsubscribed", "sid": 2, "seq": 1, "id": 5},
        {"type": "unsubscribed", "sid": 1, "seq": 2, "id": 5},
    ]
    acknowledged, snapshot = client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    assert (acknowledged["msg"]["sid"], snapshot["seq"]) == (3, 1)


def test_unsubscribe_from_what_is_not_open(client: Client) -> None:
    """An unknown sid among known ones is refused on its own, also the second mention of one."""
    client.say("subscribe", channels=["trade"])
    assert client.say("unsubscribe", 5, sids=[9, 1, 1]) == [
        error(7, "Unknown subscription ID", id=5),
        {"type": "unsubscribed", "sid": 1, "seq": 1, "id": 5},
        error(7, "Unknown subscription ID", id=5),
    ]


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
    client.say("unsubscribe", sids=[1])
    (listed,) = client.say("list_subscriptions", 6)
    assert listed["msg"] == [{"channel": "market_lifecycle_v2", "sid": 2}]


def test_id_zero_is_no_id(client: Client) -> None:
    """Replies to a command with id 0 carry none."""
    frames = client.say("subscribe", 0, channels=["orderbook_delta"], market_tickers=[B])
    frames += client.update("get_snapshot", 0, sid=1, market_tickers=[B])
    frames += client.update("dance", 0, sid=1)
    frames += client.update("delete_markets", 0, sid=1, market_tickers=[B])
    frames += client.say("list_subscriptions", 0)
    frames += client.say("unsubscribe", 0, sids=[1])
    expected = ["subscribed", "orderbook_snapshot", "orderbook_snapshot", "error", "ok", "ok", "unsubscribed"]
    assert kinds(frames) == expected
    assert not any("id" in frame for frame in frames)


def test_unknown_channel_spoils_only_itself(client: Client) -> None:
    """The other channels of the command still work."""
    frames = client.say("subscribe", channels=["nope", "trade"], market_tickers=[B])
    assert frames == [
        error(8, "Unknown channel name", id=1),
        {"type": "subscribed", "id": 1, "msg": {"channel": "trade", "sid": 1}},
    ]
