"""The gateway between a random exchange and a perfect bus: what is live on the bus is what the exchange has."""

import json
from collections.abc import Callable
from random import Random
from typing import get_args

import pytest

from proto.book import Delta, Snapshot
from proto.requests import Lease, Resync
from services.gateway.subscriptions import BATCH, REFUSED_S
from shared.market.continuity import Verdict
from shared.market.replica import Replica
from tests.unit.services.gateway.exchange import Counting, Exchange, Ladders, Sent
from tests.unit.services.gateway.harness import Bench, Done

STEPS = 250
HEALING_S = REFUSED_S + 30
CONFIGURED = ("KXA-1", "KXA-2", "KXB-3.5")
LEASED = ("KXA-2", "KXC-1", "KXC-2")


class World:
    """An exchange, the gateway's core, and a consumer that hears all that is said on the bus."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._counting: Counting = self._random.choice(get_args(Counting))
        # With a counter of their own for replies a lost frame can be impossible to see.
        self._loses = self._counting != "apart" and self._random.random() < 0.7
        mute = frozenset(self._random.choice([[], [], ["KXC-2"], ["KXB-3.5"]]))
        self._exchange = Exchange(self._random, self._counting, mute)
        self._bench = Bench(*CONFIGURED)
        self._replicas: dict[str, Replica] = {}
        self._passed: dict[str, Ladders] = {}
        self._unseen_loss = False
        self.live_checks = 0
        self._actions: list[tuple[Callable[[], None], int]] = [
            (self._change, 40),
            (self._deliver, 50),
            (self._answer, 12),
            (self._refuse, 1),
            (self._pass_time, 10),
            (self._lose, 2),
            (self._storm, 1),
            (self._end, 1),
            (self._garble, 1),
            (self._resync, 2),
            (self._lease, 2),
            (self._release, 1),
            (self._hang_up, 1),
        ]
        self._take(self._bench.open())

    def live(self) -> None:
        """Do random things."""
        actions, weights = zip(*self._actions, strict=True)
        for action in self._random.choices(actions, weights, k=STEPS):
            action()
            self._check()

    def heal(self) -> None:
        """Lose nothing any longer: every market that the exchange tells becomes live with its book."""
        # A loss shows at the next frame, so there has to be one.
        for ticker in CONFIGURED:
            self._exchange.change(ticker)
        for _ in range(round(HEALING_S * 10)):
            while self._exchange.line or self._exchange.commands:
                self._answer()
                self._deliver()
            self._take(self._bench.wait(0.1))
            self._check()
        assert set(CONFIGURED) <= set(self._bench.core.markets)
        followed = set(self._bench.core.markets) - self._exchange.mute
        assert {ticker for ticker, replica in self._replicas.items() if replica.reason is None} == followed
        for ticker in followed:
            assert self._book(ticker) == self._exchange.book(ticker)

    def _check(self) -> None:
        if self._unseen_loss:
            return
        for ticker, replica in self._replicas.items():
            if replica.reason is None:
                self.live_checks += 1
                assert self._book(ticker) == self._passed[ticker]

    def _take(self, done: Done) -> None:
        for message in done.books:
            replica = self._replicas.setdefault(message.ticker, Replica(message.ticker))
            if isinstance(message, Delta):
                assert replica.reason is None, "a delta was said of a stale market"
                assert replica.delta(message) is Verdict.TAKE
            elif isinstance(message, Snapshot):
                assert message.epoch > replica.epoch
                assert replica.snapshot(message) is Verdict.TAKE
            else:
                assert (message.epoch, message.seq) == replica.held
                assert replica.stale(message) is Verdict.TAKE
        self._exchange.commands.extend(done.commands)
        for command in done.short:
            assert len(command[2].split(",")) <= BATCH
        if done.drop is not None:
            self._hang_up()

    def _book(self, ticker: str) -> Ladders:
        book = self._replicas[ticker].book
        return book.ladder("yes"), book.ladder("no")

    def _pass(self, sent: Sent) -> None:
        if sent.ticker:
            self._passed[sent.ticker] = sent.book

    def _change(self) -> None:
        self._exchange.change(self._random.choice(CONFIGURED + LEASED))

    def _deliver(self) -> None:
        for _ in range(min(len(self._exchange.line), self._random.randint(1, 5))):
            if self._exchange.line:
                sent = self._exchange.line.popleft()
                self._pass(sent)
                self._unseen_loss = self._unseen_loss and not sent.numbered
                self._take(self._bench.give(sent.frame))

    def _answer(self) -> None:
        if self._exchange.commands:
            self._exchange.answer()

    def _refuse(self) -> None:
        if self._exchange.commands:
            self._exchange.refuse()

    def _pass_time(self) -> None:
        self._take(self._bench.wait(self._random.choice([0.1, 0.5, 1.5])))

    def _lose(self) -> None:
        if self._loses and self._exchange.line and not self._exchange.line[0].ending:
            sent = self._exchange.line.popleft()
            self._pass(sent)
            self._unseen_loss = self._unseen_loss or sent.numbered

    def _storm(self) -> None:
        for _ in range(self._random.randint(5, 30)):
            self._random.choice([self._change, self._deliver, self._answer, self._lose, self._lose])()
            self._check()

    def _end(self) -> None:
        self._exchange.end()

    def _garble(self) -> None:
        if self._loses and self._exchange.line and self._exchange.line[0].ticker:
            sent = self._exchange.line.popleft()
            self._pass(sent)
            self._unseen_loss = False
            garbled = json.loads(sent.frame)
            garbled["msg"]["market_ticker"] = None
            self._take(self._bench.give(json.dumps(garbled).encode()))

    def _resync(self) -> None:
        ticker = self._random.choice(CONFIGURED)
        self._bench.core.resync(Resync((ticker,), self._random.choice(["operator", None])), self._bench.now)
        self._take(self._bench.done())

    def _lease(self) -> None:
        tickers = tuple(self._random.sample(LEASED, 2))
        self._bench.core.lease(Lease("bot", tickers, ttl_s=self._random.randint(1, 5)), self._bench.now)
        self._take(self._bench.done())

    def _release(self) -> None:
        self._bench.core.release(Lease("bot", LEASED), self._bench.now)
        self._take(self._bench.done())

    def _hang_up(self) -> None:
        self._exchange.hang_up()
        self._unseen_loss = False
        self._take(self._bench.close())
        assert all(replica.reason is not None for replica in self._replicas.values())
        self._take(self._bench.open())


@pytest.mark.parametrize("seed", range(25))
def test_what_is_live_is_what_the_exchange_has(seed: int) -> None:
    """Whatever is lost, garbled, refused, leased or cut, a live book is the exchange's; afterwards all are live."""
    world = World(seed)
    world.live()
    world.heal()
    assert world.live_checks > 0
