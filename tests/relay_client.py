"""A client of the relay's protocol written from its description alone, with plain json and websockets."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.truth import Levels


class Book:
    """One market's book as this client holds it."""

    def __init__(self) -> None:
        self.position = (0, 0)
        self.status = "unknown"
        self.sides: dict[str, Levels] = {"yes": {}, "no": {}}


class RelayClient:
    """Subscribes, keeps books and everything that was said; a broken rule is an AssertionError."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.books: dict[str, Book] = {}
        self.events: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._id = 0

    async def command(self, cmd: str, channels: list[str] | None = None, tickers: list[str] | None = None) -> Any:
        """Send a command and return its reply."""
        self._id += 1
        message: dict[str, Any] = {"id": self._id, "cmd": cmd}
        if channels is not None:
            message["params"] = {"channels": channels, "market_tickers": tickers}
        reply = self.replies[self._id] = asyncio.get_running_loop().create_future()
        await self.connection.send(json.dumps(message))
        return await asyncio.wait_for(reply, 10)

    async def listen(self) -> None:
        """Take everything the relay says, until the connection ends."""
        async for text in self.connection:
            message = json.loads(text)
            self.messages.append(message)
            if message["type"] == "events":
                for event in message["events"]:
                    self.events.append(event)
                    self._event(event)
            elif message["type"] in {"ack", "pong", "error"} and message["id"] in self.replies:
                self.replies.pop(message["id"]).set_result(message)

    def _event(self, event: dict[str, Any]) -> None:
        if event["type"] not in {"snapshot", "delta", "stale"}:
            return
        book = self.books.setdefault(event["ticker"], Book())
        position = (event["epoch"], event["seq"])
        if event["type"] == "stale":
            book.status = "stale"
        elif event["type"] == "snapshot":
            assert position >= book.position, f"an older snapshot: {event}"
            book.position, book.status = position, "live"
            book.sides = {side: dict(event[side]) for side in ("yes", "no")}
        else:
            assert book.status == "live", f"a delta for a book that is {book.status}: {event}"
            assert position == (book.position[0], book.position[1] + 1), f"{book.position} then {event}"
            book.position = position
            self._apply(book.sides[event["side"]], event["price"], event["delta"])

    def _apply(self, side: Levels, price: int, delta: int) -> None:
        quantity = side.get(price, 0) + delta
        assert quantity >= 0, f"less than nothing at {price}"
        side[price] = quantity
        if not quantity:
            del side[price]


@contextlib.asynccontextmanager
async def relay_client(relay_url: str) -> AsyncIterator[RelayClient]:
    """Connect to the relay while the block runs."""
    url = relay_url.replace("http", "ws", 1) + "/ws"
    async with connect(url, proxy=None, max_size=None) as connection:
        client = RelayClient(connection)
        async with asyncio.TaskGroup() as group:
            listener = group.create_task(client.listen())
            yield client
            listener.cancel()
