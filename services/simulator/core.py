"""The exchange: a world, what moves it, and the sessions that are told."""

from collections import deque
from collections.abc import Callable
from math import inf
from typing import Protocol

import msgspec

from services.simulator.feed.habits import Habits, Manners
from services.simulator.feed.subscription import Subscription
from services.simulator.session.acts import Act
from services.simulator.session.session import Session
from services.simulator.world.floor import Floor
from services.simulator.world.world import World
from shared.market.clock import Now

#: Sessions that have closed and whose books can still be asked for.
CLOSED_SESSIONS = 16


class Engine(Protocol):
    """Something that moves the world as time goes by."""

    def next_at(self) -> float:
        """Return when it has something to do; infinity means not before somebody asks for it."""

    def run(self, now: Now) -> None:
        """Do what is due; a large backlog is left for the next turn, for others want a turn too."""


class Outgoing(msgspec.Struct, frozen=True):
    """What a turn produced, and when the next is due; infinity means not before a client says something."""

    frames: list[tuple[Session, list[bytes]]]
    acts: list[tuple[Session, Act]]
    wake_at: float


class Exchange:
    """Sessions, and the engines that move the world they look at."""

    def __init__(self, world: World, uniform: Callable[[], float], *, habits: Habits | None = None) -> None:
        self.world = world
        self.manners = Manners(habits or Habits())
        self.floor = Floor(world, uniform)
        self.sessions: dict[int, Session] = {}
        self.engines: list[Engine] = []
        #: The subscriptions to books of the last sessions that closed, with the sessions' numbers.
        self.closed: deque[tuple[int, list[Subscription]]] = deque(maxlen=CLOSED_SESSIONS)
        self._uniform = uniform
        self._opened = 0

    def open(self, key_id: str = "") -> Session:
        """Return the session of a new client."""
        self._opened += 1
        session = Session(self._opened, key_id, self.floor, self.manners, self._uniform)
        self.sessions[session.number] = session
        return session

    def close(self, session: Session) -> None:
        """Forget a client, but not yet what it knew of the books."""
        session.close()
        if session.ended:
            self.closed.append((session.number, list(session.ended)))
        self.sessions.pop(session.number, None)

    def receive(self, session: Session, text: str | bytes, now: Now) -> list[bytes]:
        """Take a client's command and return the frames for it; what it sets in motion comes by `advance`."""
        self.manners.at(now.ts)
        session.receive(text, now)
        return session.take()

    def advance(self, now: Now) -> Outgoing:
        """Let the engines do what is due and return all frames that waited."""
        self.manners.at(now.ts)
        # First what clients wait for: a book's snapshot has to come before its changes.
        for session in self.sessions.values():
            if session.next_at() <= now.at:
                session.release(now)
        for engine in self.engines:
            if engine.next_at() <= now.at:
                engine.run(now)
        frames = [(session, session.take()) for session in self.sessions.values() if session.outbox]
        acts = [(session, act) for session in self.sessions.values() for act in session.take_acts()]
        return Outgoing(frames, acts, self._wake_at())

    def _wake_at(self) -> float:
        waits = [engine.next_at() for engine in self.engines]
        waits += [session.next_at() for session in self.sessions.values()]
        return min(waits, default=inf)
