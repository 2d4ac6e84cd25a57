"""Clients that do not read, or too slowly, and what leaves together."""

import asyncio
import socket
import struct
import time

import pytest
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from tests.integration.sockets.harness import DATA_SEGMENTS_IN, KILOBYTE, Place, Raw, until

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])


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
