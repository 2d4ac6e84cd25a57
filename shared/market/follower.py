"""Many replicas kept true: what to do about every book message, heartbeat and silence.

A pure core. It is told messages, images (books that were asked for), heartbeats, breaks of the bus connection and the
passing of time. It answers with the book messages that a listener who misses nothing would have heard: deltas and
snapshots that continue, `stale` where they do not, a snapshot where they do again. And it says which books have to be
asked for; `tick` and `due` are to be called some ten times a second.

Heads that are ahead of a replica are given a short grace, for the messages that they count may still be queued on
another subscription.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

import msgspec

from proto.book import BookMessage, Delta, Snapshot
from proto.requests import BookImage
from proto.system import Heartbeat
from proto.units import StaleReason
from shared.market.backoff import delays
from shared.market.clock import Now
from shared.market.continuity import Verdict
from shared.market.replica import Replica

#: Three seconds, less what it takes to notice them and to tell.
GATEWAY_SILENCE_S = 2.9
HEAD_GRACE_S = 0.4
#: Consumers that see the same gap ask for the book within this time, not all at once.
ASK_SPREAD_S = 0.05
ASK_AGAIN_FIRST_S = 0.5
ASK_AGAIN_CAP_S = 10.0
#: A market that is no longer followed is kept for this time, so that its last views say that it is stale.
GONE_KEPT_S = 60.0


class _Asking:
    """When to ask for one book, and how long to wait between attempts."""

    __slots__ = ("at", "waits")

    def __init__(self, at: float, waits: Iterator[float]) -> None:
        self.at = at
        self.waits = waits


class _Suspicion(msgspec.Struct, frozen=True):
    """A head that our replica, then at `held`, does not agree with; at `at` the grace is over."""

    ticker: str
    head: tuple[int, int]
    held: tuple[int, int]
    stale: bool
    at: float


class _Gateway:
    """What was last heard of one gateway; heads confirm a doubted book only from `trusted_from` on."""

    __slots__ = ("counter", "heard_at", "lost", "trusted_from")

    def __init__(self, heard_at: float) -> None:
        self.counter = -1
        self.heard_at = heard_at
        self.lost = False
        self.trusted_from = 0


class Follower:
    """Keeps in `replicas` the markets that `accepts` names; `random` in [0, 1) spreads the asking."""

    def __init__(
        self,
        replicas: dict[str, Replica],
        *,
        accepts: Callable[[str], bool],
        random: Callable[[], float],
        started_at: float,
    ) -> None:
        self.replicas = replicas
        self._accepts = accepts
        self._random = random
        self._asking: dict[str, _Asking] = {}
        self._suspicions: deque[_Suspicion] = deque()
        self._gone: dict[str, float] = {}
        self._chosen: set[str] = set()
        self._gateways: dict[str, _Gateway] = {}
        # Stands for the gateway of a market that none has named yet.
        self._anyone = _Gateway(started_at)
        #: Some heads were missed: `rpc.gateway.heads` should be asked. The shell clears it.
        self.heads_wanted = False

    @property
    def feed_lost(self) -> bool:
        """Whether no gateway at all is heard."""
        return self._anyone.lost or not self._gateways

    def follow(self, tickers: Iterable[str], now: Now) -> None:
        """Start with these markets at once, not only when they are heard of, and keep them when they are gone."""
        for ticker in tickers:
            self._chosen.add(ticker)
            self._replica(ticker, now)

    def forget(self, ticker: str) -> None:
        """Drop all that is held of a market."""
        self.replicas.pop(ticker, None)
        self._asking.pop(ticker, None)
        self._chosen.discard(ticker)

    def received(self, message: BookMessage, now: Now) -> BookMessage | None:
        """Take a message of the bus; return what a listener should hear, None if it is nothing new."""
        replica = self.replicas.get(message.ticker)
        if replica is None:
            if not self._accepts(message.ticker):
                return None
            replica = self._replica(message.ticker, now)
        if isinstance(message, Delta):
            return self._delta(replica, message, now)
        if isinstance(message, Snapshot):
            return self._snapshot(replica, message, now)
        if replica.stale(message) is Verdict.TAKE:
            self._asking.pop(replica.ticker, None)
            return message
        return None

    def image(self, image: BookImage, now: Now) -> BookMessage | None:
        """Take a book that is still asked for, unless it is stale at its owner too."""
        if image.ticker not in self._asking or image.status == "stale":
            return None
        return self._snapshot(self.replicas[image.ticker], image, now)

    def heartbeat(self, beat: Heartbeat, now: Now) -> list[BookMessage]:
        """Compare a gateway's heads with the replicas; a doubted book that equals its head is live again."""
        gateway = self._heard(beat, now)
        confirmed = beat.counter >= gateway.trusted_from
        stale = set(beat.stale)
        said: list[BookMessage] = []
        for ticker, head in beat.heads.items():
            if not self._accepts(ticker):
                continue
            replica = self._replica(ticker, now)
            if head[0] >= replica.epoch:
                replica.instance = beat.instance
            elif head[0] and self._is_held_by_another(replica, beat.instance):
                # A gateway that handed over, or slept, proves nothing about the book of the one that goes on.
                continue
            message = self._head(replica, head, stale=ticker in stale, confirmed=confirmed, now=now)
            if message is not None:
                said.append(message)
        return said + self._unfollowed(beat.gone, now)

    def broken(self, now: Now) -> list[BookMessage]:
        """The bus dropped messages or reconnected: doubt every book until heads or images say otherwise."""
        for gateway in self._gateways.values():
            gateway.trusted_from = gateway.counter + 2
        self.heads_wanted = True
        return self._mark((r for r in self.replicas.values() if r.reason is None), "bus_gap", now)

    def trust(self, instance: str, counter: int) -> None:
        """Heads of this gateway are newer than the last break from this heartbeat on."""
        gateway = self._gateways.get(instance)
        if gateway is not None:
            # On another subscription these heads can have come before the answer that makes them trusted.
            if counter <= gateway.counter and counter < gateway.trusted_from:
                self.heads_wanted = True
            gateway.trusted_from = counter

    def tick(self, now: Now) -> list[BookMessage]:
        """Note what has not come in time: heartbeats, and messages that heads have counted."""
        said = self._silence(now)
        while self._suspicions and self._suspicions[0].at <= now.at:
            suspicion = self._suspicions.popleft()
            replica = self.replicas.get(suspicion.ticker)
            if replica is not None and self._missed(suspicion, replica, now) and replica.reason is None:
                said.append(replica.mark("bus_gap", now.ts))
        self._forget_gone(now)
        return said

    def asks_due(self, now: Now) -> bool:
        """Whether `due` would return something."""
        return any(asking.at <= now.at for asking in self._asking.values())

    def due(self, now: Now) -> list[str]:
        """Return the markets whose book is to be asked for now, and plan the next attempt."""
        tickers = [ticker for ticker, asking in self._asking.items() if asking.at <= now.at]
        for ticker in tickers:
            asking = self._asking[ticker]
            asking.at = now.at + ASK_AGAIN_FIRST_S + next(asking.waits)
        return tickers

    def _missed(self, suspicion: _Suspicion, replica: Replica, now: Now) -> bool:
        if suspicion.stale:
            replica.expect_snapshot_after(suspicion.head[0])
            return replica.held <= max(suspicion.head, suspicion.held)
        replica.expect(suspicion.head)
        behind = replica.held < suspicion.head
        if behind:
            self._ask(replica, now.at)
        return behind

    def _replica(self, ticker: str, now: Now) -> Replica:
        replica = self.replicas.get(ticker)
        if replica is None:
            replica = self.replicas[ticker] = Replica(ticker)
            self._ask(replica, now.at)
        return replica

    def _unfollowed(self, tickers: Iterable[str], now: Now) -> list[BookMessage]:
        held = [self.replicas[ticker] for ticker in tickers if ticker in self.replicas]
        for replica in held:
            self._asking.pop(replica.ticker, None)
            self._gone.setdefault(replica.ticker, now.at + GONE_KEPT_S)
        return self._mark((r for r in held if r.reason != "unsubscribed"), "unsubscribed", now)

    def _forget_gone(self, now: Now) -> None:
        for ticker in [ticker for ticker, until in self._gone.items() if until <= now.at]:
            del self._gone[ticker]
            replica = self.replicas.get(ticker)
            if replica is not None and replica.reason == "unsubscribed" and ticker not in self._chosen:
                self.forget(ticker)

    def _ask(self, replica: Replica, at: float) -> None:
        if replica.ticker not in self._asking:
            waits = delays(self._random, first=ASK_AGAIN_FIRST_S, cap=ASK_AGAIN_CAP_S)
            self._asking[replica.ticker] = _Asking(at + self._random() * ASK_SPREAD_S, waits)

    def _delta(self, replica: Replica, message: Delta, now: Now) -> BookMessage | None:
        doubted = replica.reason is not None
        verdict = replica.delta(message)
        if verdict is Verdict.TAKE:
            return self._live(replica) if doubted else message
        if verdict is Verdict.IGNORE:
            return None
        self._ask(replica, now.at)
        return replica.mark("bus_gap", now.ts) if replica.reason is None else None

    def _snapshot(self, replica: Replica, message: Snapshot | BookImage, now: Now) -> BookMessage | None:
        epoch = replica.epoch
        verdict = replica.snapshot(message)
        if verdict is Verdict.IGNORE:
            return None
        if replica.epoch > epoch:
            # It can be another gateway's; the next head tells whose.
            replica.instance = ""
        if verdict is Verdict.GAP:
            self._ask(replica, now.at)
            return None
        said = self._live(replica)
        contains_more = replica.held != (message.epoch, message.seq)
        return message if said and isinstance(message, Snapshot) and not contains_more else said

    def _live(self, replica: Replica) -> BookMessage | None:
        # More can be known to be missing; and while its gateway is silent, nothing of its books is sure.
        if replica.reason is None and self._gateways.get(replica.instance, self._anyone).lost:
            replica.reason = "gateway_lost"
        if replica.reason is not None:
            return None
        self._asking.pop(replica.ticker, None)
        return replica.image()

    def _head(
        self, replica: Replica, head: tuple[int, int], *, stale: bool, confirmed: bool, now: Now
    ) -> BookMessage | None:
        held = replica.held
        if held < head or (stale and replica.reason is None):
            self._suspicions.append(_Suspicion(replica.ticker, head, held, stale=stale, at=now.at + HEAD_GRACE_S))
        elif held == head and not stale and confirmed and replica.confirm():
            return self._live(replica)
        elif held > head and not stale and replica.reason is not None:
            # Who told the book that is held is gone, and this gateway goes on from an older one: it has to begin anew.
            self._ask(replica, now.at)
        elif held == head and stale:
            replica.expect_snapshot_after(head[0])
            self._asking.pop(replica.ticker, None)
        return None

    def _heard(self, beat: Heartbeat, now: Now) -> _Gateway:
        if beat.instance not in self._gateways:
            self._forget_gateways()
        gateway = self._gateways.setdefault(beat.instance, _Gateway(now.at))
        if gateway.lost or beat.counter != gateway.counter + 1:
            self.heads_wanted = True
        for source in (gateway, self._anyone):
            source.heard_at = now.at
            source.lost = False
        gateway.counter = beat.counter
        return gateway

    def _is_held_by_another(self, replica: Replica, instance: str) -> bool:
        owner = self._gateways.get(replica.instance)
        return replica.instance != instance and owner is not None and not owner.lost

    def _forget_gateways(self) -> None:
        owners = {replica.instance for replica in self.replicas.values()}
        self._gateways = {name: known for name, known in self._gateways.items() if name in owners or not known.lost}

    def _silence(self, now: Now) -> list[BookMessage]:
        said: list[BookMessage] = []
        for name, gateway in [*self._gateways.items(), ("", self._anyone)]:
            if not gateway.lost and now.at >= gateway.heard_at + GATEWAY_SILENCE_S:
                gateway.lost = True
                lost = (r for r in self.replicas.values() if r.instance == name and r.reason is None)
                said += self._mark(lost, "gateway_lost", now)
        return said

    def _mark(self, replicas: Iterable[Replica], reason: StaleReason, now: Now) -> list[BookMessage]:
        return [replica.mark(reason, now.ts) for replica in list(replicas)]
