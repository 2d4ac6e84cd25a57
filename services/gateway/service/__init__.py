"""The gateway's shell: connects, waits for frames, feeds the core and does what it says."""

import asyncio
import contextlib
import random
import secrets
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from proto.reading import UNREADABLE
from proto.requests import Explain, HeadsRequest, Lease, Resync
from services.gateway.config import Config
from services.gateway.core import BAD_REQUEST, Gateway
from services.gateway.dialling import HARD_PAUSE_S, Refusal, refusal
from services.gateway.leadership import Leadership, Role
from services.gateway.output import Output
from services.gateway.service.leading import SHARD, Leading
from services.gateway.service.signer import signer_of
from shared.kalshi.commands import Command, encode
from shared.kalshi.signing import Signer
from shared.market.backoff import delays
from shared.runtime import bus as nats_bus
from shared.runtime.bus import BUS_AWAY, Answer, Bus
from shared.runtime.clock import now
from shared.runtime.errors import RequestError
from shared.runtime.health import Health
from shared.runtime.http import serving_health
from shared.runtime.log import Log
from shared.runtime.metrics import Exporter, export
from shared.runtime.settings import Runtime

TICK_S = 0.1
DIAL_TIMEOUT_S = 10.0
SEND_TIMEOUT_S = 5.0
PING_S = 10.0
MAX_FRAME_BYTES = 64 * 2**20
#: No proxy of the environment leads back to this machine.
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
#: A connection that held for this long starts the backoff anew.
SETTLED_S = 30.0

T = TypeVar("T")


async def serve(config: Config, runtime: Runtime, log: Log) -> None:
    """Run until cancelled."""
    signer = signer_of(config)
    health = Health("bus", "exchange", *(["lease"] if config.gateway_standby else []))
    async with (
        nats_bus.connect(runtime.nats_url, prefix=runtime.bus_prefix, creds=runtime.nats_creds, name="gateway") as bus,
        serving_health(health, host=runtime.http_host, port=config.http_port),
    ):
        core = Gateway(
            # The lease goes by this name: no two may ever share it.
            instance=f"gateway-{SHARD}-{now().ts:x}-{secrets.token_hex(3)}",
            tickers=config.market_tickers,
            channels=config.gateway_channels,
            subjects=bus.subjects,
        )
        leadership = Leadership(core.instance, alone=not config.gateway_standby)
        shell = _Shell(core, bus, config.ws_url, signer, health, log, leadership)
        if not config.market_tickers:
            log.warning("no market is wanted: set MARKET_TICKERS, or ask with rpc.gateway.subscribe")
        _export(core, bus, leadership)
        if not leadership.alone:
            await shell.hear_leases()
        await Leading(leadership, shard=SHARD, bus=bus, markets=core.markets, health=health, log=log).run(shell)


class _Shell:
    """Feeds one core and does what its output says, as far as the leadership lets it speak."""

    def __init__(
        self, core: Gateway, bus: Bus, url: str, signer: Signer, health: Health, log: Log, leadership: Leadership
    ) -> None:
        self._core = core
        self._bus = bus
        self._url = url
        self._signer = signer
        self._health = health
        self._log = log
        self._leadership = leadership
        self._line: _Line | None = None

    async def run(self, answers: dict[str, Answer]) -> None:
        """Answer requests, these too, and stay connected until cancelled."""
        answering = self._bus.answering(
            "gateway", self.answers() | answers, description="Owns the exchange's feed", group=self._core.instance
        )
        try:
            async with answering, asyncio.TaskGroup() as group:
                group.create_task(self._tick(), name="tick")
                group.create_task(self._stay_connected(), name="exchange")
        finally:
            if self._core.connected:
                self._core.closed("stopped", now())
            self._flush()

    def goodbye(self) -> None:
        """Say that nothing further is true."""
        self._core.stop(now())
        self._flush()

    async def hear_leases(self) -> None:
        """While another leads, know what clients want of it."""

        def hear(subject: str, payload: bytes) -> None:
            if self._leadership.role is Role.FOLLOWER:
                with contextlib.suppress(*UNREADABLE):
                    take = self._core.release if subject.endswith(".unsubscribe") else self._core.lease
                    take(msgspec.json.decode(payload, type=Lease), now())
                self._flush()

        for name in ("gateway.subscribe", "gateway.unsubscribe"):
            await self._bus.subscribe(self._bus.subjects.rpc(name), hear)

    def answers(self) -> dict[str, Answer]:
        """Return what answers each request."""
        core = self._core
        return {
            "gateway.resync": self._answer(Resync, lambda request: core.resync(request, now())),
            "gateway.heads": self._answer(HeadsRequest, lambda _: core.heads(now())),
            "gateway.subscribe": self._answer(Lease, lambda request: core.lease(request, now())),
            "gateway.unsubscribe": self._answer(Lease, lambda request: core.release(request, now())),
            "gateway.explain": self._answer(Explain, core.explain),
        }

    def _answer(self, request_type: type[T], reply: Callable[[T], msgspec.Struct]) -> Answer:
        async def answer(payload: bytes) -> bytes:
            try:
                request = msgspec.json.decode(payload or b"{}", type=request_type)
            except UNREADABLE as error:
                raise RequestError("rpc.gateway", BAD_REQUEST, str(error)) from error
            encoded = msgspec.json.encode(reply(request))
            self._flush()
            return encoded

        return answer

    async def _tick(self) -> None:
        while True:
            self._core.tick(now())
            self._health.judge("bus", well=self._bus.connected, problem=BUS_AWAY)
            self._flush()
            await asyncio.sleep(TICK_S)

    async def _stay_connected(self) -> None:
        loop = asyncio.get_running_loop()
        pauses = delays(random.random)
        while True:
            started = loop.time()
            pause = await self._connection()
            if loop.time() - started > SETTLED_S:
                pauses = delays(random.random)
            await asyncio.sleep(next(pauses) if pause is None else pause)

    async def _connection(self) -> float | None:
        """Hold one connection to its end; return the seconds to wait if not the usual backoff."""
        try:
            async with asyncio.timeout(DIAL_TIMEOUT_S):
                connection = await self._dial()
        except InvalidStatus as error:
            refused = refusal(error.response.status_code, bytes(error.response.body or b""), self._url)
            return self._failed(refused)
        except (OSError, TimeoutError, WebSocketException) as error:
            sentence = f"{self._url} does not answer ({str(error) or type(error).__name__}): trying again."
            return self._failed(Refusal("unreachable", sentence, hard=False))
        await self._hold(connection)
        return None

    async def _dial(self) -> ClientConnection:
        # Signed afresh each time: a signature lives for seconds only.
        headers = self._signer.headers("GET", urlsplit(self._url).path, now().ts // 1000)
        return await connect(
            self._url,
            additional_headers=headers,
            compression=None,
            max_size=MAX_FRAME_BYTES,
            open_timeout=None,
            proxy=None if urlsplit(self._url).hostname in LOOPBACK else True,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            close_timeout=1,
        )

    async def _hold(self, connection: ClientConnection) -> None:
        line = self._line = _Line(connection)
        self._health.well("exchange")
        self._log.info("connected", url=self._url)
        self._core.opened(now())
        self._flush()
        try:
            async with asyncio.TaskGroup() as group:
                sender = group.create_task(line.send(), name="commands")
                cause = await self._read(connection)
                sender.cancel()
        finally:
            self._line = None
            await connection.close()
        reason = line.dropped or "closed_by_exchange"
        self._health.ill("exchange", f"the connection was lost ({reason}), trying again")
        self._log.warning("disconnected", reason=reason, cause=cause)
        self._core.closed(reason, now())
        self._flush()

    async def _read(self, connection: ClientConnection) -> str:
        """Feed the core with every frame; return why the connection ended."""
        try:
            while True:
                self._core.received(await connection.recv(decode=False), now())
                self._flush()
        except ConnectionClosed as closed:
            return str(closed)

    def _failed(self, refused: Refusal) -> float | None:
        self._core.counts.add("failed_dials", refused.reason)
        self._health.ill("exchange", refused.sentence)
        (self._log.error if refused.hard else self._log.warning)(refused.sentence)
        return HARD_PAUSE_S if refused.hard else None

    def _flush(self) -> None:
        out: Output = self._core.out.take()
        if self._leadership.speaks(now().at):
            for subject, payload in out.publications:
                self._bus.publish(subject, payload)
        for note in out.notes:
            self._log.warning(note)
        if self._line is not None:
            self._line.commands(out.commands)
            if out.drop is not None:
                self._line.drop(out.drop)


class _Line:
    """The sending side of one connection; a command that can not be sent in time ends the connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self.dropped = ""
        self._connection = connection
        self._waiting: list[Command] = []
        self._wake = asyncio.Event()

    def commands(self, commands: list[Command]) -> None:
        """Have commands sent, in order."""
        if commands:
            self._waiting += commands
            self._wake.set()

    def drop(self, reason: str) -> None:
        """Give the connection up without waiting for the exchange."""
        self.dropped = self.dropped or reason
        self._connection.transport.abort()

    async def send(self) -> None:
        """Send what waits; runs until cancelled or the connection ends."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._wake.wait()
                self._wake.clear()
                waiting, self._waiting = self._waiting, []
                for command in waiting:
                    await self._send(encode(command).decode())

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._connection.send(text)
        except TimeoutError:
            self.drop("send_timeout")


def _export(core: Gateway, bus: Bus, leadership: Leadership) -> None:
    labels = {
        "frames": "type",
        "gaps": "channel",
        "quarantined": "reason",
        "disconnects": "reason",
        "failed_dials": "reason",
        "resyncs": "reason",
        "exchange_errors": "code",
    }
    export(
        Exporter(
            "gateway",
            core.counts,
            labels,
            lambda: {
                "markets": len(core.markets),
                "stale_markets": core.markets.stale_count(),
                "connected": core.connected,
                "leading": leadership.role is Role.LEADER,
                "term": leadership.term,
                "bus_dropped": bus.dropped,
            },
        )
    )
