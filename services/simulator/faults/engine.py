"""Does what the fault script says, when it says so."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from math import inf

import msgspec

from services.simulator.core import Exchange
from services.simulator.faults import script
from services.simulator.faults.behaviour import Behaving, Layers
from services.simulator.faults.door import Refused, refusal
from services.simulator.faults.effects import Effect, Muting, Pausing, Refusing, Spoiling, Strike
from services.simulator.faults.script import Fault
from services.simulator.faults.strikes import blows
from shared.market.clock import Now

#: Faults that are remembered when they are done.
REMEMBERED = 1_000


class State(StrEnum):
    """How far a fault has come; it waits for its time, or for somebody to meet."""

    WAITING = "waiting"
    ACTIVE = "active"
    DONE = "done"


class FaultStatus(msgspec.Struct, frozen=True):
    """What became of a fault; `hits` counts the frames, subscriptions, connections or handshakes that met it."""

    id: int
    fault: Fault
    state: State
    hits: int


class Faults:
    """An engine of the exchange, and what its door asks."""

    def __init__(self, exchange: Exchange, uniform: Callable[[], float]) -> None:
        self._exchange = exchange
        self._uniform = uniform
        self._layers = Layers(exchange.manners)
        self._entries: list[_Entry] = []
        #: Those that are not done, which alone are asked every turn.
        self._undone: list[_Entry] = []
        self._posted = 0

    def post(self, faults: Iterable[Fault], now: Now) -> list[FaultStatus]:
        """Take faults, begin with those whose time has come, and return what became of each."""
        posted = [self._entry(fault, now) for fault in faults]
        self._entries += posted
        self._undone += posted
        self.run(now)
        self._forget()
        return [entry.status() for entry in posted]

    def status(self) -> list[FaultStatus]:
        """Return what became of all faults."""
        return [entry.status() for entry in self._entries]

    def clear(self) -> None:
        """Undo and forget all faults."""
        for entry in self._entries:
            entry.end()
        self._entries.clear()
        self._undone.clear()
        for session in self._exchange.sessions.values():
            session.refusals.clear()

    def refuse(self, key_id: str, now: Now) -> Refused | None:
        """Refuse a handshake with this key, or let it pass with None."""
        self.run(now)
        answers = (
            entry.effect.refuse(key_id)
            for entry in self._undone
            if entry.state is State.ACTIVE and isinstance(entry.effect, Refusing)
        )
        return next((answer for answer in answers if answer is not None), None)

    def next_at(self) -> float:
        """Return when a fault begins, ends or has something to do."""
        return min((entry.next_at() for entry in self._undone), default=inf)

    def run(self, now: Now) -> None:
        """Begin and end what is due."""
        self._exchange.manners.at(now.ts)
        for entry in self._undone:
            entry.run(now)
        self._undone = [entry for entry in self._undone if entry.state is not State.DONE]

    def _entry(self, fault: Fault, now: Now) -> "_Entry":
        self._posted += 1
        return _Entry(self._posted, fault, self._effect(fault), now.at + fault.after_s)

    def _effect(self, fault: Fault) -> Effect:
        if isinstance(fault, script.Frames):
            return Spoiling(self._exchange, fault, self._uniform)
        if isinstance(fault, script.Strike):
            return Strike(lambda: blows(self._exchange, fault))
        if isinstance(fault, script.Mute):
            return Muting(self._exchange, fault)
        if isinstance(fault, script.RefuseConnect):
            answer = refusal(fault.status, fault.code)
            return Refusing(answer, for_s=fault.for_s, limit=fault.limit, key_id=fault.key_id)
        if isinstance(fault, script.Pause):
            return Pausing(self._exchange, fault)
        return Behaving(self._layers, fault)

    def _forget(self) -> None:
        done = [entry for entry in self._entries if entry.state is State.DONE]
        forgotten = set(done[:-REMEMBERED])
        if forgotten:
            self._entries = [entry for entry in self._entries if entry not in forgotten]


class _Entry:
    def __init__(self, number: int, fault: Fault, effect: Effect, begins_at: float) -> None:
        self.effect = effect
        self.state = State.WAITING
        self._number = number
        self._fault = fault
        self._begins_at = begins_at
        self._ends_at = inf
        self._is_due = False

    def status(self) -> FaultStatus:
        return FaultStatus(self._number, self._fault, self.state, self.effect.hits())

    def next_at(self) -> float:
        if self.state is State.ACTIVE:
            return -inf if self.effect.is_over() else min(self._ends_at, self.effect.next_at())
        # Whether somebody is there is asked only when it matters, for there may be many connections.
        return self._begins_at if not self._is_due or self.effect.meets() else inf

    def run(self, now: Now) -> None:
        self._is_due = self._begins_at <= now.at
        if self.state is State.WAITING and self._is_due and self.effect.meets():
            self.state = State.ACTIVE
            self._ends_at = now.at + self.effect.for_s if self.effect.for_s else inf
            self.effect.begin()
        if self.state is State.ACTIVE:
            self.effect.run(now)
            if self._ends_at <= now.at or self.effect.is_over():
                self.end()

    def end(self) -> None:
        if self.state is State.ACTIVE:
            self.effect.end()
        self.state = State.DONE
