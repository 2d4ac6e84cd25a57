"""A server of WebSockets, and a client that writes its frames byte by byte."""

import asyncio
import base64
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from websockets.frames import Close, Frame, Opcode

from shared.runtime.http import serving
from shared.runtime.sockets import Endpoint, Peer, Rejection, Request
from tests.stack import free_port

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


async def until(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.005)
