"""The simulator over real sockets: handshake, frames, pings, REST."""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import msgspec
import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric import rsa
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.frames import Frame, Opcode

from services.simulator import service
from services.simulator.config import Config
from shared.kalshi import commands, normalise, wire
from shared.kalshi.numbers import count, dollars
from shared.kalshi.signing import (
    HEADERS,
    SIMULATOR_KEY_ID,
    PrivateKey,
    Signer,
    private_pem,
    simulator_key,
)
from shared.market.book import Book
from shared.runtime.settings import Runtime

BITCOIN = "KXBTC15M-26MAY141815-15"
CENTS = "INXD-23AUG31-B4512"
CAPTURES = ("kxbtc15m-2026-05-14", "twelve-markets-2026-09-14", "inxd-2023-08-31-morning-cents")
PATH = "/trade-api/ws/v2"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class Place:
    """A running simulator."""

    def __init__(self, port: int) -> None:
        self.rest = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}")
        self._url = f"ws://127.0.0.1:{port}{PATH}"

    def connect(
        self,
        key_id: str = SIMULATOR_KEY_ID,
        key: PrivateKey | None = None,
        changed: Mapping[str, str] = MappingProxyType({}),
        max_queue: int | None = None,
    ) -> connect:
        """Return a signed connection attempt, with some headers changed.

        A client without bound on its queue reads on by itself, one with a bound only as far as that.
        """
        headers = Signer(key_id, key or simulator_key()).headers("GET", PATH, time.time_ns() // 1_000_000)
        return connect(self._url, additional_headers={**headers, **changed}, max_queue=max_queue)

    async def get(self, path: str) -> Any:
        """Return the JSON at a path."""
        reply = await self.rest.get(path)
        assert reply.status_code == 200
        return reply.json()


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[Place]:
    """Run a simulator while the block runs."""
    serving = asyncio.create_task(service.serve(config, Runtime(), structlog.get_logger()))
    place = Place(config.sim_port)
    async with place.rest:
        await _until_ready(place)
        yield place
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """A simulator that plays its captures once, as fast as it can, and trusts an RSA key too."""
    pem = tmp_path / "key.pem"
    pem.write_bytes(private_pem(RSA_KEY))
    config = Config(
        sim_port=free_port(),
        sim_capture=CAPTURES,
        sim_speed=1_000_000.0,
        sim_loop=False,
        kalshi_key_id="own",
        kalshi_private_key_path=str(pem),
    )
    async with running(config) as place:
        yield place


async def _until_ready(place: Place) -> None:
    for _ in range(100):
        try:
            await place.get("/readyz")
        except httpx.ConnectError:
            await asyncio.sleep(0.02)
        else:
            return
    raise AssertionError("the simulator does not answer")


async def say(client: ClientConnection, command: commands.Command) -> None:
    """Send a command."""
    await client.send(commands.encode(command).decode())


async def hear(client: ClientConnection) -> wire.Frame:
    """Return the next frame, which ends with a newline."""
    async with asyncio.timeout(10):
        text = await client.recv()
    assert isinstance(text, str)
    assert text.endswith("}\n")
    return wire.decode(text)


def order_book(*tickers: str, yes_scale: bool = False) -> commands.Subscribe:
    """Return the command that subscribes to books."""
    return commands.Subscribe(
        1, commands.SubscribeParams(["orderbook_delta"], market_tickers=list(tickers), use_yes_price=yes_scale)
    )


async def true_book(place: Place, ticker: str) -> list[dict[int, int]]:
    """Return both sides of a book as REST tells them, checked for their order."""
    body = await place.get(f"/trade-api/v2/markets/{ticker}/orderbook")
    sides = [body["orderbook_fp"]["yes_dollars"], body["orderbook_fp"]["no_dollars"]]
    prices = [[dollars(price) for price, _ in side] for side in sides]
    assert prices == [sorted(side) for side in prices]
    return [{dollars(price): count(quantity) for price, quantity in side} for side in sides]


@pytest.mark.parametrize(("key_id", "key"), [(SIMULATOR_KEY_ID, None), ("own", RSA_KEY)], ids=["ed25519", "rsa"])
async def test_signed_handshake(place: Place, key_id: str, key: PrivateKey | None) -> None:
    """Both kinds of keys are let in."""
    async with place.connect(key_id, key) as client:
        await say(client, commands.ListSubscriptions(1))
        reply = await hear(client)
        assert isinstance(reply, wire.Ok)
        assert (reply.id, reply.msg) == (1, [])


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({HEADERS.signature: "AAAA"}, "authentication_error"),
        ({HEADERS.timestamp: "1"}, "header_timestamp_expired"),
        ({HEADERS.key: ""}, "signature_is_missing_from_headers"),
        ({HEADERS.key: "nobody"}, "authentication_error"),
    ],
)
async def test_refused_handshake(place: Place, changed: dict[str, str], code: str) -> None:
    """A handshake that is not signed well gets 401 and says why in JSON."""
    with pytest.raises(InvalidStatus) as caught:
        await place.connect(changed=changed)
    response = caught.value.response
    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/json"
    assert msgspec.json.decode(response.body or b"")["error"]["code"] == code


@pytest.mark.parametrize("yes_scale", [False, True])
async def test_a_client_that_missed_nothing_has_the_true_books(place: Place, yes_scale: bool) -> None:
    """Whole captures, read through a socket, end in the books that REST tells, with no hole in the sequence."""
    listed = await place.get("/trade-api/v2/markets")
    tickers = [market["ticker"] for market in listed["markets"]]
    books: dict[str, Book] = {ticker: Book() for ticker in tickers}
    captures = await place.get("/sim/replay")
    expected = len(tickers) + sum(capture["frames"] for capture in captures)
    async with place.connect() as client:
        await say(client, order_book(*tickers, yes_scale=yes_scale))
        assert isinstance(await hear(client), wire.Subscribed)
        for seq in range(1, expected + 1):
            frame = await hear(client)
            assert isinstance(frame, wire.OrderbookSnapshot | wire.OrderbookDelta)
            assert frame.seq == seq
            book = books[frame.msg.market_ticker]
            if isinstance(frame, wire.OrderbookSnapshot):
                book.load(*normalise.ladders(frame.msg, yes_scale=yes_scale))
            else:
                book.apply(*normalise.change(frame.msg, yes_scale=yes_scale))
    for ticker, book in books.items():
        assert [book.yes.levels, book.no.levels] == await true_book(place, ticker)
    captures = await place.get("/sim/replay")
    assert all(entry["resting"] and entry["passes"] == 1 for entry in captures)
    assert all(entry["played"] == entry["frames"] for entry in captures)


async def test_ping(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server pings every ten seconds (here sooner) with the payload `heartbeat`."""
    assert service.PING_INTERVAL_S == 10.0
    monkeypatch.setattr(service, "PING_INTERVAL_S", 0.05)
    async with running(Config(sim_port=free_port(), sim_capture=CAPTURES)) as place, place.connect() as client:
        pings: asyncio.Queue[bytes] = asyncio.Queue()
        original = client.protocol.recv_frame

        def spy(frame: Frame) -> None:
            if frame.opcode is Opcode.PING:
                pings.put_nowait(bytes(frame.data))
            original(frame)

        monkeypatch.setattr(client.protocol, "recv_frame", spy)
        async with asyncio.timeout(5):
            assert [await pings.get(), await pings.get()] == [b"heartbeat"] * 2


async def test_two_clients_have_their_own_sequences(place: Place) -> None:
    """What one client does leaves the other's numbers alone."""
    async with place.connect() as first, place.connect() as second:
        await say(first, order_book(BITCOIN))
        await say(second, order_book("KXNONE", BITCOIN))
        for client, ticker in ((first, BITCOIN), (second, "KXNONE")):
            assert isinstance(await hear(client), wire.Subscribed)
            snapshot = await hear(client)
            assert isinstance(snapshot, wire.OrderbookSnapshot)
            assert (snapshot.sid, snapshot.seq, snapshot.msg.market_ticker) == (1, 1, ticker)


async def test_a_client_that_does_not_read_is_cut(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames do not pile up for a client that leaves them unread, beyond what the kernel takes."""
    monkeypatch.setattr(service, "MAX_QUEUED_BYTES", 6_000_000)
    async with place.connect(max_queue=1) as client:
        await say(client, order_book(BITCOIN))
        for number in range(2, 10):  # two megabytes each
            params = commands.UpdateParams("get_snapshot", sid=1, market_tickers=[BITCOIN] * 400)
            await say(client, commands.UpdateSubscription(number, params))
        with pytest.raises(ConnectionClosedError):
            await _read_on(client)


async def _read_on(client: ClientConnection) -> None:
    async with asyncio.timeout(10):
        while True:
            await client.recv()


async def test_markets_are_paged(place: Place) -> None:
    """Cursors lead through all markets; the last page has none, and a foreign cursor is no error."""
    tickers: list[str] = []
    cursor = ""
    for _ in range(5):
        page = await place.get(f"/trade-api/v2/markets?limit=5&status=open&cursor={cursor}")
        tickers += [market["ticker"] for market in page["markets"]]
        cursor = page["cursor"]
        if not cursor:
            break
    assert len(tickers) == len(set(tickers)) == 14
    assert await place.get("/trade-api/v2/markets?cursor=garbage!")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"tickers={CENTS},KXNONE", 1),
        ("status=settled", 0),
        ("series_ticker=KXPRESPERSON", 7),
        ("event_ticker=INXD-23AUG31", 1),
    ],
)
async def test_market_filters(place: Place, query: str, found: int) -> None:
    """Each filter narrows the list, and what is listed is active."""
    markets = (await place.get(f"/trade-api/v2/markets?{query}"))["markets"]
    assert len(markets) == found
    assert all(market["status"] == "active" for market in markets)


@pytest.mark.parametrize(
    ("path", "status", "key"),
    [
        ("/trade-api/v2/markets/KXNONE", 404, "error"),
        ("/trade-api/v2/markets/KXNONE/orderbook", 404, "error"),
        ("/trade-api/v2/markets?limit=1001", 400, "msg"),
        ("/trade-api/v2/markets?status=active", 400, "msg"),
        (f"/trade-api/v2/markets/{BITCOIN}/orderbook?depth=101", 400, "msg"),
    ],
)
async def test_rest_errors(place: Place, path: str, status: int, key: str) -> None:
    """Errors have the exchange's shapes."""
    reply = await place.rest.get(path)
    assert reply.status_code == status
    assert key in reply.json()


async def test_metrics(place: Place) -> None:
    """What is traded, who listens, and whether the machine keeps up can be watched."""
    async with place.connect():
        told = (await place.rest.get("/metrics")).text
    assert "\nfanout_simulator_clients 1.0" in told
    assert "\nfanout_simulator_skipped_seconds 0.0" in told


async def test_rest_signatures(place: Place) -> None:
    """REST can be read unsigned or signed, but not with a bad signature."""
    path = f"/trade-api/v2/markets/{BITCOIN}"
    headers = Signer(SIMULATOR_KEY_ID, simulator_key()).headers("GET", path, time.time_ns() // 1_000_000)
    assert (await place.rest.get(path, headers=headers)).status_code == 200
    reply = await place.rest.get(path, headers=headers | {HEADERS.signature: "AAAA"})
    assert reply.status_code == 401
    assert reply.json()["error"]["details"] == "INCORRECT_API_KEY_SIGNATURE"


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("SIM_CAPTURE", "nonsense", "nonsense is neither a file"),
        ("SIM_SPEED", "0", "SIM_SPEED"),
        ("KALSHI_PRIVATE_KEY_PATH", "/nonsense", "KALSHI_PRIVATE_KEY_PATH"),
    ],
)
async def test_bad_settings(variable: str, value: str, words: str) -> None:
    """The program ends with a sentence that names the variable."""
    environ = {"PATH": os.environ["PATH"], "KALSHI_KEY_ID": "own", variable: value}
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.simulator", env=environ, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(20):
        _, said = await program.communicate()
    assert program.returncode == 2
    assert words in said.decode()
    assert "Traceback" not in said.decode()
