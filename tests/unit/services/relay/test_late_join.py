"""A client that joins in the middle: the state first, then exactly the changes after it."""

from contextlib import ExitStack
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from proto.relay import RelayChannel
from proto.units import Side
from services.relay import core
from tests.unit.services.relay.harness import MARKET, OTHER, Listener, Market, Table

Pair = tuple[RelayChannel, str]


@pytest.fixture
def table() -> Table:
    """A relay that knows a market with a book and one without."""
    table = Table(MARKET, OTHER)
    table.markets[MARKET].snapshot({5000: 100})
    return table


def test_snapshot_then_deltas(table: Table) -> None:
    """A joiner gets the book as of (epoch, seq), that of the last delta contained, then each delta after it."""
    market = table.markets[MARKET]
    market.delta()
    listener = table.client()
    listener.subscribe("book")
    market.delta()
    market.delta("no", 4000, 7)
    snapshot, *deltas = listener.events()
    assert (snapshot["type"], snapshot["epoch"], snapshot["seq"]) == ("snapshot", 1, 1)
    assert (snapshot["yes"], snapshot["no"]) == ([[5000, 200]], [])
    assert [(delta["type"], delta["seq"]) for delta in deltas] == [("delta", 2), ("delta", 3)]
    assert listener.books[MARKET].levels == market.levels


def test_changes_before_the_state_is_sent_are_contained_in_it(table: Table) -> None:
    """What is said between the command and the flush is not told twice."""
    listener = table.client()
    listener.say(f'{{"id":1,"cmd":"subscribe","params":{{"channels":["book"],"market_tickers":["{MARKET}"]}}}}')
    table.markets[MARKET].delta()
    assert [(event["type"], event["seq"]) for event in listener.events()] == [("snapshot", 1)]


def test_stale_market_is_a_snapshot_and_stale(table: Table) -> None:
    """A joiner of a market in doubt gets the last book and why not to trust it, then the next snapshot."""
    market = table.markets[MARKET]
    market.stale("exchange_error")
    listener = table.client()
    listener.subscribe("book")
    snapshot, stale = listener.events()
    assert (snapshot["type"], stale["type"]) == ("snapshot", "stale")
    assert (stale["epoch"], stale["seq"], stale["reason"]) == (1, 0, "exchange_error")
    market.snapshot()
    assert listener.types() == ["snapshot"]
    assert listener.books[MARKET].status == "live"


def test_book_that_is_not_there_yet(table: Table) -> None:
    """Nothing comes before the first snapshot, and then that."""
    listener = table.client()
    listener.subscribe("book", ticker=OTHER)
    assert listener.types() == []
    table.markets[OTHER].snapshot()
    table.markets[OTHER].delta()
    assert listener.types() == ["snapshot", "delta"]


def test_subscribing_again_brings_the_state_again(table: Table) -> None:
    """That is how a client repairs a book it lost track of; the deltas go on after it."""
    market = table.markets[MARKET]
    listener = table.client()
    listener.subscribe("book")
    market.delta()
    listener.hear()
    listener.subscribe("book")
    market.delta()
    assert [(event["type"], event["seq"]) for event in listener.events()] == [("snapshot", 1), ("delta", 2)]


def test_unsubscribing_is_exact(table: Table) -> None:
    """Nothing of the pair comes after the acknowledgement, not even the state that was owed; the rest goes on."""
    market = table.markets[MARKET]
    listener = table.client()
    listener.subscribe("book", "trade")
    listener.hear()
    market.delta()
    assert listener.unsubscribe("book")["accepted"]
    listener.hear()
    market.delta()
    market.trade()
    assert listener.types() == ["trade"]


def test_state_that_was_owed_is_not_sent_after_the_end(table: Table) -> None:
    """Subscribing and unsubscribing before the next flush brings two acknowledgements and no book."""
    listener = table.client()
    params = f'"params":{{"channels":["book"],"market_tickers":["{MARKET}"]}}'
    listener.say(f'{{"id":1,"cmd":"subscribe",{params}}}')
    listener.say(f'{{"id":2,"cmd":"unsubscribe",{params}}}')
    assert [message["type"] for message in listener.hear()] == ["ack", "ack"]


def test_everybody_hears_for_themselves(table: Table) -> None:
    """One that joins later gets a snapshot that the others do not get."""
    early, late = table.client(), table.client()
    early.subscribe("book")
    early.hear()
    late.subscribe("book")
    table.markets[MARKET].delta()
    assert early.types() == ["delta"]
    assert late.types() == ["snapshot", "delta"]


class Guest:
    """A client of the machine below: what it wants, and what it may therefore hear."""

    def __init__(self, table: Table) -> None:
        self.listener = table.client()
        self.wanted: set[Pair] = set()
        self.said: list[str] = []
        self.heard: list[str] = []
        self.allowed: set[tuple[str, int, int]] = set()
        self.tickers: dict[str, int] = {}
        self.was_conflated = False

    def change(self, cmd: str, pair: Pair) -> None:
        """Subscribe or unsubscribe."""
        channel, ticker = pair
        params = {"channels": [channel], "market_tickers": [ticker]}
        self.listener.say(msgspec.json.encode({"id": 1, "cmd": cmd, "params": params}).decode())
        (self.wanted.add if cmd == "subscribe" else self.wanted.discard)(pair)

    def take(self) -> None:
        """Hear everything there is, and check that each event was said while it was wanted."""
        for message in self.listener.hear():
            self.was_conflated |= message["type"] == "flow"
            for event in message.get("events", ()):
                self._event(event)

    def _event(self, event: dict[str, object]) -> None:
        if event["type"] == "delta":
            assert (event["ticker"], event["epoch"], event["seq"]) in self.allowed
        elif event["type"] == "trade":
            self.heard.append(str(event["trade_id"]))
        elif event["type"] == "ticker":
            self.tickers[str(event["ticker"])] = int(str(event["volume"]))


class Relaying(RuleBasedStateMachine):
    """Clients come, go, subscribe and read when they like, on a relay that grants them a short queue."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = ExitStack()
        limits = msgspec.structs.replace(core.LIMITS, queued_bytes=3000)
        self.patches.enter_context(patch.multiple(core, LIMITS=limits, RESUME_BYTES=750))
        self.table = Table(MARKET, OTHER)
        self.guests = [Guest(self.table) for _ in range(3)]
        self.volume = 0

    def teardown(self) -> None:
        """Let everybody leave."""
        self.settle()
        for guest in self.guests:
            guest.listener.leave()
        assert not self.table.relay.topics
        self.patches.close()

    who = st.integers(0, 2)
    where = st.sampled_from([MARKET, OTHER])
    pair = st.tuples(st.sampled_from(["book", "trade", "ticker"]), where)
    levels = st.dictionaries(st.integers(1, 9999), st.integers(1, 500), max_size=3)

    @rule(who=who, pair=pair)
    def subscribe(self, who: int, pair: Pair) -> None:
        """Somebody wants something, perhaps again."""
        self.guests[who].change("subscribe", pair)

    @rule(who=who, pair=pair)
    def unsubscribe(self, who: int, pair: Pair) -> None:
        """Somebody wants something no longer, if at all."""
        self.guests[who].change("unsubscribe", pair)

    @rule(where=where, yes=levels, no=levels)
    def snapshot(self, where: str, yes: dict[int, int], no: dict[int, int]) -> None:
        """A market begins a new epoch."""
        self.table.markets[where].snapshot(yes, no)

    @rule(
        where=where,
        side=st.sampled_from(["yes", "no"]),
        price=st.integers(4998, 5002),
        change=st.integers(-300, 300),
        times=st.sampled_from([1, 2, 20]),
    )
    def deltas(self, where: str, side: Side, price: int, change: int, times: int) -> None:
        """A book changes, for those who hear of it."""
        market = self.table.markets[where]
        for _ in range(times if market.live else 0):
            position = (where, market.position[0], market.position[1] + 1)
            for guest in self.guests:
                if ("book", where) in guest.wanted:
                    guest.allowed.add(position)
            market.delta(side, price, change)

    @precondition(lambda self: any(market.position[0] for market in self.table.markets.values()))
    @rule(where=where)
    def stale(self, where: str) -> None:
        """A book is in doubt."""
        if self.table.markets[where].position[0]:
            self.table.markets[where].stale()

    @rule(where=where)
    def trade(self, where: str) -> None:
        """A trade is said once."""
        trade_id = self.table.markets[where].trade()
        for guest in self.guests:
            if ("trade", where) in guest.wanted:
                guest.said.append(trade_id)

    @rule(where=where)
    def tick(self, where: str) -> None:
        """The latest ticker replaces the one before."""
        self.volume += 1
        self.table.markets[where].tick(self.volume)

    @rule(who=who)
    def flush(self, who: int) -> None:
        """A loop turn ends, and somebody does not read."""
        self.guests[who].listener.flush()

    @rule(who=who)
    def read(self, who: int) -> None:
        """Somebody reads what is in its queue, and no more."""
        self.guests[who].listener.read()

    @rule(who=who)
    def replace(self, who: int) -> None:
        """Somebody leaves and somebody else comes."""
        self.guests[who].listener.leave()
        self.guests[who] = Guest(self.table)

    @rule()
    def settle(self) -> None:
        """Everybody reads to the end: each has the truth of what it wants, and nothing twice."""
        for guest in self.guests:
            guest.take()
            assert not guest.listener.client.conflated
            self._check_trades(guest)
            for channel, ticker in guest.wanted:
                if channel == "book":
                    self._check_book(guest.listener, self.table.markets[ticker])
                elif channel == "ticker" and (last := self.table.relay.topics[channel, ticker].last) is not None:
                    assert guest.tickers[ticker] == msgspec.json.decode(last)["volume"]

    def _check_trades(self, guest: Guest) -> None:
        assert len(guest.heard) + guest.listener.client.dropped == len(guest.said)
        if guest.was_conflated:
            remaining = iter(guest.said)
            assert all(trade_id in remaining for trade_id in guest.heard)
        else:
            assert guest.heard == guest.said

    def _check_book(self, listener: Listener, market: Market) -> None:
        if not market.position[0]:
            assert market.ticker not in listener.books
            return
        book = listener.books[market.ticker]
        assert book.position == market.position
        assert book.status == ("live" if market.live else "stale")
        assert book.levels == market.levels


TestRelaying = Relaying.TestCase
TestRelaying.settings = settings(max_examples=25, stateful_step_count=60)
