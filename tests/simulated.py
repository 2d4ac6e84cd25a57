"""A whole simulated exchange without sockets: crowd, calendar, indices, captures, and clients that talk to it."""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from proto.units import SECOND
from services.simulator.build import Chance, Material, Simulation, simulation
from services.simulator.config import Config
from services.simulator.core import Exchange
from services.simulator.feed.habits import Habits
from services.simulator.flow import shape
from services.simulator.replay.capture import Capture
from services.simulator.session.session import Session
from services.simulator.world.world import World
from shared.market.clock import Now

DATA = Path(__file__).parents[1] / "services/simulator/data"
START = Now(at=1000.0, ts=1_800_000_000_000_000)


class Simulated:
    """An exchange, its clock and its clients; `settings` are the simulator's, without a crowd if there are captures."""

    def __init__(
        self, captures: Sequence[Capture] = (), *, habits: Habits | None = None, start: Now = START, **settings: Any
    ) -> None:
        config = Config(**({"sim_markets": 0} if captures else {}) | settings)
        material = Material(
            captures=captures,
            listing=(DATA / "rest-markets-sports-2026-07-09.json.gz").read_bytes(),
            shape=shape.read((DATA / "shape.json").read_bytes()),
        )
        chance = Chance(crowd=Random(config.sim_seed).random, other=Random(config.sim_seed + 1).random)
        self.parts: Simulation = simulation(config, material, chance, start.ts)
        self.exchange: Exchange = self.parts.exchange
        self.world: World = self.exchange.world
        if habits is not None:
            self.exchange.manners.change(habits)
        self.now = start
        self._heard: dict[Session, list[bytes]] = {}

    def open(self) -> Session:
        """Connect a client."""
        session = self.exchange.open("key")
        self._heard[session] = []
        return session

    def say(self, session: Session, cmd: str, command_id: int = 1, /, **params: object) -> None:
        """Let a client say a command."""
        self.say_raw(session, msgspec.json.encode({"id": command_id, "cmd": cmd, "params": params}).decode())

    def say_raw(self, session: Session, text: str | bytes) -> None:
        """Let a client say anything."""
        self._heard[session] += self.exchange.receive(session, text, self.now)

    def run(self, seconds: float = 0.0, *, turns: int = 20_000) -> None:
        """Let time pass and do what is due, in at most so many turns."""
        end = self.now.at + seconds
        for _ in range(turns):
            outgoing = self.exchange.advance(self.now)
            for session, frames in outgoing.frames:
                self._heard[session] += frames
            if outgoing.wake_at > end:
                self._move(end)
                return
            self._move(max(outgoing.wake_at, self.now.at))
        raise AssertionError(f"{turns} turns were not enough for {seconds} s")

    def heard_raw(self, session: Session) -> list[bytes]:
        """Return what a client heard since the last time, as it was sent."""
        frames, self._heard[session] = self._heard[session], []
        return frames

    def heard(self, session: Session) -> list[dict[str, Any]]:
        """Return what a client heard since the last time."""
        return [msgspec.json.decode(frame) for frame in self.heard_raw(session)]

    def _move(self, at: float) -> None:
        self.now = Now(at, self.now.ts + round((at - self.now.at) * SECOND))
