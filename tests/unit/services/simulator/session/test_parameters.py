"""What a subscribe can ask for beside its markets: first tickers, ids, shards, and markets that come later."""

import pytest

from services.simulator.world.listing import market_id
from tests.unit.services.simulator.harness import Client, Table, error, kinds, market

B = "KXA-1-B"


@pytest.fixture
def client() -> Client:
    """A client at a fresh exchange."""
    return Table().client()


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
