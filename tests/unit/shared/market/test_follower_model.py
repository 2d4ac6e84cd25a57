"""Followers on a bus that loses, repeats and reorders: what is live is true, and in the end everything is live."""

from collections.abc import Callable
from random import Random

import pytest

from proto.book import BookMessage
from proto.requests import BookImage
from proto.system import Heartbeat
from shared.market.clock import Now
from tests.unit.shared.market.world import START, TICKERS, Gateway, Ladders, Peer

STEPS = 150
HEALING_S = 45
SEEDS = range(25)


class World:
    """One gateway, a book builder that asks it, a consumer that asks the book builder, and chance between them."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._now = START
        self._history: dict[tuple[str, int, int], Ladders] = {}
        self._gateway = Gateway("gateway-0", self._random, self._history)
        self._restarts = 0
        self._builder = Peer(self._random, START.at)
        self._consumer = Peer(self._random, START.at)
        self._peers = (self._builder, self._consumer)
        self._images: list[BookImage] = []
        self._trusts: list[tuple[Peer, str, int]] = []
        self._loss = self._random.choice([0.0, 0.05, 0.3])
        self._disorder = self._random.choice([0.0, 0.1, 0.3])
        self._actions: list[tuple[Callable[[], None], int]] = [
            (self._change, 30),
            (self._snapshot, 6),
            (self._doubt, 3),
            (self._heartbeat, 12),
            (self._heads, 3),
            (self._deliver, 40),
            (self._pass_time, 12),
            (self._answer, 8),
            (self._break, 1),
            (self._restart, 1),
            (self._leave_or_join, 1),
        ]

    def live(self) -> float:
        """Do random things; return the share of checks at which the consumer had something live."""
        actions, weights = zip(*self._actions, strict=True)
        seen = 0
        for action in self._random.choices(actions, weights, k=STEPS):
            self._advance(0.0)
            action()
            self._check()
            seen += any(replica.reason is None for replica in self._consumer.replicas.values())
        return seen / STEPS

    def heal(self) -> None:
        """Lose nothing any longer: every market becomes live where the gateway is, and no other stays."""
        self._loss = self._disorder = 0.0
        for _ in range(HEALING_S):
            for ticker, market in self._gateway.markets.items():
                if market.stale:
                    self._publish(self._gateway.snapshot(ticker, self._now))
            self._publish_heartbeat(self._gateway.heartbeat(self._now))
            for _ in range(4):
                self._drain()
                self._advance(0.25)
                self._tick()
                self._drain()
                self._check()
        for peer in self._peers:
            live = {ticker: r.held for ticker, r in peer.replicas.items() if r.reason is None}
            assert live == {ticker: market.head for ticker, market in self._gateway.markets.items()}

    def _check(self) -> None:
        for peer in self._peers:
            peer.check(self._history)

    def _advance(self, seconds: float) -> None:
        self._now = Now(self._now.at + seconds, self._now.ts + 1 + round(seconds * 1e6))

    def _some_ticker(self) -> str | None:
        return self._random.choice(sorted(self._gateway.markets)) if self._gateway.markets else None

    def _lost(self) -> bool:
        return self._random.random() < self._loss

    def _publish(self, message: BookMessage | None) -> None:
        # What fails at the gateway is lost for all.
        if message is None or (self._lost() and self._lost()):
            return
        for peer in self._peers:
            peer.messages.append(message)

    def _publish_heartbeat(self, beat: Heartbeat) -> None:
        for peer in self._peers:
            if not self._lost():
                peer.heartbeats.append(beat)

    def _change(self) -> None:
        ticker = self._some_ticker()
        if ticker is not None:
            self._publish(self._gateway.change(ticker, self._now))

    def _snapshot(self) -> None:
        ticker = self._some_ticker()
        if ticker is not None:
            self._publish(self._gateway.snapshot(ticker, self._now))

    def _doubt(self) -> None:
        ticker = self._some_ticker()
        if ticker is not None:
            self._publish(self._gateway.doubt(ticker, self._now))

    def _leave_or_join(self) -> None:
        absent = [ticker for ticker in TICKERS if ticker not in self._gateway.markets]
        ticker = self._some_ticker()
        if absent:
            self._gateway.add(absent[0])
        elif ticker is not None:
            self._publish(self._gateway.drop(ticker, self._now))

    def _restart(self) -> None:
        self._restarts += 1
        self._gateway = Gateway(f"gateway-{self._restarts}", self._random, self._history)

    def _heartbeat(self) -> None:
        self._publish_heartbeat(self._gateway.heartbeat(self._now))

    def _heads(self) -> None:
        peer = self._random.choice(self._peers)
        if peer.follower.heads_wanted and not self._lost():
            beat = self._gateway.heartbeat(self._now, everything=True)
            self._publish_heartbeat(beat)
            self._trusts.append((peer, beat.instance, beat.counter))

    def _deliver(self) -> None:
        peer = self._random.choice(self._peers)
        for _ in range(self._random.randint(1, 6)):
            if self._random.random() < 0.15 and peer.heartbeats:
                peer.take_heartbeat(peer.heartbeats.popleft(), self._now)
            elif peer.messages:
                self._deliver_message(peer)

    def _deliver_message(self, peer: Peer) -> None:
        if self._random.random() < self._disorder:
            peer.messages.rotate(self._random.choice([1, -1]))
        message = peer.messages.popleft()
        if self._random.random() < self._disorder:
            peer.messages.insert(self._random.randint(0, len(peer.messages)), message)
        if not self._lost():
            peer.take_message(message, self._now)

    def _break(self) -> None:
        peer = self._random.choice(self._peers)
        for _ in range(self._random.randint(0, len(peer.messages))):
            peer.messages.pop()
        if peer.heartbeats and self._random.random() < 0.5:
            peer.heartbeats.pop()
        peer.break_bus(self._now)

    def _pass_time(self) -> None:
        self._advance(self._random.choices([0.05, 0.2, 0.5, 1.0, 3.5], [8, 8, 4, 2, 1])[0])
        self._tick()

    def _tick(self) -> None:
        for ticker in self._builder.tick(self._now):
            if ticker in self._gateway.markets and not self._lost():
                self._publish(self._gateway.snapshot(ticker, self._now))
        self._images += [book for book in self._builder.images(self._consumer.tick(self._now)) if not self._lost()]

    def _answer(self) -> None:
        self._random.shuffle(self._images)
        if self._images:
            self._consumer.take_image(self._images.pop(), self._now)
        if self._trusts:
            peer, instance, counter = self._trusts.pop()
            peer.follower.heads_wanted = False
            peer.follower.trust(instance, counter)

    def _drain(self) -> None:
        for peer in self._peers:
            while peer.messages:
                peer.take_message(peer.messages.popleft(), self._now)
            while peer.heartbeats:
                peer.take_heartbeat(peer.heartbeats.popleft(), self._now)
        while self._images or self._trusts:
            self._answer()


@pytest.mark.parametrize("seed", SEEDS)
def test_live_is_true_and_losses_heal(seed: int) -> None:
    """Whatever the bus does, a live book is the gateway's at its (epoch, seq); afterwards all of them are live."""
    world = World(seed)
    world.live()
    world.heal()


def test_the_model_is_not_idle() -> None:
    """Among random worlds the consumer has live books most of the time, so that the invariants say something."""
    shares = [World(seed).live() for seed in range(20)]
    assert sum(shares) / len(shares) > 0.5
