"""A plain WebSocket client of the exchange, and the hand that posts faults."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from shared.kalshi.signing import SIMULATOR_KEY_ID, Signer, simulator_key

PATH = "/trade-api/ws/v2"
#: How long a client waits for what has to come.
PATIENCE_S = 30.0
BOOK = "orderbook_delta"


class Client:
    """Says commands and hears frames; it knows nothing of sequences."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, cmd: str, command_id: int = 1, /, **params: object) -> None:
        """Send a command."""
        await self.connection.send(msgspec.json.encode({"id": command_id, "cmd": cmd, "params": params}).decode())

    async def subscribe(self, tickers: list[str], **params: object) -> None:
        """Listen to books and wait for all of their snapshots."""
        await self.say("subscribe", channels=[BOOK], market_tickers=tickers, **params)
        for _ in range(1 + len(tickers)):
            await self.hear()

    async def raw(self) -> str:
        """Return the next frame as it came."""
        async with asyncio.timeout(PATIENCE_S):
            frame = await self.connection.recv()
        assert isinstance(frame, str)
        return frame

    async def hear(self, kind: str = "") -> dict[str, Any]:
        """Return the next frame, or the next of a type."""
        return await self.until(lambda frame: kind in {"", frame["type"]})

    async def until(self, wanted: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Return the next frame that is wanted."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                frame: dict[str, Any] = msgspec.json.decode(await self.raw())
                if wanted(frame):
                    return frame

    async def seqs(self, count: int) -> list[int]:
        """Return the sequence numbers of the next frames."""
        return [(await self.hear())["seq"] for _ in range(count)]

    async def silence(self, seconds: float) -> None:
        """Hold that nothing comes for so long."""
        try:
            async with asyncio.timeout(seconds):
                frame = await self.connection.recv()
        except TimeoutError:
            return
        raise AssertionError(f"this was said: {frame!r}")

    async def pongs(self, seconds: float) -> bool:
        """Whether a ping is answered in time."""
        answered = await self.connection.ping()
        done, _ = await asyncio.wait({asyncio.ensure_future(answered)}, timeout=seconds)
        return bool(done)


class Simulator:
    """Where a simulator is, and what one can do to it."""

    def __init__(self, url: str, tickers: list[str]) -> None:
        self.tickers = tickers
        self._rest = httpx.AsyncClient(base_url=url, trust_env=False)
        self.url = "ws" + url.removeprefix("http") + PATH

    async def post(self, name: str, **members: object) -> dict[str, Any]:
        """Post a fault and return what became of it."""
        reply = await self._rest.post("/sim/faults", content=msgspec.json.encode({"fault": name, **members}))
        assert reply.status_code == 200, reply.text
        (status,) = reply.json()
        assert isinstance(status, dict)
        return status

    async def send(self, body: bytes) -> httpx.Response:
        """Post any text."""
        return await self._rest.post("/sim/faults", content=body)

    async def get(self, path: str) -> Any:
        """Return the JSON at a path."""
        reply = await self._rest.get(path)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def clear(self) -> None:
        """End all faults."""
        assert (await self._rest.delete("/sim/faults")).status_code == 200

    async def close(self) -> None:
        """Let go of the connections to REST."""
        await self._rest.aclose()

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """Connect while the block runs."""
        headers = Signer(SIMULATOR_KEY_ID, simulator_key()).headers("GET", PATH, time.time_ns() // 1_000_000)
        attempt = connect(
            self.url, additional_headers=headers, max_size=None, ping_interval=None, close_timeout=0.2, proxy=None
        )
        async with attempt as connection:
            yield Client(connection)

    @asynccontextmanager
    async def listener(self, **params: object) -> AsyncIterator[Client]:
        """Connect a client that listens to all books and has heard all snapshots."""
        async with self.client() as client:
            await client.subscribe(self.tickers, **params)
            yield client
