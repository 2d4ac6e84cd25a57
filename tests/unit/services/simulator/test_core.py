"""Captures are played to whoever listens, and the exchange's books are what was told."""

from typing import Any

import msgspec
import pytest

from proto.units import Ladder
from services.simulator.core import STEPS_PER_TURN, Exchange
from services.simulator.errors import BadCapture
from services.simulator.replay import parse
from shared.kalshi import normalise, wire
from shared.kalshi.numbers import count, dollars
from shared.market.book import Book
from shared.market.clock import Now
from tests.unit.services.simulator.harness import BOOK, Table
from tests.unit.services.simulator.test_replay import carried

B, C = "KXA-1-B", "KXA-1-C"


def rebuilt(frames: list[dict[str, Any]], *, yes_scale: bool) -> dict[str, tuple[Ladder, Ladder]]:
    """Return the books that a client has who heard these frames."""
    books: dict[str, Book] = {}
    for frame in frames:
        message = wire.decode(msgspec.json.encode(frame))
        if isinstance(message, wire.OrderbookSnapshot):
            book = books.setdefault(message.msg.market_ticker, Book())
            book.load(*normalise.ladders(message.msg, yes_scale=yes_scale))
        elif isinstance(message, wire.OrderbookDelta):
            books[message.msg.market_ticker].apply(*normalise.change(message.msg, yes_scale=yes_scale))
    return {ticker: (book.ladder("yes"), book.ladder("no")) for ticker, book in books.items()}


def truth(exchange: Exchange, ticker: str) -> tuple[Ladder, Ladder]:
    """Return a market's book as REST tells it."""
    body: Any = exchange.markets[ticker].rest_orderbook(0)
    sides = (body["orderbook_fp"]["yes_dollars"], body["orderbook_fp"]["no_dollars"])
    yes, no = (tuple((dollars(price), count(quantity)) for price, quantity in reversed(side)) for side in sides)
    return yes, no


def status(table: Table, capture: str) -> tuple[int, int, bool]:
    """Return played, passes and resting of a capture."""
    found = next(entry for entry in table.exchange.status() if entry.capture == capture)
    return found.played, found.passes, found.resting


def test_nothing_plays_unheard() -> None:
    """A capture waits for its first subscriber, with its first books already there."""
    table = Table()
    client = table.client()
    table.pass_time(60)
    client.say("subscribe", channels=["trade"], market_tickers=["KXT-2"])
    table.pass_time(60)
    assert status(table, "book") == (0, 0, False)
    assert truth(table.exchange, B) == (((4700, 300), (100, 100)), ((4800, 200), (2000, 550)))


def test_a_pass_keeps_the_recorded_pace() -> None:
    """The snapshots come first, then each delta at its time, all on one sequence over all markets."""
    table = Table()
    client = table.client()
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B, C])
    table.pass_time(0)
    frames = client.heard()
    assert [frame["type"] for frame in frames] == ["orderbook_snapshot"] * 2 + ["orderbook_delta"]
    table.pass_time(1.9)
    assert client.heard() == []
    table.pass_time(0.2)
    frames += client.heard()
    assert [frame["seq"] for frame in frames] == [3, 4, 5, 6]
    assert frames[-1]["msg"]["ts"] == "2026-06-11T06:31:31.957466Z"


def test_speed_scales_the_pace_but_not_the_rest() -> None:
    """Twice as fast, two seconds take one; the rest takes two all the same."""
    table = Table(speed=2.0)
    table.client().say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    table.pass_time(0.9)
    assert status(table, "book") == (3, 0, False)
    table.pass_time(0.2)
    assert status(table, "book") == (4, 1, True)
    table.pass_time(1.8)
    assert status(table, "book") == (4, 1, True)
    table.pass_time(0.2)
    assert status(table, "book") == (3, 1, False)


def test_without_loop_the_last_book_stays() -> None:
    """A capture played once rests for good."""
    table = Table(loop=False)
    client = table.client()
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    table.pass_time(3600)
    assert status(table, "book") == (4, 1, True)
    assert len(client.heard()) == 3
    assert truth(table.exchange, B) == (((4700, 300), (200, 425), (100, 100)), ((2000, 550),))


def test_subscribers_of_either_scale_hear_the_same_book() -> None:
    """Whoever missed nothing has the exchange's book, in both settings of use_yes_price, pass after pass."""
    table = Table()
    clients = {scale: table.client() for scale in (False, True)}
    heard: dict[bool, list[dict[str, Any]]] = {}
    for scale, client in clients.items():
        heard[scale] = client.say(
            "subscribe", channels=["orderbook_delta"], market_tickers=[B, C, "KXL-1"], use_yes_price=scale
        )
    for _ in range(20):
        table.pass_time(0.7)
        for scale, client in clients.items():
            heard[scale] += client.heard()
            books = rebuilt(heard[scale], yes_scale=scale)
            assert books == {ticker: truth(table.exchange, ticker) for ticker in (B, C, "KXL-1")}


@pytest.mark.parametrize(
    "name",
    [
        "kxbtc15m-2026-05-14.jsonl",
        "twelve-markets-2026-09-14.jsonl",
        "inxd-2023-08-31-morning-cents.jsonl.gz",
    ],
)
@pytest.mark.parametrize("scale", [False, True])
def test_whole_captures_end_in_the_exchanges_book(name: str, scale: bool) -> None:
    """A client that heard a whole recording has every level right, and a sequence without holes."""
    exchange = Exchange([carried(name)], speed=1e9)
    session = exchange.open()
    params = {"channels": ["orderbook_delta"], "market_tickers": list(exchange.markets), "use_yes_price": scale}
    command = msgspec.json.encode({"id": 1, "cmd": "subscribe", "params": params}).decode()
    frames = exchange.receive(session, command, Now(1.0, 1))
    while not exchange.status()[0].resting:
        for _, played in exchange.advance(Now(2.0, 2)).frames:
            frames += played
    messages = [msgspec.json.decode(frame) for frame in frames]
    assert [message["seq"] for message in messages[1:]] == list(range(1, len(messages)))
    assert rebuilt(messages, yes_scale=scale) == {ticker: truth(exchange, ticker) for ticker in exchange.markets}


def test_a_turn_is_bounded() -> None:
    """At any speed a turn plays a bounded number of frames and asks for another turn at once."""
    exchange = Exchange([carried("inxd-2023-08-31-morning-cents.jsonl.gz")], speed=1e9)
    session = exchange.open()
    command = (
        '{"id":1,"cmd":"subscribe","params":{"channels":["orderbook_delta"],"market_ticker":"INXD-23AUG31-B4512"}}'
    )
    exchange.receive(session, command, Now(1.0, 1))
    outgoing = exchange.advance(Now(2.0, 2))
    assert [len(frames) for _, frames in outgoing.frames] == [STEPS_PER_TURN]
    assert outgoing.wake_at <= 2.0


def test_derived_tickers() -> None:
    """A ticker follows the book's change when the best levels moved, and only then."""
    table = Table()
    client = table.client()
    client.say("subscribe", channels=["ticker"], market_tickers=[B])
    table.pass_time(2.1)
    tickers = [frame["msg"] for frame in client.heard()]
    quotes = [(msg["yes_bid_dollars"], msg["yes_ask_dollars"], msg["yes_ask_size_fp"]) for msg in tickers]
    assert quotes == [("0.4700", "0.5200", "2.00"), ("0.4700", "0.8000", "5.50")]


def test_recorded_tickers_and_trades() -> None:
    """They are sent as recorded, tickers without and trades with a sequence, also to those who filter nothing."""
    table = Table()
    client = table.client()
    client.say("subscribe", channels=["ticker", "trade"])
    table.pass_time(3.5)
    frames = [frame for frame in client.heard() if frame["msg"]["market_ticker"].startswith("KXT")]
    assert [(frame["type"], frame["sid"], frame.get("seq")) for frame in frames] == [
        ("ticker", 1, None),
        ("trade", 2, 1),
        ("ticker", 1, None),
        ("trade", 2, 2),
    ]
    assert frames[1]["msg"]["trade_id"] == "f8"


def test_deleted_markets_and_closed_clients_hear_nothing() -> None:
    """Only current listeners are told."""
    table = Table()
    deleting, leaving, unsubscribing, staying = (table.client() for _ in range(4))
    for client in (deleting, leaving, unsubscribing, staying):
        client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B, C])
    deleting.say("update_subscription", action="delete_markets", sid=1, market_tickers=[B])
    unsubscribing.say("unsubscribe", sids=[1])
    leaving.leave()
    table.pass_time(2.1)
    assert [frame["msg"]["market_ticker"] for frame in deleting.heard()] == [C]
    assert unsubscribing.heard() == []
    assert leaving.heard() == []
    assert len(staying.heard()) == 4


def test_one_book_in_two_captures() -> None:
    """Two recordings of one book would contradict each other."""
    with pytest.raises(BadCapture, match="SIM_CAPTURE"):
        Exchange([parse("a.jsonl", BOOK), parse("b.jsonl", BOOK)])
