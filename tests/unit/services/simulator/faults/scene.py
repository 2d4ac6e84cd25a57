"""A small exchange with two markets whose books change when a test says so, and faults."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from proto.units import SECOND
from services.simulator.core import Exchange
from services.simulator.faults import script
from services.simulator.faults.door import Door
from services.simulator.faults.engine import Faults, FaultStatus
from services.simulator.session.acts import Act
from services.simulator.session.session import Session
from services.simulator.world.listing import Listing, market_id
from services.simulator.world.market import Market
from services.simulator.world.world import World
from shared.market.clock import Now

BOSTON, DENVER = "KXNBA-26JAN01BOSDEN-BOS", "KXNBA-26JAN01BOSDEN-DEN"
START = Now(at=100.0, ts=1_800_000_000_000_000)


def market(ticker: str) -> Market:
    """Return a market with a book."""
    ts = START.ts
    facts = Listing(
        ticker=ticker,
        market_id=market_id(ticker),
        event_ticker="KXNBA-26JAN01BOSDEN",
        series_ticker="KXNBA",
        title="Who will win?",
        created_ts=ts,
        open_ts=ts,
        close_ts=ts,
        expected_expiration_ts=ts,
        latest_expiration_ts=ts,
    )
    made = Market(facts)
    made.book.load(((5000, 100_000),), ((4000, 200_000),))
    return made


class Table:
    """An exchange with its clock, its faults and the clients at it."""

    def __init__(self, uniform: Callable[[], float] = lambda: 0.5) -> None:
        self.world = World()
        for ticker in (BOSTON, DENVER):
            self.world.add(market(ticker))
        self.exchange = Exchange(self.world, lambda: 0.5)
        self.faults = Faults(self.exchange, uniform)
        self.door = Door(self.faults, limit=2)
        self.exchange.engines.append(self.faults)
        self.now = START
        self._clients: dict[Session, Client] = {}

    def client(self, *tickers: str, **params: object) -> "Client":
        """Connect a client that listens to books; what it hears first is forgotten."""
        client = Client(self)
        self._clients[client.session] = client
        self.wait()
        if tickers:
            client.say("subscribe", channels=["orderbook_delta"], market_tickers=tickers, **params)
        self.wait()
        client.heard()
        return client

    def forget(self) -> None:
        """Let go of all clients."""
        self._clients.clear()

    def post(self, *faults: Mapping[str, object]) -> list[FaultStatus]:
        """Post faults, and let the turn end."""
        posted = self.faults.post(script.read(msgspec.json.encode(faults)), self.now)
        self.wait()
        return posted

    def change(self, times: int = 1, ticker: str = BOSTON) -> None:
        """Change a book by one contract at a time, and let the turn end."""
        for _ in range(times):
            self.exchange.floor.change(self.world.markets[ticker], [("yes", 5000, 100)], self.now.ts)
        self.wait()

    def wait(self, seconds: float = 0.0) -> None:
        """Let time pass, waking up when the exchange wants to."""
        end = self.now.at + seconds
        turns = 0
        while (wake_at := self._advance()) <= end:
            turns += 1
            assert turns < 1000, "the exchange never rests"
            self._move(max(wake_at, self.now.at))
        self._move(end)

    def _advance(self) -> float:
        outgoing = self.exchange.advance(self.now)
        for session, frames in outgoing.frames:
            self._clients[session].take(frames)
        for session, act in outgoing.acts:
            self._clients[session].acts.append(act)
        return outgoing.wake_at

    def _move(self, at: float) -> None:
        self.now = Now(at, START.ts + round((at - START.at) * SECOND))


class Client:
    """One client; it keeps every frame until asked, and what happened to its connection."""

    def __init__(self, table: Table) -> None:
        self.session = table.exchange.open("key")
        self.acts: list[Act] = []
        self._table = table
        self._frames: list[bytes] = []

    def say(self, cmd: str, command_id: int = 1, /, **params: object) -> list[dict[str, Any]]:
        """Send a command and return all frames that wait, its replies last."""
        text = msgspec.json.encode({"id": command_id, "cmd": cmd, "params": params}).decode()
        self.take(self._table.exchange.receive(self.session, text, self._table.now))
        self._table.wait()
        return self.heard()

    def take(self, frames: list[bytes]) -> None:
        """Keep frames."""
        self._frames += frames

    def raw(self) -> list[bytes]:
        """Return the frames since the last time as they came."""
        frames, self._frames = self._frames, []
        return frames

    def heard(self) -> list[dict[str, Any]]:
        """Return the frames since the last time."""
        return [msgspec.json.decode(frame) for frame in self.raw()]

    def seqs(self) -> list[int]:
        """Return the sequence numbers of the frames since the last time."""
        return [frame["seq"] for frame in self.heard()]

    def leave(self) -> None:
        """Disconnect."""
        self._table.exchange.close(self.session)
        self._table.wait()
