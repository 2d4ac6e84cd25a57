"""Two connections of one gateway: each serves its markets, and one that stays away hands them over without a break."""

from collections import deque
from random import Random
from typing import Any

import pytest

from proto.book import Delta, Snapshot, Stale
from proto.subjects import Subjects
from proto.units import DOLLAR, Side
from services.gateway.core import Gateway
from services.gateway.sharding import HAND_OVER_S
from shared.kalshi.commands import Command, Subscribe, UpdateSubscription
from shared.kalshi.numbers import format_count, format_dollars
from shared.market.clock import Now
from shared.market.continuity import Verdict
from shared.market.replica import Replica
from tests.unit.services.gateway.harness import START, Done, decoded, frame, subscribed

TICKERS = [f"KX{letter}-1" for letter in "ABCDEFGH"]
LINES = 2


class Wire:
    """One connection at the exchange: what it is subscribed to and what is under way on it."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.frames: deque[bytes] = deque()
        self.commands: deque[Command] = deque()
        self.seq = 0

    def say(self, kind: str, msg: dict[str, Any], command_id: int | None = None) -> None:
        """Put a numbered frame on the way."""
        self.seq += 1
        self.frames.append(frame(kind, 1, self.seq, msg, command_id))


class World:
    """The exchange's books, two connections, and a consumer of the bus that holds every message against the rules."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = START
        self.core = Gateway(
            instance="g", tickers=TICKERS, channels=("orderbook_delta",), subjects=Subjects(), connections=LINES
        )
        self.books: dict[str, dict[Side, dict[int, int]]] = {ticker: {"yes": {}, "no": {}} for ticker in TICKERS}
        self.wires: list[Wire | None] = [None] * LINES
        self.replicas = {ticker: Replica(ticker) for ticker in TICKERS}
        self.stale: list[Stale] = []
        self.said: list[str] = []
        for line in range(LINES):
            self.connect(line)

    def connect(self, line: int) -> None:
        """Make a connection."""
        self.wires[line] = Wire()
        self.core.opened(self.now, line)
        self.take()

    def cut(self, line: int) -> None:
        """Lose one."""
        self.wires[line] = None
        self.core.closed("cut", self.now, line)
        self.take()

    def wait(self, seconds: float) -> None:
        """Pass time in tenths of a second, with everything that was said arriving."""
        for _ in range(round(seconds * 10)):
            self.now = Now(self.now.at + 0.1, self.now.ts + 100_000)
            self.core.tick(self.now)
            self.take()
            self.settle()

    def settle(self) -> None:
        """Let everything arrive."""
        while any(wire and (wire.frames or wire.commands) for wire in self.wires):
            for line in range(LINES):
                self.answer(line)
                self.deliver(line)

    def answer(self, line: int) -> None:
        """Do the oldest command of a connection."""
        wire = self.wires[line]
        if wire is None or not wire.commands:
            return
        command = wire.commands.popleft()
        if isinstance(command, Subscribe):
            wire.frames.append(subscribed("orderbook_delta", 1, command.id))
            self._add(wire, command.params.market_tickers or [])
        elif isinstance(command, UpdateSubscription):
            tickers = command.params.market_tickers or []
            if command.params.action == "get_snapshot":
                for ticker in tickers:
                    self._show(wire, ticker, command.id)
                return
            wire.say("ok", {}, command.id)
            if command.params.action == "delete_markets":
                wire.held.difference_update(tickers)
            else:
                self._add(wire, tickers)

    def deliver(self, line: int) -> None:
        """Let the oldest frame of a connection arrive."""
        wire = self.wires[line]
        if wire is not None and wire.frames:
            self.now = Now(self.now.at + 0.0001, self.now.ts + 100)
            self.core.received(wire.frames.popleft(), self.now, line)
            self.take()

    def change(self, ticker: str) -> None:
        """Change a level, told on every connection that has the market."""
        side: Side = self.random.choice(["yes", "no"])
        price = self.random.randint(1, 4) * 100
        levels = self.books[ticker][side]
        delta = self.random.choice([1, 250, -levels[price]] if price in levels else [1, 250])
        levels[price] = levels.get(price, 0) + delta
        if not levels[price]:
            del levels[price]
        shown = format_dollars(price if side == "yes" else DOLLAR - price)
        msg = {"market_ticker": ticker, "side": side, "price_dollars": shown, "delta_fp": format_count(delta)}
        for wire in self.wires:
            if wire is not None and ticker in wire.held:
                wire.say("orderbook_delta", msg)

    def take(self) -> None:
        """Do what the core wants, and hear what it says."""
        out = self.core.out.take()
        for line, command in out.commands:
            wire = self.wires[line]
            if wire is not None:
                wire.commands.append(command)
        self._hear(decoded(out))
        for line in out.drops:
            self.cut(line)

    def served_by(self) -> list[set[str]]:
        """Return what each connection is subscribed to at the exchange."""
        return [set() if wire is None else set(wire.held) for wire in self.wires]

    def live_and_right(self) -> bool:
        """Whether every market is live with the exchange's book."""
        return all(
            replica.reason is None
            and all(dict(replica.book.ladder(side)) == levels for side, levels in self.books[ticker].items())
            for ticker, replica in self.replicas.items()
        )

    def _hear(self, done: Done) -> None:
        for message in done.books:
            replica = self.replicas[message.ticker]
            self.said.append(message.ticker)
            if isinstance(message, Delta):
                assert replica.reason is None
                assert replica.delta(message) is Verdict.TAKE
            elif isinstance(message, Snapshot):
                assert replica.snapshot(message) is Verdict.TAKE
            else:
                self.stale.append(message)
                assert replica.stale(message) is Verdict.TAKE

    def _add(self, wire: Wire, tickers: list[str]) -> None:
        for ticker in tickers:
            if ticker not in wire.held:
                wire.held.add(ticker)
                self._show(wire, ticker, None)

    def _show(self, wire: Wire, ticker: str, command_id: int | None) -> None:
        levels = {}
        for side, held in self.books[ticker].items():
            pairs = [(price if side == "yes" else DOLLAR - price, quantity) for price, quantity in held.items()]
            if pairs:
                levels[f"{side}_dollars_fp"] = [[format_dollars(p), format_count(q)] for p, q in pairs]
        wire.say("orderbook_snapshot", {"market_ticker": ticker, **levels}, command_id)


def test_each_market_is_asked_for_once() -> None:
    """The connections share the markets, and all of them become live."""
    world = World(0)
    world.wait(1)
    first, second = world.served_by()
    assert first | second == set(TICKERS)
    assert not first & second
    assert first
    assert second
    assert world.live_and_right()


def test_a_cut_is_felt_by_its_own_markets_alone() -> None:
    """Those of the other connection go on; nothing moves while it may be back at once."""
    world = World(1)
    world.wait(1)
    served = world.served_by()
    world.cut(0)
    assert {message.ticker for message in world.stale} == served[0]
    world.wait(HAND_OVER_S / 2)
    world.connect(0)
    world.wait(1)
    assert world.served_by() == served
    assert world.live_and_right()
    assert len(world.stale) == len(served[0])


def test_a_lost_connections_markets_are_taken_over_and_given_back() -> None:
    """The way back is make-before-break: the other one serves until the snapshot is there, and nothing turns stale."""
    world = World(2)
    world.wait(1)
    served = world.served_by()
    world.cut(0)
    world.wait(HAND_OVER_S + 2)
    assert world.served_by() == [set(), set(TICKERS)]
    assert world.live_and_right()
    stale = len(world.stale)
    epochs = {ticker: world.replicas[ticker].epoch for ticker in served[0]}
    world.connect(0)
    world.wait(3)
    assert world.served_by() == served
    assert world.live_and_right()
    assert len(world.stale) == stale
    assert all(world.replicas[ticker].epoch > epoch for ticker, epoch in epochs.items())


@pytest.mark.parametrize("seed", range(25))
def test_whatever_comes_and_goes_books_are_true(seed: int) -> None:
    """Changes, cuts and connections in any order break no rule of the bus; afterwards all is live and right."""
    world = World(seed)
    for _ in range(400):
        line = world.random.randrange(LINES)
        match world.random.choices(["change", "deliver", "answer", "cut", "connect", "wait"], [40, 60, 20, 1, 4, 3])[0]:
            case "change":
                world.change(world.random.choice(TICKERS))
            case "deliver":
                world.deliver(line)
            case "answer":
                world.answer(line)
            case "cut" if world.wires[line] is not None:
                world.cut(line)
            case "connect" if world.wires[line] is None:
                world.connect(line)
            case "wait":
                world.now = Now(world.now.at + world.random.choice([0.1, 2.0, 12.0]), world.now.ts + 100_000)
                world.core.tick(world.now)
                world.take()
    for line in range(LINES):
        if world.wires[line] is None:
            world.connect(line)
    world.wait(HAND_OVER_S + 40)
    assert world.live_and_right()
    first, second = world.served_by()
    assert not first & second
