"""Subscriptions that end by themselves, and frames that nobody asked for."""

import pytest

from shared.kalshi import normalise, wire
from tests.unit.services.simulator.faults.scene import BOSTON, DENVER, Table


@pytest.mark.parametrize("code", [10, 25])
def test_subscription_fails(code: int) -> None:
    """An error that names the subscription, then nothing more; it can be opened again."""
    table = Table()
    client = table.client(BOSTON)
    table.post({"fault": "error", "code": code})
    table.change()
    (frame,) = client.heard()
    assert (frame["type"], frame["sid"], frame["seq"], frame["msg"]["code"]) == ("error", 1, 2, code)
    assert client.say("list_subscriptions")[0]["msg"] == []
    opened = client.say("subscribe", channels=["orderbook_delta"], market_tickers=[BOSTON])
    assert [frame["type"] for frame in opened] == ["subscribed", "orderbook_snapshot"]


def test_subscription_is_dropped() -> None:
    """An `unsubscribed` without an id, then nothing more."""
    table = Table()
    client = table.client(BOSTON)
    table.post({"fault": "unsubscribed"})
    table.change()
    (frame,) = client.heard()
    assert (frame["type"], frame["sid"], frame["seq"], "id" in frame) == ("unsubscribed", 1, 2, False)


def test_only_the_channel_is_met() -> None:
    """Other subscriptions of the connection stay."""
    table = Table()
    client = table.client(BOSTON)
    client.say("subscribe", channels=["ticker"])
    table.post({"fault": "error", "channel": "ticker"})
    assert client.say("list_subscriptions")[-1]["msg"] == [{"channel": "orderbook_delta", "sid": 1}]


@pytest.mark.parametrize(
    ("members", "sid", "seq", "next_seq"),
    [
        ({}, 1, 2, 3),
        ({"seq": False}, 1, None, 2),
        ({"sid": False}, None, None, 2),
        ({"count": 3}, 1, 2, 5),
    ],
)
def test_unknown_type(members: dict[str, object], sid: int | None, seq: int | None, next_seq: int) -> None:
    """A frame whose type is in no document, with as much of an envelope as was asked for."""
    table = Table()
    client = table.client(BOSTON)
    table.post({"fault": "unknown_type"} | members)
    table.change()
    first, *_, last = client.heard()
    assert first["type"] not in {"orderbook_delta", "error", "ok"}
    assert (first.get("sid"), first.get("seq"), last["seq"]) == (sid, seq, next_seq)


@pytest.mark.parametrize("yes_scale", [False, True])
def test_snapshot_is_sent_unasked(yes_scale: bool) -> None:
    """The book as it is, of the first market or the one that is named, on the next sequence number."""
    table = Table()
    client = table.client(BOSTON, DENVER, use_yes_price=yes_scale)
    table.change(3, DENVER)
    client.heard()
    table.post({"fault": "snapshot"}, {"fault": "snapshot", "market_ticker": DENVER})
    frames = [wire.decode(frame.decode()) for frame in client.raw()]
    for seq, ticker, quantity, frame in zip((6, 7), (BOSTON, DENVER), (100_000, 100_300), frames, strict=True):
        assert isinstance(frame, wire.OrderbookSnapshot)
        assert (frame.seq, frame.id, frame.msg.market_ticker) == (seq, None, ticker)
        assert normalise.ladders(frame.msg, yes_scale=yes_scale) == (((5000, quantity),), ((4000, 200_000),))


@pytest.mark.parametrize(("changes_old", "quantity"), [(0, 100_300), (1, 100_200), (3, 100_000), (9, 100_000)])
def test_stale_snapshot(changes_old: int, quantity: int) -> None:
    """The book as it was so many of its own changes ago, whatever happened to others."""
    table = Table()
    client = table.client(BOSTON)
    for _ in range(3):
        table.change()
        table.change(5, DENVER)
    client.heard()
    table.post({"fault": "snapshot", "changes_old": changes_old})
    (frame,) = client.heard()
    assert frame["msg"]["yes_dollars_fp"] == [["0.5000", f"{quantity / 100:.2f}"]]
    (subscription,) = client.session.subscriptions.values()
    assert subscription.moments.at(frame["seq"]) == table.world.history.number


@pytest.mark.parametrize("habits", [{}, {"unknown_members": True}])
def test_big_snapshot(habits: dict[str, object]) -> None:
    """A book in a frame of the size that was asked for, however messages are dressed."""
    table = Table()
    client = table.client(BOSTON)
    table.post({"fault": "habits", "set": habits}, {"fault": "big_snapshot"}, {"fault": "big_snapshot", "bytes": 10})
    big, small = client.raw()
    assert len(big) == 1_200_000
    assert len(small) < 1000
    assert big.endswith(b" }\n")
    assert isinstance(wire.decode(big.decode()), wire.OrderbookSnapshot)
    table.change()
    assert len(client.raw()[0]) < 1000


def test_market_that_is_not_heard() -> None:
    """A snapshot of it waits for somebody who listens."""
    table = Table()
    client = table.client(BOSTON)
    (status,) = table.post({"fault": "snapshot", "market_ticker": DENVER})
    assert status.state == "waiting"
    frames = client.say("update_subscription", sid=1, action="add_markets", market_tickers=[DENVER])
    assert [frame["type"] for frame in frames] == ["ok", "orderbook_snapshot", "orderbook_snapshot"]
