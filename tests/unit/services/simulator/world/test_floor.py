"""What happens on the floor is told to those who listen, once, with one time."""

import pytest

from services.simulator.feed.channels import Channel
from shared.market.book import NegativeLevel
from tests.unit.services.simulator.harness import START, Client, Table, kinds, market

B = "KXZ-1"


@pytest.fixture
def table() -> Table:
    """An exchange with one market."""
    return Table([], listed=[market(B, ((4700, 300),), ((4800, 200),))])


def subscribed(table: Table, *channels: str, **params: object) -> Client:
    """Return a client that has subscribed to channels of the market."""
    client = table.client()
    client.say("subscribe", channels=channels, market_tickers=[B], **params)
    return client


def test_changes_of_one_moment(table: Table) -> None:
    """Changes that happen together are deltas of the same time, one level each, in their order."""
    client = subscribed(table, "orderbook_delta")
    known = table.world.markets[B]
    table.exchange.floor.change(known, [("yes", 4700, -300), ("yes", 4600, 300)], START.ts)
    table.turn()
    deltas = [frame["msg"] for frame in client.heard()]
    assert [(delta["price_dollars"], delta["delta_fp"]) for delta in deltas] == [
        ("0.4700", "-3.00"),
        ("0.4600", "3.00"),
    ]
    assert len({delta["ts"] for delta in deltas}) == 1
    assert known.ladders() == (((4600, 300),), ((4800, 200),))


@pytest.mark.parametrize(("yes_scale", "price"), [(False, "0.4800"), (True, "0.5200")])
def test_each_on_its_scale(table: Table, yes_scale: bool, price: str) -> None:
    """The no side is told with the price that its subscriber asked for."""
    client = subscribed(table, "orderbook_delta", use_yes_price=yes_scale)
    table.exchange.floor.change(table.world.markets[B], [("no", 4800, 100)], START.ts)
    table.turn()
    (delta,) = client.heard()
    assert (delta["msg"]["side"], delta["msg"]["price_dollars"]) == ("no", price)


def test_less_than_nothing(table: Table) -> None:
    """A level can not become negative; nothing is told of it."""
    client = subscribed(table, "orderbook_delta")
    with pytest.raises(NegativeLevel):
        table.exchange.floor.change(table.world.markets[B], [("yes", 4700, -301)], START.ts)
    table.turn()
    assert client.heard() == []


def test_trades(table: Table) -> None:
    """Each trade has an id of its own, both prices and the taker's side in three spellings, and is on the tape."""
    client = subscribed(table, "trade")
    table.exchange.floor.trade(table.world.markets[B], [(4700, 50, "no"), (5200, 7, "yes")], START.ts)
    table.turn()
    first, second = (frame["msg"] for frame in client.heard())
    assert first | {"trade_id": ""} == {
        "trade_id": "",
        "market_ticker": B,
        "yes_price_dollars": "0.4700",
        "no_price_dollars": "0.5300",
        "count_fp": "0.50",
        "taker_side": "no",
        "taker_outcome_side": "no",
        "taker_book_side": "ask",
        "is_block_trade": False,
        "ts": 1_800_000_000,
        "ts_ms": 1_800_000_000_000,
    }
    assert (second["taker_outcome_side"], second["taker_book_side"]) == ("yes", "bid")
    assert [trade.trade_id for trade in table.world.tape.newest_first()] == [second["trade_id"], first["trade_id"]]


def test_tickers_tell_news_only(table: Table) -> None:
    """A ticker is sent when a best price, its size or the last trade has changed."""
    client = subscribed(table, "ticker")
    floor, known = table.exchange.floor, table.world.markets[B]
    floor.quote(known, START.ts)
    floor.change(known, [("yes", 100, 1)], START.ts)
    floor.quote(known, START.ts)
    table.turn()
    assert client.heard() == []
    floor.change(known, [("yes", 4700, 1)], START.ts)
    floor.quote(known, START.ts)
    floor.quote(known, START.ts, traded=True)
    table.turn()
    assert kinds(client.heard()) == ["ticker", "ticker"]


def test_a_book_shown_unasked(table: Table) -> None:
    """Two snapshots of one market can follow each other, with different contents."""
    client = subscribed(table, "orderbook_delta")
    floor, known = table.exchange.floor, table.world.markets[B]
    floor.replace(known, ((100, 5),), ())
    floor.show(known)
    table.turn()
    (snapshot,) = client.heard()
    assert (snapshot["seq"], snapshot["msg"].get("no_dollars_fp")) == (2, None)
    assert snapshot["msg"]["yes_dollars_fp"] == [["0.0100", "0.05"]]


def test_everything_told_is_counted(table: Table) -> None:
    """Messages about markets are counted once, heard by nobody or by many."""
    floor, known = table.exchange.floor, table.world.markets[B]

    def happen() -> int:
        before = floor.told
        floor.change(known, [("yes", 100, 1), ("no", 100, 1)], START.ts)
        floor.trade(known, [(4700, 1, "yes")], START.ts)
        floor.quote(known, START.ts, traded=True)
        return floor.told - before

    assert happen() == 4
    for _ in range(3):
        subscribed(table, "orderbook_delta", "trade", "ticker")
    assert happen() == 4


def test_announcements(table: Table) -> None:
    """What is about no single market is told to all who hear the channel."""
    client = subscribed(table, "market_lifecycle_v2", "trade")
    table.exchange.floor.announce("event_lifecycle", b'{"event_ticker":"KXZ"}', Channel.LIFECYCLE)
    table.turn()
    assert client.heard() == [{"type": "event_lifecycle", "sid": 1, "seq": 1, "msg": {"event_ticker": "KXZ"}}]
