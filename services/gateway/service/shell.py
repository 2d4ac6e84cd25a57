"""Waits, feeds the core, and does what it says: towards the bus here, towards the exchange by the lines."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from proto.reading import UNREADABLE
from proto.requests import Explain, HeadsRequest, Lease, Resync
from services.gateway.budget import Budget
from services.gateway.config import Config
from services.gateway.core import BAD_REQUEST, Gateway
from services.gateway.leadership import Leadership, Role
from services.gateway.measures import Measures
from services.gateway.service.account import Account, read_account
from services.gateway.service.connection import Dialler
from services.gateway.service.leading import Leading
from services.gateway.service.line import Line, Surroundings
from services.gateway.service.metrics import exporter
from services.gateway.service.signer import signer
from services.gateway.sharding import Shard
from shared.runtime import bus as nats_bus
from shared.runtime.bus import BUS_AWAY, Answer, Bus
from shared.runtime.clock import now
from shared.runtime.errors import BucketUnavailable, RequestError, SettingsError
from shared.runtime.health import Health
from shared.runtime.http import serving_health
from shared.runtime.log import Log
from shared.runtime.metrics import export
from shared.runtime.settings import Runtime
from shared.runtime.watch import keep_watching

TICK_S = 0.1

T = TypeVar("T")


async def serve(config: Config, runtime: Runtime, log: Log) -> None:
    """Run until cancelled."""
    key = signer(config)
    dialler = Dialler(config.ws_url, key, Budget())
    shard = _shard(config)
    parts = _parts(config.gateway_connections)
    health = Health("bus", *parts, *(["lease"] if config.gateway_standby else []))
    async with (
        nats_bus.connect(runtime.nats_url, prefix=runtime.bus_prefix, creds=runtime.nats_creds, name="gateway") as bus,
        serving_health(health, host=runtime.http_host, port=config.http_port),
    ):
        core = Gateway(
            # The lease goes by this name: no two may ever share it.
            instance=f"gateway-{shard.index}-{now().ts:x}-{secrets.token_hex(3)}",
            tickers=config.market_tickers,
            channels=config.gateway_channels,
            subjects=bus.subjects,
            shard=shard,
            connections=config.gateway_connections,
            private=bool(config.gateway_private),
            series=config.series_tickers,
        )
        leadership = Leadership(core.instance, alone=not config.gateway_standby)
        account = Account(config.rest_url, key) if core.private.enabled else None
        shell = Shell(core, bus, leadership, account, health, log)
        around = Surroundings(core, dialler, health, shell.measures, log, shell.flush)
        shell.lines += [Line(number, part, around) for number, part in enumerate(parts)]
        export(exporter(core, bus, leadership, shell.measures, shell.lines))
        if not config.market_tickers:
            log.info("following what the catalog says, and what is asked for with rpc.gateway.subscribe")
        if not leadership.alone:
            await shell.hear_leases()
        leading = Leading(
            leadership, shard=shard.index, bus=bus, markets=core.markets, health=health, parts=parts, log=log
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(shell.follow_catalog(), name="catalog")
            await leading.run(shell)


class Shell:
    """Feeds one core with time and requests, and does what its output says as far as the leadership lets it speak.

    Args:
        core: what decides.
        bus: a connected bus.
        leadership: tells when something may be published.
        account: where it is read; without it, it is not.
        health: is told under `bus`.
    """

    def __init__(
        self, core: Gateway, bus: Bus, leadership: Leadership, account: Account | None, health: Health, log: Log
    ) -> None:
        self.lines: list[Line] = []
        self.measures = Measures()
        self._core = core
        self._bus = bus
        self._leadership = leadership
        self._account = account
        self._health = health
        self._log = log

    async def run(self, answers: dict[str, Answer]) -> None:
        """Answer requests, these too, stay connected and read the account until cancelled; it can be run again."""
        answering = self._bus.answering(
            "gateway", self.answers() | answers, description="Owns the exchange's feed", group=self._core.instance
        )
        try:
            async with answering, asyncio.TaskGroup() as group:
                group.create_task(self._tick(), name="tick")
                for line in self.lines:
                    group.create_task(line.run(), name=f"connection {line.number}")
                if self._account is not None:
                    account = read_account(self._core.private, self._account, self._log, self.flush)
                    group.create_task(account, name="account")
        finally:
            self._core.let_go(now())
            self.flush()

    def goodbye(self) -> None:
        """Say that nothing further is true."""
        self._core.stop(now())
        self.flush()

    async def hear_leases(self) -> None:
        """While another leads, know what clients want of it."""

        def hear(subject: str, payload: bytes) -> None:
            if self._leadership.role is Role.FOLLOWER:
                with contextlib.suppress(*UNREADABLE):
                    take = self._core.release if subject.endswith(".unsubscribe") else self._core.lease
                    take(msgspec.json.decode(payload, type=Lease), now())
                self.flush()

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

    def flush(self) -> None:
        """Do what the core says."""
        out = self._core.out.take()
        if self._leadership.speaks(now().at):
            for subject, payload in out.publications:
                self._bus.publish(subject, payload)
        for note in out.notes:
            self._log.warning(note)
        if out.timings:
            self.measures.take(out.timings)
        for number, command in out.commands:
            self.lines[number].command(command)
        for number, reason in out.drops.items():
            self.lines[number].drop(reason)

    def _answer(self, request_type: type[T], reply: Callable[[T], msgspec.Struct | None]) -> Answer:
        async def answer(payload: bytes) -> bytes | None:
            try:
                request = msgspec.json.decode(payload or b"{}", type=request_type)
            except UNREADABLE as error:
                raise RequestError("rpc.gateway", BAD_REQUEST, str(error)) from error
            replied = reply(request)
            self.flush()
            return None if replied is None else msgspec.json.encode(replied)

        return answer

    async def follow_catalog(self) -> None:
        """Know what the catalog wants followed, whoever leads; runs until cancelled."""
        await keep_watching(self._bus, "markets", self._catalogued, self._no_catalog)

    def _catalogued(self, values: Mapping[str, bytes | None], whole: bool) -> None:
        self._core.catalogued(values, now(), whole=whole)

    def _no_catalog(self, error: BucketUnavailable) -> None:
        self._log.warning(f"{error} Until then the catalog's choice of markets is not known.")

    async def _tick(self) -> None:
        while True:
            self._core.tick(now())
            self._health.judge("bus", well=self._bus.connected, problem=BUS_AWAY)
            self.flush()
            due = now().at + TICK_S
            await asyncio.sleep(TICK_S)
            at = now().at
            self.measures.lag(at - due)
            for line in self.lines:
                line.rate.tick(at)


def _parts(connections: int) -> list[str]:
    """Return what /readyz calls each line."""
    return ["exchange"] if connections == 1 else [f"exchange-{number}" for number in range(connections)]


def _shard(config: Config) -> Shard:
    try:
        return Shard.parse(config.gateway_shard)
    except ValueError as error:
        problem = f"GATEWAY_SHARD={config.gateway_shard!r} is no share: {error}; write i/n with i from 0 to n - 1."
        raise SettingsError([problem]) from error
