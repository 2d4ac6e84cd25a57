"""A subscribe opens one subscription per channel, or widens the one that is there."""

import pytest

from services.simulator.feed.channels import TRAITS, Channel
from services.simulator.world.listing import market_id
from tests.unit.services.simulator.harness import Client, Table, error, kinds, market

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


def test_initial_tickers_are_only_for_the_ticker_channel(client: Client) -> None:
    """send_initial_snapshot neither doubles nor withholds the snapshots of books, and asks nothing of trades."""
    for wanted in (False, True):
        frames = client.say(
            "subscribe", channels=["orderbook_delta", "trade"], market_ticker=B, send_initial_snapshot=wanted
        )
        assert kinds(frames) == ["subscribed", "orderbook_snapshot", "subscribed"]
        client.say("unsubscribe", sids=[frame["msg"]["sid"] for frame in frames if frame["type"] == "subscribed"])
    assert kinds(client.say("subscribe", channels=["ticker"], market_ticker=B)) == ["subscribed"]


def test_an_old_ticker_keeps_its_time() -> None:
    """The first ticker of a subscriber tells when it was caused, be it minutes ago."""
    table = Table([], listed=[market("KXZ-1", ((4000, 100),))])
    caused_at = table.now.ts // 1000
    table.exchange.floor.change(table.world.markets["KXZ-1"], [("yes", 4100, 100)], table.now.ts)
    table.exchange.floor.quote(table.world.markets["KXZ-1"], table.now.ts)
    table.pass_time(300)
    _, ticker = table.client().say("subscribe", channels=["ticker"], market_ticker="KXZ-1", send_initial_snapshot=True)
    assert ticker["msg"]["ts_ms"] == caused_at


def test_markets_by_id() -> None:
    """On the ticker channel markets can be named by id, and are then acknowledged by id."""
    table = Table([], listed=[market("KXZ-1", ((4000, 100),)), market("KXZ-2")])
    client = table.client()
    first, second, unknown = (market_id(name) for name in ("KXZ-1", "KXZ-2", "nothing"))
    _, ticker = client.say("subscribe", channels=["ticker"], market_id=first, send_initial_snapshot=True)
    assert (ticker["msg"]["market_ticker"], ticker["msg"]["market_id"]) == ("KXZ-1", first)
    (ok,) = client.update("add_markets", sid=1, market_ids=[second, unknown])
    assert ok["msg"] == {"market_ids": [first, second, unknown]}
    (ok,) = client.update("delete_markets", sid=1, market_ids=[first])
    assert ok["msg"] == {"market_ids": [second, unknown]}
    (ok,) = client.update("add_markets", sid=1, market_tickers=["KXZ-1"])
    assert ok["msg"]["market_tickers"][0] == "KXZ-2"


def test_ids_spoil_only_the_channels_that_take_none(client: Client) -> None:
    """Only the ticker channel takes ids."""
    frames = client.say("subscribe", channels=["ticker", "trade"], market_ids=[market_id(B)])
    assert frames == [
        {"type": "subscribed", "id": 1, "msg": {"channel": "ticker", "sid": 1}},
        error(11, "Invalid parameter", id=1),
    ]


def test_communications(client: Client) -> None:
    """The firehose can be split into up to 100 shards, and narrowed to one's own."""
    frames = client.say("subscribe", channels=["communications"], shard_factor=100, shard_key=99, user_filter="self")
    assert kinds(frames) == ["subscribed"]
    subscription = client.session.subscriptions[1]
    assert (subscription.shard, subscription.own_only) == ((100, 99), True)
    client.say("unsubscribe", sids=[1])
    client.say("subscribe", channels=["communications"], shard_factor=2, user_filter="")
    assert (client.session.subscriptions[2].shard, client.session.subscriptions[2].own_only) == ((2, 0), False)


def test_a_market_that_comes_later_is_heard() -> None:
    """Whoever asked for a market before it was listed hears it from then on, on every channel, unless it left."""
    table = Table([])
    staying, leaving = table.client(), table.client()
    for client in (staying, leaving):
        client.say("subscribe", channels=["orderbook_delta", "ticker", "trade"], market_tickers=["KXZ-1"])
    leaving.say("unsubscribe", sids=[1, 2])
    leaving.update("delete_markets", sid=3, market_ticker="KXZ-1")
    listed = market("KXZ-1")
    table.world.add(listed)
    floor = table.exchange.floor
    floor.change(listed, [("yes", 4000, 100)], table.now.ts)
    floor.trade(listed, [(4000, 50, "no")], table.now.ts)
    floor.quote(listed, table.now.ts, traded=True)
    table.pass_time()
    assert kinds(staying.heard()) == ["orderbook_delta", "trade", "ticker"]
    assert leaving.heard() == []


def test_a_market_that_goes_and_comes_again_is_heard() -> None:
    """A subscription outlives the market's listing."""
    table = Table([], listed=[market("KXZ-1")])
    client = table.client()
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=["KXZ-1"])
    table.world.remove(table.world.markets["KXZ-1"])
    table.world.add(again := market("KXZ-1"))
    table.exchange.floor.change(again, [("no", 100, 5)], table.now.ts)
    table.pass_time()
    (delta,) = client.heard()
    assert (delta["seq"], delta["msg"]["delta_fp"]) == (2, "0.05")
