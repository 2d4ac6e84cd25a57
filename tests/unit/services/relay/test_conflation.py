"""A client that reads too slowly gets less, not later: the others do not notice, and memory stays bounded."""

import pytest

from services.relay.core import LIMITS, RESUME_BYTES
from tests.unit.services.relay.harness import MARKET, OTHER, Listener, Table

CHANGES = 5_000


@pytest.fixture
def table() -> Table:
    """A relay with two live books."""
    table = Table(MARKET, OTHER)
    for market in table.markets.values():
        market.snapshot({5000: 100})
    return table


def clog(table: Table, listener: Listener) -> None:
    """Let a market say more than the client may have unread, while it reads nothing."""
    while not listener.client.conflated:
        assert listener.queued_bytes <= LIMITS.queued_bytes + 1000
        table.markets[MARKET].delta()
        listener.flush()


def test_slow_client_is_told_and_then_hears_nothing(table: Table) -> None:
    """From the limit on no change waits for it, however many there are: its memory does not grow by a byte."""
    listener = table.client()
    listener.subscribe("book", "trade", "ticker")
    clog(table, listener)
    queued = listener.queued_bytes
    assert queued > LIMITS.queued_bytes
    for volume in range(CHANGES):
        table.markets[MARKET].delta()
        table.markets[MARKET].trade()
        table.markets[MARKET].tick(volume)
        assert listener.client.waiting_bytes == 0
        listener.flush()
    assert listener.queued_bytes == queued
    listener.read()
    flow = next(message for message in listener.hear() if message["type"] == "flow")
    assert flow == {"type": "flow", "state": "conflated", "dropped": 0}


def test_way_back_is_a_fresh_state_before_any_change(table: Table) -> None:
    """Having read, it is given the latest state and told that this was all and how much it lost; then come changes."""
    listener = table.client()
    listener.subscribe("book", "trade", "ticker")
    market = table.markets[MARKET]
    clog(table, listener)
    for volume in range(7):
        market.delta()
        market.trade()
        market.tick(volume)
    listener.read()
    market.delta()
    messages = listener.hear()
    full = messages.index({"type": "flow", "state": "full", "dropped": 7})
    assert full == len(messages) - 1
    batch = messages[full - 1]
    assert {(event["type"], event.get("volume")) for event in batch["events"]} == {("snapshot", None), ("ticker", 6)}
    market.delta()
    market.trade()
    assert listener.types() == ["delta", "trade"]
    assert (listener.books[MARKET].position, listener.books[MARKET].levels) == (market.position, market.levels)


def test_what_was_lost_is_counted_on(table: Table) -> None:
    """`dropped` counts trades since the connection began."""
    listener = table.client()
    listener.subscribe("book", "trade")
    for lost in (2, 5):
        clog(table, listener)
        for _ in range(lost):
            table.markets[MARKET].trade()
        listener.read()
        assert listener.hear()[-2]["type"] == "flow"
    assert listener.client.dropped == 7


def test_slow_client_is_of_no_concern_to_others(table: Table) -> None:
    """Another client of the same topics hears every change meanwhile."""
    slow, quick = table.client(), table.client()
    for listener in (slow, quick):
        listener.subscribe("book", "trade")
    quick.hear()
    clog(table, slow)
    before = table.markets[MARKET].position[1]
    assert len(quick.types()) == before
    for _ in range(100):
        table.markets[MARKET].delta()
        table.markets[MARKET].trade()
        assert quick.types() == ["delta", "trade"]


def test_half_way_back_is_not_back(table: Table) -> None:
    """It stays conflated until little is unread, so that it does not swing to and fro."""
    listener = table.client()
    listener.subscribe("book")
    clog(table, listener)
    table.markets[MARKET].delta()
    client = listener.client
    assert table.relay.take(client, LIMITS.queued_bytes, table.now) == []
    assert table.relay.take(client, RESUME_BYTES, table.now) == []
    assert client.conflated
    assert len(table.relay.take(client, RESUME_BYTES - 1, table.now)) == 2
    assert not client.conflated


def test_what_was_ended_meanwhile_is_not_brought_up_to_date(table: Table) -> None:
    """Unsubscribing while conflated ends the debt as well, and subscribing makes one that is paid later."""
    listener = table.client()
    listener.subscribe("book")
    clog(table, listener)
    table.markets[MARKET].delta()
    listener.say(f'{{"id":1,"cmd":"unsubscribe","params":{{"channels":["book"],"market_tickers":["{MARKET}"]}}}}')
    listener.say(f'{{"id":2,"cmd":"subscribe","params":{{"channels":["book"],"market_tickers":["{OTHER}"]}}}}')
    listener.flush()
    assert OTHER not in listener.books
    listener.read()
    assert [event["ticker"] for event in listener.events() if event["type"] == "snapshot"][-1:] == [OTHER]


def test_replies_and_heartbeats_come_through(table: Table) -> None:
    """A conflated client is still answered and told that the relay lives."""
    listener = table.client()
    listener.subscribe("book")
    clog(table, listener)
    table.relay.tick(table.now)
    listener.say('{"id":5,"cmd":"ping"}')
    listener.flush()
    listener.read()
    assert [message["type"] for message in listener.hear()][-3:] == ["heartbeat", "pong", "flow"]


def test_client_with_many_subscriptions_is_not_slow(table: Table) -> None:
    """One that reads everything loses no trade, however long the reply to its own command."""
    tickers = [f"KXMANY-{number:05}-{'X' * 20}" for number in range(5_000)]
    table.beat(heads=dict.fromkeys(tickers, (1, 0)))
    listener = table.client()
    reply = listener.command("subscribe", ["trade"], tickers)
    assert len(reply["accepted"]) == len(tickers)
    table.relay.event("trade", tickers[0], b'{"type":"trade"}')
    assert listener.types() == ["trade"]


def test_states_come_in_portions(table: Table) -> None:
    """A client that joins many large books gets them in turns that never make it a slow one."""
    ladder = {price: 10_000 + price for price in range(1, 4_000)}
    tickers = [f"KXMANY-{number}" for number in range(20)]
    table.beat(heads=dict.fromkeys(tickers, (1, 0)))
    for ticker in tickers:
        table.markets[ticker] = type(table.markets[MARKET])(table, ticker)
        table.markets[ticker].snapshot(ladder)
    listener = table.client()
    listener.command("subscribe", ["book"], tickers)
    turns = 0
    while len(listener.books) < len(tickers):
        listener.flush()
        assert listener.queued_bytes < LIMITS.queued_bytes
        listener.read()
        turns += 1
        table.markets[tickers[-1]].delta()
    assert turns > 5
    assert all(message["type"] == "events" for message in listener.hear())
    assert all(listener.books[ticker].levels == table.markets[ticker].levels for ticker in tickers)


def test_full_queue_gets_no_further_state(table: Table) -> None:
    """States wait until half of the queue is free; they are not forgotten."""
    listener = table.client()
    listener.say(f'{{"id":1,"cmd":"subscribe","params":{{"channels":["book"],"market_tickers":["{MARKET}"]}}}}')
    client = listener.client
    assert len(table.relay.take(client, LIMITS.queued_bytes // 2, table.now)) == 1
    assert not client.idle
    assert table.relay.take(client, LIMITS.queued_bytes // 2, table.now) == []
    (batch,) = table.relay.take(client, 0, table.now)
    assert b'"snapshot"' in batch
    assert client.idle


def test_client_that_reads_nothing_is_given_up(table: Table) -> None:
    """After thirty seconds with an unread queue, and not before; one that reads begins anew."""
    listener = table.client()
    listener.subscribe("book")
    clog(table, listener)
    since = table.now
    assert not table.relay.stalled(listener.client, table.later(29.9))
    listener.flush()
    assert table.relay.stalled(listener.client, table.later(0.1))
    listener.read()
    listener.hear()
    assert not table.relay.stalled(listener.client, table.now)
    assert listener.client.idle
    clog(table, listener)
    assert not table.relay.stalled(listener.client, table.later(29.9))
    assert table.relay.stalled(listener.client, table.later(0.2))
    assert table.now.at - since.at == pytest.approx(60.1)
