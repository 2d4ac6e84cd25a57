"""A relay among real programs: its protocol, its HTTP side, and a client that does not read next to others."""

import asyncio
import json
import socket
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

import proto
from proto.relay import RELAY_CHANNELS
from tests.relay_client import RelayClient, relay_client
from tests.stack import Stack, stack

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: A market whose ticker has a dot, and one that does not exist.
DOTTED = "KXBTCD-26MAR1213-T69499.99"
UNKNOWN = "KXNO-1"
SPEED = "1000"
QUEUED_BYTES = 262_144


class Place:
    """Everything that runs, and its markets."""

    def __init__(self, services: Stack, tickers: list[str]) -> None:
        self.services = services
        self.tickers = tickers

    async def get(self, path: str) -> httpx.Response:
        """Return the relay's answer to a GET."""
        return await self.services.get(self.services.relay_url + path)

    def client(self, **options: Any) -> connect:
        """Return a plain connection attempt."""
        return connect(self.services.relay_url.replace("http", "ws", 1) + "/ws", proxy=None, **options)

    async def queued_bytes(self) -> float:
        """Return what waits for all clients at the relay."""
        metrics = await self.services.metrics("relay")
        return float(metrics.partition("\nfanout_relay_queued_bytes ")[2].split()[0])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place() -> AsyncIterator[Place]:
    """All services, with a simulator that plays on and on."""
    async with stack(SIM_CAPTURE="all", SIM_SPEED=SPEED) as services:
        yield Place(services, await services.start_all())


async def until(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


async def said(connection: ClientConnection, kind: str) -> dict[str, Any]:
    """Return the next message of a type."""
    async with asyncio.timeout(5):
        async for text in connection:
            message: dict[str, Any] = json.loads(text)
            if message["type"] == kind:
                return message
    raise AssertionError(f"closed without {kind}")


async def test_conversation(place: Place) -> None:
    """Hello; every pair accepted or refused; the snapshot and the deltas after it; the end; pong; errors."""
    market = place.tickers[0]
    async with relay_client(place.services.relay_url) as client:
        ack = await client.command("subscribe", ["book", "quotes"], [market, UNKNOWN])
        assert client.messages[0]["type"] == "hello"
        assert client.messages[0]["channels"] == list(RELAY_CHANNELS)
        assert ack["accepted"] == [{"channel": "book", "ticker": market, "how": "snapshot"}]
        assert [pair["code"] for pair in ack["refused"]] == [4204, 4002, 4002]
        await until(lambda: market in client.books and client.books[market].status == "live")
        assert (await client.command("unsubscribe", ["book"], [market]))["accepted"][0]["how"] == "ended"
        count = len(client.events)
        assert (await client.command("ping"))["type"] == "pong"
        assert (await client.command("unsubscribe", ["book"], [market]))["refused"][0]["code"] == 4203
        assert (await client.command("shout"))["code"] == 4001
        await client.connection.send("nonsense")
        await client.connection.send(b"{}")
        await until(lambda: [m["code"] for m in client.messages if m["type"] == "error"] == [4001, 4000, 4003])
        assert len(client.events) == count


async def test_every_channel_of_every_market(place: Place) -> None:
    """All pairs are accepted, every market's book is live, and each channel that has news brings some."""
    async with relay_client(place.services.relay_url) as client:
        ack = await client.command("subscribe", list(RELAY_CHANNELS), place.tickers)
        assert len(ack["accepted"]) == len(RELAY_CHANNELS) * len(place.tickers)
        kinds = {"snapshot", "delta", "top", "depth", "ticker", "ticker1s", "trade"}
        await until(lambda: {event["type"] for event in client.events} >= kinds)
        everything = set(place.tickers)
        await until(lambda: {ticker for ticker, book in client.books.items() if book.status == "live"} == everything)
        views = {(ticker, kind) for ticker in everything for kind in ("top", "depth")}
        await until(lambda: {(event.get("ticker"), event["type"]) for event in client.events} >= views)


async def test_ticker1s_comes_once_a_second_at_most(place: Place) -> None:
    """Counted from the publisher's first message: what comes before it is the state for a joiner."""
    arrivals: dict[str, list[float]] = defaultdict(list)
    stamps: dict[str, list[float]] = defaultdict(list)
    async with place.client() as connection:
        params = {"channels": ["ticker1s"], "market_tickers": place.tickers}
        await connection.send(json.dumps({"id": 1, "cmd": "subscribe", "params": params}))
        end = time.monotonic() + 3.5
        while (left := end - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    message = json.loads(await connection.recv())
            except TimeoutError:
                break
            for event in message.get("events", ()):
                arrivals[event["market_id"]].append(time.monotonic())
                stamps[event["market_id"]].append(event["timestamp"])
    moved = [ticker for ticker in stamps if len(stamps[ticker]) > 2]
    assert moved
    for ticker in moved:
        assert len(arrivals[ticker]) <= 5
        for before, after in zip(stamps[ticker][1:], stamps[ticker][2:], strict=False):
            assert after - before > 0.95


async def test_markets_and_books_over_http(place: Place) -> None:
    """The list has every market; a book is best first; a ticker with a dot is found; an unknown one is a 404."""
    listed = (await place.get("/api/markets")).json()["markets"]
    assert [market["ticker"] for market in listed] == sorted(place.tickers)
    assert {market["series"] for market in listed} == {ticker.partition("-")[0] for ticker in place.tickers}
    for ticker in place.tickers:
        reply = await place.get(f"/api/markets/{ticker}/book")
        assert reply.status_code == 200
        assert reply.headers["content-type"] == "application/json"
        book = reply.json()
        assert (book["ticker"], book["status"]) == (ticker, "live")
        for side in ("yes", "no"):
            prices = [price for price, _ in book[side]]
            assert prices == sorted(prices, reverse=True)
    missing = await place.get(f"/api/markets/{UNKNOWN}/book")
    assert missing.status_code == 404
    assert missing.json()["error"]["code"] == 404
    assert missing.json()["error"]["message"]


async def test_contract_is_served(place: Place) -> None:
    """The document is the published file."""
    reply = await place.get("/asyncapi.json")
    assert reply.headers["content-type"] == "application/json"
    assert reply.content == (Path(proto.__file__).parent / "generated" / "asyncapi.json").read_bytes()


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/client.js", "text/javascript; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/favicon.svg", "image/svg+xml"),
        ("/livez", "text/plain; charset=utf-8"),
        ("/metrics", "text/plain"),
    ],
)
async def test_page_is_served(place: Place, path: str, content_type: str) -> None:
    """Each file with the type that a browser insists on."""
    reply = await place.get(path)
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith(content_type)
    assert reply.content


@pytest.mark.parametrize("path", ["/nowhere", "/..%2fconfig.py", "/%2e%2e/config.py", "/api/nowhere"])
async def test_nothing_else_is_served(place: Place, path: str) -> None:
    """Neither what does not exist nor what lies beside the page."""
    assert (await place.get(path)).status_code == 404


async def test_ready(place: Place) -> None:
    """It says what it looked at."""
    reply = await place.get("/readyz")
    assert reply.status_code == 200
    assert reply.json() == {"ready": True, "checks": {"bus": "ok", "feed": "ok"}}


async def test_path_without_websocket(place: Place) -> None:
    """A handshake elsewhere is answered by 404."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(place.services.relay_url.replace("http", "ws", 1) + "/socket", proxy=None)
    assert refused.value.response.status_code == 404


async def test_message_that_is_too_large(place: Place) -> None:
    """The largest message allowed is answered; one byte more closes with 1009."""
    async with place.client() as connection:
        limit = (await said(connection, "hello"))["limits"]["message_bytes"]
        await connection.send('{"id":1,"cmd":"ping"}'.ljust(limit))
        assert (await said(connection, "pong"))["id"] == 1
        await connection.send('{"id":2,"cmd":"ping"}'.ljust(limit + 1))
        with pytest.raises(ConnectionClosed):
            await said(connection, "pong")
        assert connection.close_code == 1009


async def test_client_that_reads_nothing(place: Place) -> None:
    """It is conflated and its queue stops to grow, others go on; reading again it gets true books and is told."""
    stuck_socket = socket.socket()
    stuck_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck_socket.connect(("127.0.0.1", place.services.ports["relay"]))
    async with (
        relay_client(place.services.relay_url) as quick,
        place.client(sock=stuck_socket, max_queue=1, max_size=None, ping_interval=None) as connection,
        asyncio.TaskGroup() as group,
    ):
        stuck = RelayClient(connection)
        channels = ["book", "depth", "ticker", "trade"]
        command = {"cmd": "subscribe", "params": {"channels": channels, "market_tickers": place.tickers}}
        await quick.command("subscribe", channels, place.tickers)
        async with asyncio.timeout(15):
            while await place.queued_bytes() < QUEUED_BYTES:
                # Subscribing again brings everything again, as long as the relay listens.
                await connection.send(json.dumps(command | {"id": 0}))
        await asyncio.sleep(0.2)
        queued = await place.queued_bytes()
        heard = len(quick.events)
        for _ in range(10):
            started = time.monotonic()
            await quick.command("ping")
            assert time.monotonic() - started < 0.5
            await asyncio.sleep(0.1)
        assert len(quick.events) > heard + 100
        # Heartbeats still come, changes do not.
        assert await place.queued_bytes() < queued + 1000
        reading = group.create_task(stuck.listen())
        # On a slow machine it can fall behind again meanwhile, and be told so again.
        await until(lambda: any(message.get("state") == "full" for message in stuck.messages), timeout_s=30)
        count = len(stuck.events)
        await until(lambda: any(event["type"] == "delta" for event in stuck.events[count:]), timeout_s=30)
        assert not any(message["type"] == "flow" for message in quick.messages)
        reading.cancel()


async def test_bus_that_is_away(place: Place) -> None:
    """Clients stay, are told that the feed is lost and that no book is sure, and all is well again afterwards."""
    async with relay_client(place.services.relay_url) as client:
        await client.command("subscribe", ["book"], place.tickers)
        await until(lambda: [book.status for book in client.books.values()].count("live") > 5)
        await place.services.stop("nats")
        await until(lambda: {book.status for book in client.books.values()} == {"stale"})
        await until(lambda: [m for m in client.messages if m["type"] == "heartbeat"][-1]["feed"] == "lost")
        reply = await place.get("/readyz")
        assert reply.status_code == 503
        assert reply.json()["checks"]["bus"] != "ok"
        # What is asked for meanwhile is had later.
        assert (await client.command("subscribe", ["top"], place.tickers[:1]))["accepted"]
        assert (await place.get(f"/api/markets/{place.tickers[0]}/book")).status_code == 503
        await place.services.start_nats()
        await until(lambda: {book.status for book in client.books.values()} == {"live"}, timeout_s=20)
        await until(lambda: any(event["type"] == "top" for event in client.events))
    async with asyncio.timeout(10):
        while (await place.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.1)
