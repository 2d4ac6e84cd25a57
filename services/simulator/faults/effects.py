"""What faults do while they last."""

from collections.abc import Callable, Sequence
from math import inf

from services.simulator.core import Exchange
from services.simulator.faults import script
from services.simulator.faults.door import Refused, refusal
from services.simulator.faults.spoiler import Spoiler, spoiler
from services.simulator.faults.strikes import sessions, subscriptions
from services.simulator.feed.subscription import Subscription
from services.simulator.session import acts
from services.simulator.session.session import Session
from shared.market.clock import Now


class Effect:
    """What one fault does; `for_s` 0 means until it is over, or for good."""

    def __init__(self, for_s: float = 0) -> None:
        self.for_s = for_s
        self._hits = 0

    def hits(self) -> int:
        """Return how many frames, subscriptions, connections or handshakes met it."""
        return self._hits

    def meets(self) -> bool:
        """Whether there is somebody to meet; without, it waits."""
        return True

    def begin(self) -> None:
        """Start."""

    def next_at(self) -> float:
        """Return when `run` is wanted; infinity means never."""
        return inf

    def run(self, now: Now) -> None:
        """Do what time asks for."""

    def is_over(self) -> bool:
        """Whether it has done all its work."""
        return False

    def end(self) -> None:
        """Undo it."""


class Strike(Effect):
    """Happens in a moment; the blows are what is done to each of those who are there."""

    def __init__(self, blows: Callable[[], Sequence[Callable[[], None]]]) -> None:
        super().__init__()
        self._blows = blows

    def meets(self) -> bool:
        """Whether somebody is there."""
        return bool(self._blows())

    def begin(self) -> None:
        """Do it to all who are there."""
        for blow in self._blows():
            blow()
            self._hits += 1

    def is_over(self) -> bool:
        """It is as soon as it has begun."""
        return True


class Spoiling(Effect):
    """Frames are spoilt: of the subscriptions that are open, and if it lasts of those that come meanwhile."""

    def __init__(self, exchange: Exchange, fault: script.Frames, uniform: Callable[[], float]) -> None:
        super().__init__(fault.for_s)
        self._exchange = exchange
        self._fault = fault
        self._uniform = uniform
        self._spoilers: dict[Subscription, Spoiler] = {}

    def meets(self) -> bool:
        """Whether one of the subscriptions is open, which does not matter if it lasts."""
        return self._fault.lasts or bool(self._strangers())

    def begin(self) -> None:
        """Stand in the way of all that are open."""
        for subscription in self._strangers():
            self._spoilers[subscription] = spoiler(subscription, self._fault, self._uniform)

    def next_at(self) -> float:
        """Return when frames have to go, or somebody has come."""
        if self._fault.lasts and self._strangers():
            return -inf
        return min((one.next_at() for one in self._spoilers.values()), default=inf)

    def run(self, now: Now) -> None:
        """Meet who has come, forget who has gone and let frames go."""
        if self._fault.lasts:
            self.begin()
        for subscription, one in list(self._spoilers.items()):
            one.release(now.at)
            if not _works(subscription, one) and subscription.ended:
                del self._spoilers[subscription]
                self._hits += one.hits

    def is_over(self) -> bool:
        """Whether all frames that were to be spoilt are."""
        return not self._fault.lasts and not any(_works(*one) for one in self._spoilers.items())

    def end(self) -> None:
        """Get out of the way."""
        for one in self._spoilers.values():
            if one.present:
                one.leave()

    def hits(self) -> int:
        """Return how many frames were spoilt."""
        return self._hits + sum(one.hits for one in self._spoilers.values())

    def _strangers(self) -> list[Subscription]:
        found = subscriptions(self._exchange, self._fault)
        return [subscription for _, subscription in found if subscription not in self._spoilers]


def _works(subscription: Subscription, one: Spoiler) -> bool:
    return one.present and (not subscription.ended or one.next_at() < inf)


class Muting(Effect):
    """Connections say nothing; those that are muted already are left alone."""

    def __init__(self, exchange: Exchange, fault: script.Mute) -> None:
        super().__init__(fault.for_s)
        self._exchange = exchange
        self._fault = fault
        self._muted: list[Session] = []

    def meets(self) -> bool:
        """Whether one of the connections is open and speaks."""
        return bool(self._speaking())

    def begin(self) -> None:
        """Mute all that are open."""
        self._muted = self._speaking()
        self._hits = len(self._muted)
        for session in self._muted:
            session.muted = True
            session.acts.append(acts.Mute(self._fault.pongs))

    def is_over(self) -> bool:
        """Whether all of them have gone."""
        return not any(session.number in self._exchange.sessions for session in self._muted)

    def end(self) -> None:
        """Let them speak again."""
        for session in self._muted:
            session.outbox.clear()
            session.muted = False
            session.acts.append(acts.Unmute())

    def _speaking(self) -> list[Session]:
        return [session for session in sessions(self._exchange, self._fault) if not session.muted]


class Refusing(Effect):
    """Handshakes are refused."""

    def __init__(self, answer: Refused, *, for_s: float, limit: int | None, key_id: str = "") -> None:
        super().__init__(for_s)
        self._answer = answer
        self._limit = limit
        self._key_id = key_id

    def refuse(self, key_id: str) -> Refused | None:
        """Refuse a handshake, or let it pass with None."""
        if self.is_over() or self._key_id not in {"", key_id}:
            return None
        self._hits += 1
        return self._answer

    def is_over(self) -> bool:
        """Whether all handshakes that were to be refused are."""
        return self._limit is not None and self._hits >= self._limit


class Pausing(Refusing):
    """The exchange rests: no trading, nobody connected."""

    def __init__(self, exchange: Exchange, fault: script.Pause) -> None:
        super().__init__(refusal(503), for_s=fault.for_s, limit=None)
        self._exchange = exchange
        self._outage = fault.outage

    def meets(self) -> bool:
        """Whether there is trade to stop."""
        return self._exchange.world.trading_active

    def begin(self) -> None:
        """Stop trading and cut all connections."""
        self._exchange.world.trading_active = False
        self._exchange.world.exchange_active = not self._outage
        for session in self._exchange.sessions.values():
            session.acts.append(acts.Cut())

    def end(self) -> None:
        """Trade again."""
        self._exchange.world.trading_active = self._exchange.world.exchange_active = True
