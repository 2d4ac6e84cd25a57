"""A connection is given up when nothing at all comes, and for no other reason; nothing can hold its watchdog up."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from proto.requests import Resync
from services.gateway.service.line import Patience
from shared.kalshi.commands import Subscribe, SubscribeParams
from shared.runtime.clock import now
from shared.runtime.frames import text_frame
from tests.faults.client import PATH, Simulator
from tests.faults.line import HASTY, gateway_lines, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

#: More than all the buffers between two programs hold.
LARGE = Subscribe(99, SubscribeParams(channels=["orderbook_delta"], market_tickers=["KXA-1" * 100] * 40_000))
ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def peer(behave: Peer) -> AsyncIterator[str]:
    """Listen, shake hands as a WebSocket server, and then behave; hand out the address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        [key] = [
            line.split(b": ")[1] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
        ]
        accept = base64.b64encode(hashlib.sha1(key + ACCEPT, usedforsecurity=False).digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n\r\n" % accept
        )
        try:
            await behave(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**16)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}{PATH}"
    finally:
        server.close()


async def reads_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Stop reading for good."""
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # a writer's transport can read as well
    await asyncio.sleep(60)


async def only_talks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Stop reading, and say something five times a second."""
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # a writer's transport can read as well
    while True:
        writer.write(text_frame(b'{"type":"nothing"}'))
        await asyncio.sleep(0.2)


async def test_silent_death(sim: Simulator) -> None:
    """A connection that stays open and answers no ping is given up, and the next one is whole."""
    async with gateway_lines(sim.url, sim.tickers) as gateways:
        await until(gateways.live)
        await sim.post("mute", pongs=False)
        assert await until(lambda: gateways.counted("disconnects"))
        assert gateways.counted("disconnects") == {"silent": 1}
        await until(gateways.live)
        assert gateways.detail == "ok"


async def test_quiet_markets_are_not_death(sim: Simulator) -> None:
    """Pongs are life: a connection on which nothing is said stays."""
    async with gateway_lines(sim.url, sim.tickers) as gateways:
        await until(gateways.live)
        frames = gateways.counted("frames")
        await sim.post("mute", pongs=True)
        await asyncio.sleep(4 * HASTY.dead_after)
        assert gateways.counted("disconnects") == {}
        assert sum(gateways.counted("frames").values()) - sum(frames.values()) < 500


async def test_the_verdict_of_a_witness_is_obeyed(sim: Simulator) -> None:
    """Whoever knows that silent books are wrong says so: they are stale at once, fetched anew, and it is counted."""
    async with gateway_lines(sim.url, sim.tickers) as gateways:
        await until(gateways.live)
        await sim.post("mute", pongs=True)
        await asyncio.sleep(0.5)
        reply = gateways.core.resync(Resync(tuple(sim.tickers), reason="exchange_error"), now())
        assert reply is not None
        assert set(reply.requested) == set(sim.tickers)
        assert gateways.core.markets.stale_count() == len(sim.tickers)
        assert gateways.counted("resyncs") == {"exchange_error": 1}
        gateways.flush()
        await until(gateways.live, timeout_s=30)


async def test_a_peer_that_never_reads_can_not_freeze_the_watchdog() -> None:
    """With a command and a ping stuck in full buffers the line is given up in time all the same."""
    async with peer(reads_nothing) as url, gateway_lines(url, []) as gateways:
        await until(lambda: gateways.core.connected)
        gateways.command(LARGE)
        assert await until(lambda: gateways.counted("disconnects")) > 0.9
        assert gateways.counted("disconnects") == {"silent": 1}


async def test_what_is_sent_has_a_deadline() -> None:
    """A peer that talks but never reads is alive; the command that does not get through ends the connection."""
    patience = Patience(ping_after=0.5, dead_after=1.0, send=2.0)
    async with peer(only_talks) as url, gateway_lines(url, [], patience=patience) as gateways:
        await until(lambda: gateways.core.connected)
        gateways.command(LARGE)
        assert await until(lambda: gateways.counted("disconnects")) > 1.9
        assert gateways.counted("disconnects") == {"send_timeout": 1}


async def test_stopping_does_not_wait_for_a_peer_that_never_reads() -> None:
    """The process ends in time although its last words can not be sent."""
    async with peer(reads_nothing) as url:
        async with gateway_lines(url, [], patience=Patience()) as gateways:
            await until(lambda: gateways.core.connected)
            gateways.command(LARGE)
            await asyncio.sleep(0.2)
            stopped_at = now().at
        assert now().at - stopped_at < 10
