"""HTTP and WebSockets on one port, byte by byte: frames, limits, clients that do not read, and the end."""

import asyncio
import base64
import contextlib
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Close, Frame, Opcode

from shared.runtime import sockets
from shared.runtime.errors import CannotListen
from shared.runtime.http import serving
from shared.runtime.sockets import Endpoint, Peer, Rejection, Request
from tests.stack import free_port

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])

LIMIT = 1000
INTERVAL_S = 0.1
KILOBYTE = b"x" * 1000
#: Where Linux keeps the number of segments with data that came in, in its struct tcp_info.
DATA_SEGMENTS_IN = 152


class Recorder:
    """Takes note of all it is told; greets each client."""

    def __init__(self) -> None:
        self.peers: list[Peer] = []
        self.messages: list[str | bytes] = []
        self.gone: list[Peer] = []

    def authorise(self, request: Request) -> Rejection | None:
        """Refuse whoever says so."""
        if "X-Stranger" in request.headers:
            return Rejection(401, "Unauthorized", b'{"error":"who are you?"}')
        return None

    def opened(self, peer: Peer) -> None:
        """Greet."""
        self.peers.append(peer)
        peer.send(b"hello")

    def received(self, peer: Peer, message: str | bytes) -> None:
        """Keep the message; obey a few."""
        self.messages.append(message)
        if message == "many":
            peer.send(*(b"%d" % number for number in range(100)))
            for number in range(100, 200):
                peer.send(b"%d" % number)
        elif str(message).startswith("echo"):
            peer.send(KILOBYTE)

    def closed(self, peer: Peer) -> None:
        """Keep who has gone."""
        self.gone.append(peer)


class Place:
    """A server and who it told what."""

    def __init__(self) -> None:
        self.port = free_port()
        self.handler = Recorder()
        self.endpoints = {
            "/ws": Endpoint(self.handler, max_message_bytes=LIMIT),
            "/quick": Endpoint(self.handler, ping_interval_s=INTERVAL_S, ping_payload=b"still there?"),
            "/patient": Endpoint(self.handler, ping_interval_s=INTERVAL_S, cut_silent=False),
        }

    def url(self, path: str = "/ws") -> str:
        """Return the address of a path."""
        return f"ws://127.0.0.1:{self.port}{path}"

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Serve while the block runs."""

        async def greet(_: HttpRequest) -> Response:
            return PlainTextResponse("good day")

        app = Starlette(routes=[Route("/", greet)])
        async with serving(app, host="127.0.0.1", port=self.port, setting="TEST_PORT", endpoints=self.endpoints):
            yield


class Raw:
    """A client that speaks frames; it reads only when it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, place: Place, path: str = "/ws") -> "Raw":
        """Connect with small buffers, shake hands and take the greeting."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", place.port))
        raw = cls(*await asyncio.open_connection(sock=client, limit=1024))
        raw.writer.write(
            f"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = await raw.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert (await raw.read()).data == b"hello"
        return raw

    def send(self, opcode: Opcode, data: bytes, *, fin: bool = True) -> None:
        """Send a frame."""
        self.writer.write(Frame(opcode, data, fin).serialize(mask=True))

    async def read(self) -> Frame:
        """Read a frame."""
        first, length = await self.reader.readexactly(2)
        if length == 126:
            (length,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
        return Frame(Opcode(first & 0x0F), await self.reader.readexactly(length), bool(first & 0x80))

    async def read_close(self) -> Close:
        """Read frames until the server closes, and to the end of the stream."""
        while (frame := await self.read()).opcode is not Opcode.CLOSE:
            pass
        self.send(Opcode.CLOSE, bytes(frame.data[:2]))
        assert await self.reader.read() == b""
        return Close.parse(frame.data)

    async def is_cut(self) -> None:
        """Read to the end of the stream."""
        with contextlib.suppress(ConnectionResetError):
            await self.reader.read()

    async def leave(self) -> None:
        """Cut the connection."""
        self.writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Hold that no callback of the loop fails, which it would only log."""
    yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.levelname == "ERROR"] == []


@pytest.fixture
async def place(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    """A running server that does not wait long for an answer to its close."""
    monkeypatch.setattr(sockets, "CLOSE_TIMEOUT_S", 0.2)
    place = Place()
    async with place.serve():
        yield place


@pytest.fixture
async def raw(place: Place) -> AsyncIterator[Raw]:
    """A raw client of it."""
    client = await Raw.connect(place)
    yield client
    await client.leave()


async def until(condition: Callable[[], object], timeout_s: float = 5.0) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.005)


async def test_http_and_websockets_share_a_port(place: Place) -> None:
    """A request is answered, a WebSocket is greeted and heard, also while it is open."""
    async with connect(place.url(), proxy=None) as client, httpx.AsyncClient(trust_env=False) as http:
        assert await client.recv() == "hello"
        assert (await http.get(f"http://127.0.0.1:{place.port}/")).text == "good day"
        await client.send("text")
        await client.send(b"binary")
        await until(lambda: place.handler.messages == ["text", b"binary"])
        assert place.handler.peers[0].path == "/ws"
        assert place.handler.peers[0].address == "{}:{}".format(*client.local_address)


async def test_port_that_is_taken(place: Place) -> None:
    """A second server can not be started there, and says which setting to change."""
    second = Place()
    second.port = place.port
    with pytest.raises(CannotListen, match="set TEST_PORT to a free port") as error:
        async with second.serve():
            pass
    assert error.value.taken


async def test_fragments_are_one_message(place: Place, raw: Raw) -> None:
    """Whatever their number and though a ping comes between them; a letter may be cut in two."""
    raw.send(Opcode.TEXT, "a€".encode()[:2], fin=False)
    raw.send(Opcode.PING, b"between")
    for _ in range(3):
        raw.send(Opcode.CONT, b"", fin=False)
    raw.send(Opcode.CONT, "a€".encode()[2:], fin=False)
    raw.send(Opcode.CONT, b"b")
    raw.send(Opcode.BINARY, b"c", fin=False)
    raw.send(Opcode.CONT, b"d")
    await until(lambda: place.handler.messages == ["a€b", b"cd"])
    pong = await raw.read()
    assert (pong.opcode, pong.data) == (Opcode.PONG, b"between")


@pytest.mark.parametrize("fragments", [(b"\xff",), ("€".encode()[:2],), (b"good", b"\xc3", b"\x28")])
async def test_text_that_is_not_utf8(place: Place, raw: Raw, fragments: tuple[bytes, ...]) -> None:
    """The connection is closed with 1007 and the handler never sees it."""
    for number, fragment in enumerate(fragments):
        raw.send(Opcode.CONT if number else Opcode.TEXT, fragment, fin=number == len(fragments) - 1)
    assert (await raw.read_close()).code == 1007
    assert place.handler.messages == []
    await until(lambda: place.handler.gone == place.handler.peers)


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1])
@pytest.mark.parametrize("pieces", [1, 4])
async def test_size_of_messages_is_limited(place: Place, raw: Raw, size: int, pieces: int) -> None:
    """The largest message allowed is taken, one byte more is closed with 1009, in one frame or in several."""
    message = b"x" * size
    step = size // pieces
    for number in range(pieces):
        last = number == pieces - 1
        piece = message[number * step :] if last else message[number * step : (number + 1) * step]
        raw.send(Opcode.CONT if number else Opcode.TEXT, piece, fin=last)
    if size <= LIMIT:
        await until(lambda: place.handler.messages == [message.decode()])
    else:
        assert (await raw.read_close()).code == 1009
        assert place.handler.messages == []


async def test_ping_is_answered(raw: Raw) -> None:
    """By a pong with the same bytes."""
    raw.send(Opcode.PING, b"\x00\xff")
    pong = await raw.read()
    assert (pong.opcode, pong.data) == (Opcode.PONG, b"\x00\xff")


async def test_broken_frame_is_refused(raw: Raw) -> None:
    """A frame that the protocol does not allow is closed with 1002."""
    raw.writer.write(Frame(Opcode.TEXT, b"not masked").serialize(mask=False))
    assert (await raw.read_close()).code == 1002


async def test_silent_client_is_cut(place: Place) -> None:
    """It is pinged once per interval, and cut when it has said nothing for two."""
    raw = await Raw.connect(place, "/quick")
    async with asyncio.timeout(10):
        ping = await raw.read()
        assert (ping.opcode, ping.data) == (Opcode.PING, b"still there?")
        await raw.is_cut()
    await until(lambda: place.handler.gone == place.handler.peers)
    await raw.leave()


@pytest.mark.parametrize("path", ["/quick", "/patient"])
async def test_client_that_only_answers_pings_stays(place: Place, path: str) -> None:
    """Pongs are a sign of life; where silence is allowed not even they are needed."""
    raw = await Raw.connect(place, path)
    async with asyncio.timeout(10):
        for _ in range(5):
            ping = await raw.read()
            if path == "/quick":
                raw.send(Opcode.PONG, bytes(ping.data))
    assert not place.handler.gone
    await raw.leave()


@pytest.mark.parametrize(
    ("path", "headers", "status", "body"),
    [
        ("/ws", {"X-Stranger": "1"}, 401, b'{"error":"who are you?"}'),
        ("/nowhere", {}, 404, b'{"error":"there is no WebSocket at this path"}'),
    ],
)
async def test_handshake_is_refused(place: Place, path: str, headers: dict[str, str], status: int, body: bytes) -> None:
    """With an HTTP status and a JSON body; nobody was opened, so nobody is closed."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(place.url(path), additional_headers=headers, proxy=None)
    response = refused.value.response
    assert (response.status_code, response.body) == (status, body)
    assert response.headers["Content-Type"] == "application/json"
    await asyncio.sleep(0.05)
    assert place.handler.peers == place.handler.gone == []


@pytest.mark.parametrize("lines", ["", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 12\r\n"])
async def test_handshake_that_is_none(place: Place, lines: str) -> None:
    """Without key, or in another version of the protocol, it is answered by a 4xx and ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    writer.write(f"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{lines}\r\n".encode())
    async with asyncio.timeout(3):
        answer = await reader.read()
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 426 "))
    assert place.handler.peers == []
    writer.close()
    await writer.wait_closed()


async def test_client_closes(place: Place) -> None:
    """Its code is echoed and the handler told once."""
    client = await connect(place.url(), proxy=None)
    await client.close(4321, "enough")
    assert client.close_code == 4321
    await until(lambda: place.handler.gone == place.handler.peers)


async def test_server_closes(place: Place) -> None:
    """What was sent before is read first; then code and reason; closing twice is closing once."""
    async with connect(place.url(), proxy=None) as client:
        (peer,) = place.handler.peers
        peer.send(b"last words")
        peer.close(4408, "too slow")
        peer.close(4000, "no")
        assert [await client.recv(), await client.recv()] == ["hello", "last words"]
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert (client.close_code, client.close_reason) == (4408, "too slow")
    await until(lambda: place.handler.gone == [peer])


async def test_client_that_does_not_answer_the_close(place: Place, raw: Raw) -> None:
    """It is cut after a moment."""
    started = time.monotonic()
    place.handler.peers[0].close(1000)
    await until(lambda: place.handler.gone)
    assert 0.15 < time.monotonic() - started < 0.6
    await raw.is_cut()


async def test_nothing_is_queued_for_a_closing_client(place: Place, raw: Raw) -> None:
    """What is sent after the close is dropped: it could never be written."""
    (peer,) = place.handler.peers
    peer.close(1000)
    await until(lambda: peer.queued_bytes == 0)
    peer.send(KILOBYTE)
    assert peer.queued_bytes == 0
    assert (await raw.read_close()).code == 1000


async def test_either_side_may_just_cut(place: Place, raw: Raw) -> None:
    """The other is told; the handler once each."""
    first = place.handler.peers[0]
    first.abort()
    await raw.is_cut()
    await until(lambda: place.handler.gone == [first])
    for politely in (False, True):
        other = await Raw.connect(place)
        if politely:
            other.writer.write_eof()
        else:
            other.writer.transport.abort()
        await until(lambda: place.handler.gone == place.handler.peers)
        await other.leave()


async def test_server_stops() -> None:
    """Clients are closed with 1001 within three seconds, though one of them reads nothing."""
    place = Place()
    async with place.serve():
        reading = await connect(place.url(), proxy=None)
        stuck = await Raw.connect(place)
        await until(lambda: len(place.handler.peers) == 2)
        place.handler.peers[1].send(*[KILOBYTE] * 8000)
        await asyncio.sleep(0.05)
        started = time.monotonic()
    assert time.monotonic() - started < 3
    assert [message async for message in reading] == ["hello"]
    assert reading.close_code == 1001
    assert len(place.handler.gone) == 2
    await stuck.leave()


async def test_client_that_does_not_read(place: Place, raw: Raw) -> None:
    """What is not read queues here and is counted; another client is not delayed; nothing is lost in the end."""
    (slow,) = place.handler.peers
    async with connect(place.url(), proxy=None) as quick:
        for number in range(8000):
            slow.send(b"%04d" % number + KILOBYTE)
            if number % 1000 == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        queued = slow.queued_bytes
        assert 2_000_000 < queued < 8_100_000
        slow.send(KILOBYTE)
        assert slow.queued_bytes == queued + 4 + len(KILOBYTE)
        started = time.monotonic()
        await quick.send("echo")
        assert await quick.recv() == "hello"
        assert await quick.recv() == KILOBYTE.decode()
        assert time.monotonic() - started < 0.2
    heard = [int((await raw.read()).data[:4]) for _ in range(8000)]
    assert heard == list(range(8000))
    await until(lambda: slow.queued_bytes == 0)


async def test_client_that_reads_slowly_is_heard(place: Place, raw: Raw) -> None:
    """A moderate queue on the way to it does not keep its commands and pongs waiting."""
    (peer,) = place.handler.peers
    while peer.queued_bytes < 300_000:
        peer.send(*[KILOBYTE] * 100)
        await asyncio.sleep(0.005)
    raw.send(Opcode.TEXT, b"still here")
    await until(lambda: place.handler.messages == ["still here"])
    assert peer.queued_bytes > 300_000


async def test_client_that_does_not_read_is_closed(place: Place, raw: Raw) -> None:
    """What waits here is dropped, and it is cut though it can not take the close frame either."""
    (peer,) = place.handler.peers
    peer.send(*[KILOBYTE] * 8000)
    await asyncio.sleep(0.05)
    assert peer.queued_bytes > 2_000_000
    peer.close(4408, "too slow")
    assert peer.queued_bytes < 500_000
    await until(lambda: place.handler.gone == [peer], timeout_s=1)
    await raw.leave()


async def test_client_that_does_not_read_is_not_listened_to(place: Place, raw: Raw) -> None:
    """Its commands wait with it, so the answers that it does not read can not fill the memory."""
    (peer,) = place.handler.peers
    commands = Frame(Opcode.TEXT, b"echo".ljust(200)).serialize(mask=True) * 1000
    for _ in range(20):
        raw.writer.write(commands)
    # Twenty megabytes were asked for.
    asked = -1
    while asked != len(place.handler.messages):
        asked = len(place.handler.messages)
        await asyncio.sleep(0.2)
    assert 1000 < asked < 12_000
    assert peer.queued_bytes < 4_000_000
    for _ in range(20_000):
        assert len((await raw.read()).data) == len(KILOBYTE)


@pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])
async def test_frames_of_one_turn_leave_together(place: Place, raw: Raw) -> None:
    """Two hundred messages sent in one turn of the loop reach the client as one segment."""

    def segments() -> int:
        info = raw.writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        (count,) = struct.unpack_from("I", info, DATA_SEGMENTS_IN)
        assert isinstance(count, int)
        return count

    before = segments()
    raw.send(Opcode.TEXT, b"many")
    heard = [int((await raw.read()).data) for _ in range(200)]
    assert heard == list(range(200))
    assert segments() - before == 1


@pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])
async def test_sending_to_a_client_that_was_just_cut(place: Place, raw: Raw) -> None:
    """It is no error: whoever sends can not know yet."""
    (peer,) = place.handler.peers
    peer.send(*[KILOBYTE] * 3000)
    peer.abort()
    peer.send(*[KILOBYTE] * 3000)
    peer.ping()
    peer.close(1000)
    await until(lambda: place.handler.gone == [peer])
    peer.send(*[KILOBYTE] * 3000)
    peer.ping()
    peer.close(1000)
    await raw.is_cut()


@pytest.mark.parametrize("pongs", [True, False])
async def test_muted_client_hears_nothing(place: Place, pongs: bool) -> None:
    """What was said before arrives; then pings are answered and sent, or nothing is; what was lost stays lost."""
    raw = await Raw.connect(place, "/quick")
    (peer,) = place.handler.peers
    peer.send(b"before")
    peer.mute(pongs=pongs)
    peer.send(b"lost")
    raw.send(Opcode.PING, b"hear me")
    raw.send(Opcode.TEXT, b"echo")
    await asyncio.sleep(1.5 * INTERVAL_S)
    peer.unmute()
    peer.send(b"after")
    heard = [await raw.read()]
    while heard[-1].data != b"after":
        heard.append(await raw.read())
    assert [frame.data for frame in heard if frame.opcode is Opcode.TEXT] == [b"before", b"after"]
    assert {frame.opcode for frame in heard} - {Opcode.TEXT} == ({Opcode.PING, Opcode.PONG} if pongs else set())
    assert place.handler.messages == (["echo"] if pongs else [])
    await raw.leave()


async def test_frames_cut_in_two_by_the_end_of_a_mute(place: Place, raw: Raw) -> None:
    """What began while nobody listened is understood to its end, and what comes then is heard."""
    (peer,) = place.handler.peers
    peer.mute(pongs=False)
    begun = Frame(Opcode.TEXT, b"first").serialize(mask=True)
    raw.writer.write(begun[:3])
    await asyncio.sleep(0.05)
    peer.unmute()
    raw.writer.write(begun[3:])
    raw.send(Opcode.TEXT, b"second")
    await until(lambda: place.handler.messages == ["first", "second"])


async def test_deaf_peer_swallows_what_is_sent(place: Place, raw: Raw) -> None:
    """The client can send as much as it likes and is not cut for being silent; its goodbye is not answered."""
    (peer,) = place.handler.peers
    peer.mute(pongs=False)
    commands = Frame(Opcode.TEXT, b"echo".ljust(200)).serialize(mask=True) * 1000
    async with asyncio.timeout(10):
        for _ in range(20):
            raw.writer.write(commands)
            await raw.writer.drain()
    raw.send(Opcode.CLOSE, b"")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await raw.read()
    assert place.handler.messages == []
    assert place.handler.gone == []
    peer.unmute()
    await raw.is_cut()
    await until(lambda: place.handler.gone == [peer])


async def test_silence_of_a_deaf_peer_is_its_own(place: Place) -> None:
    """A client that is sent no pings can not answer them, so it is not cut."""
    raw = await Raw.connect(place, "/quick")
    (peer,) = place.handler.peers
    peer.mute(pongs=False)
    await asyncio.sleep(4 * INTERVAL_S)
    assert place.handler.gone == []
    peer.unmute()
    await raw.is_cut()
    assert place.handler.gone == [peer]
    await raw.leave()


@pytest.mark.parametrize("goodbye", [False, True])
async def test_deaf_peer_closes(place: Place, raw: Raw, goodbye: bool) -> None:
    """A muted client is closed like any other, unless it wanted to go itself."""
    (peer,) = place.handler.peers
    peer.mute(pongs=False)
    if goodbye:
        raw.send(Opcode.CLOSE, b"")
        await asyncio.sleep(0.05)
    peer.close(1001, "the end")
    if goodbye:
        await raw.is_cut()
    else:
        assert await raw.read_close() == Close(1001, "the end")
    await until(lambda: place.handler.gone == [peer])
