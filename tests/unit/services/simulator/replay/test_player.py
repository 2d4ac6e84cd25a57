"""Captures are played to whoever listens, and the exchange's books are what was told."""

from typing import Any

import msgspec
import pytest

from proto.units import Ladder
from services.simulator.replay.capture import parse
from services.simulator.replay.player import STEPS_PER_TURN
from tests.unit.services.simulator.harness import BOOK, CENTS, TICKERS, Table, kinds
from tests.unit.services.simulator.replay.recorded import CAPTURES, carried, rebuilt

B, C = "KXA-1-B", "KXA-1-C"


def truth(table: Table, *tickers: str) -> dict[str, tuple[Ladder, Ladder]]:
    """Return the exchange's books."""
    return {ticker: table.world.markets[ticker].ladders() for ticker in tickers}


def status(table: Table, capture: str) -> tuple[int, int, bool]:
    """Return played, passes and resting of a capture."""
    found = next(player.status() for player in table.players if player.capture.name == capture)
    return found.played, found.passes, found.resting


def test_nothing_plays_unheard() -> None:
    """A capture waits for its first subscriber, with its first books already there."""
    table = Table()
    client = table.client()
    table.pass_time(60)
    client.say("subscribe", channels=["trade"], market_tickers=["KXT-2"])
    table.pass_time(60)
    assert status(table, "book") == (0, 0, False)
    assert truth(table, B) == {B: (((4700, 300), (100, 100)), ((4800, 200), (2000, 550)))}


@pytest.mark.parametrize(
    ("channel", "heard"),
    [
        ("ticker", {"book", "cents", "tickers", "trades"}),
        ("trade", {"trades"}),
        ("fill", set()),
        ("user_orders", set()),
    ],
)
def test_who_hears_everything_starts_what_they_hear(channel: str, heard: set[str]) -> None:
    """A subscription without markets starts the captures that have something for it; tickers come from every book."""
    table = Table()
    table.client().say("subscribe", channels=[channel])
    table.pass_time(0.1)
    assert {player.capture.name for player in table.players if player.played} == heard


def test_a_pass_keeps_the_recorded_pace() -> None:
    """The snapshots come first, then each delta at its time, all on one sequence over all markets."""
    table = Table()
    client = table.client()
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B, C])
    table.pass_time(0)
    frames = client.heard()
    assert kinds(frames) == ["orderbook_snapshot"] * 2 + ["orderbook_delta"]
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
    assert truth(table, B) == {B: (((4700, 300), (200, 425), (100, 100)), ((2000, 550),))}


def test_subscribers_of_either_scale_hear_the_same_book() -> None:
    """Whoever missed nothing has the exchange's book, in both settings of use_yes_price, pass after pass."""
    table = Table()
    clients = {scale: table.client() for scale in (False, True)}
    tickers = [B, C, "KXL-1"]
    heard: dict[bool, list[dict[str, Any]]] = {}
    for scale, client in clients.items():
        heard[scale] = client.say(
            "subscribe", channels=["orderbook_delta"], market_tickers=tickers, use_yes_price=scale
        )
    for _ in range(20):
        table.pass_time(0.7)
        for scale, client in clients.items():
            heard[scale] += client.heard()
            assert rebuilt(heard[scale], yes_scale=scale) == truth(table, *tickers)


@pytest.mark.parametrize(
    ("name", "scale"),
    # Frames in cents are the same on either scale.
    [
        (name, scale)
        for name in CAPTURES
        for scale in (False, True)
        if "ticker" not in name and "trade" not in name and not (scale and "cents" in name)
    ],
)
def test_whole_captures_end_in_the_exchanges_book(name: str, scale: bool) -> None:
    """A client that heard a whole recording has every level right, and a sequence without holes."""
    table = Table([carried(name)], speed=1e9, loop=False)
    client = table.client()
    tickers = list(table.world.markets)
    frames = client.say("subscribe", channels=["orderbook_delta"], market_tickers=tickers, use_yes_price=scale)
    table.pass_time(1.0)
    frames += client.heard()
    assert table.players[0].resting
    assert [frame["seq"] for frame in frames[1:]] == list(range(1, len(frames)))
    assert rebuilt(frames, yes_scale=scale) == truth(table, *tickers)


def test_a_turn_is_bounded() -> None:
    """At any speed a turn plays a bounded number of frames and asks for another turn at once."""
    table = Table([carried("inxd-2023-08-31-morning-cents.jsonl.gz")], speed=1e9)
    client = table.client()
    client.say("subscribe", channels=["orderbook_delta"], market_ticker="INXD-23AUG31-B4512")
    table.turn()
    client.heard()
    table.now = table.now._replace(at=table.now.at + 1.0)
    assert table.turn().wake_at <= table.now.at
    assert len(client.heard()) == STEPS_PER_TURN


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


def test_recorded_tickers_are_told_instead_of_derived_ones() -> None:
    """Where both the book and the ticker were recorded nobody hears two tickers that contradict each other."""
    table = Table([parse("both.jsonl", BOOK + TICKERS.replace(b"KXT-1", B.encode()))])
    client = table.client()
    client.say("subscribe", channels=["ticker"], market_tickers=[B, C])
    table.pass_time(100)
    heard = [frame["msg"] for frame in client.heard() if frame["msg"]["market_ticker"] == B]
    assert len(heard) > 1
    assert {msg["volume_fp"] for msg in heard} == {"13446.00"}


PRIVATE = b"""{"type":"fill","sid":3,"msg":{"market_ticker":"KXP-1","trade_id":"t","ts_ms":1781159489000}}
{"type":"user_order","sid":4,"msg":{"ticker":"KXP-1","status":"executed"}}
{"type":"market_lifecycle_v2","sid":5,"seq":1,"msg":{"market_ticker":"KXP-2","event_type":"settled"}}
{"type":"event_lifecycle","sid":5,"seq":2,"msg":{"event_ticker":"KXP"}}
{"type":"cfbenchmarks_value","sid":6,"seq":9,"msg":{"index_id":"BRTI","data":"{}"}}
"""


def test_other_messages_are_played_to_their_channel() -> None:
    """Each is sent as recorded to the subscribers of its channel, narrowed to their markets and indices."""
    table = Table([parse("private.jsonl", PRIVATE)])
    hearing, elsewhere = table.client(), table.client()
    channels = ["fill", "user_orders", "market_lifecycle_v2"]
    hearing.say("subscribe", channels=channels, market_tickers=["KXP-1"])
    elsewhere.say("subscribe", channels=channels, market_tickers=["KXP-9"])
    hearing.say("subscribe", channels=["cfbenchmarks_value"], index_ids=["BRTI"])
    elsewhere.say("subscribe", channels=["cfbenchmarks_value"], index_ids=["ETHUSD_RTI"])
    table.pass_time(0.1)
    heard = hearing.heard()
    assert [(frame["type"], frame["sid"], frame.get("seq")) for frame in heard] == [
        ("fill", 1, None),
        ("user_order", 2, None),
        ("market_lifecycle_v2", 3, 1),
        ("event_lifecycle", 3, 2),
        ("cfbenchmarks_value", 4, 1),
    ]
    recorded = [msgspec.json.decode(line)["msg"] for line in PRIVATE.splitlines()]
    assert [frame["msg"] for frame in heard] == recorded
    assert kinds(elsewhere.heard()) == ["market_lifecycle_v2", "event_lifecycle"]


def test_a_second_snapshot_replaces_the_book() -> None:
    """Each pass begins with the recorded snapshots, unasked, whatever the book had become."""
    table = Table([parse("book.jsonl", BOOK), parse("cents.jsonl", CENTS)])
    client = table.client()
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B, "KXL-1"])
    table.pass_time(2.0)
    client.heard()
    table.pass_time(2.0)
    snapshots = [frame for frame in client.heard() if frame["type"] == "orderbook_snapshot"]
    assert [frame["msg"]["market_ticker"] for frame in snapshots] == ["KXL-1", B]
    assert snapshots[0]["msg"] == {"market_ticker": "KXL-1", "yes": [[11, 135]], "no": [[48, 31]]}


def test_deleted_markets_and_closed_clients_hear_nothing() -> None:
    """Only current listeners are told."""
    table = Table()
    deleting, leaving, unsubscribing, staying = (table.client() for _ in range(4))
    for client in (deleting, leaving, unsubscribing, staying):
        client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B, C])
    deleting.update("delete_markets", sid=1, market_tickers=[B])
    unsubscribing.say("unsubscribe", sids=[1])
    leaving.leave()
    table.pass_time(2.1)
    assert [frame["msg"]["market_ticker"] for frame in deleting.heard()] == [C]
    assert unsubscribing.heard() == []
    assert leaving.heard() == []
    assert len(staying.heard()) == 4
