"""Handshakes, messages, pings, limits and the end."""

import asyncio
import time

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from shared.runtime.errors import CannotListen
from tests.integration.sockets.harness import KILOBYTE, LIMIT, Place, Raw, until

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])


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
