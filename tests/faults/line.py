"""Lines of a gateway in this process, without a bus: what they do, log, count and tell of their health."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog
from structlog.testing import ReturnLogger

from proto.subjects import Subjects
from services.gateway.budget import Budget
from services.gateway.core import Gateway
from services.gateway.measures import Measures
from services.gateway.service.connection import Dialler
from services.gateway.service.line import Line, Patience, Surroundings
from shared.kalshi.commands import Command
from shared.kalshi.signing import SIMULATOR_KEY_ID, Signer, simulator_key
from shared.runtime.clock import now
from shared.runtime.health import Health
from shared.runtime.log import Log

TICK_S = 0.05
#: Lines of tests give up after a second or two.
HASTY = Patience(ping_after=0.5, dead_after=1.0, send=30.0)


class Gateways:
    """A core, its lines, and what they said; `logged` holds levels and events."""

    def __init__(self, url: str, tickers: list[str], *, lines: int, budget: Budget, around: dict[str, Any]) -> None:
        self.logged: list[tuple[str, str]] = []
        self.core = Gateway(instance="gateway-0", tickers=tickers, channels=["orderbook_delta"], subjects=Subjects())
        self.budget = budget
        self.measures = Measures()
        parts = [f"exchange-{number}" for number in range(lines)]
        self.health = Health(*parts)
        dialler = Dialler(url, Signer(SIMULATOR_KEY_ID, simulator_key()), budget)
        surroundings = Surroundings(self.core, dialler, self.health, self.measures, self._log(), self.flush, **around)
        self.lines = [Line(number, part, surroundings) for number, part in enumerate(parts)]

    @property
    def detail(self) -> str:
        """What the first line says of its health."""
        return self.health.readiness().checks["exchange-0"]

    def counted(self, name: str) -> dict[str, int]:
        """Return a counter by its label."""
        return {label: count for (counter, label), count in self.core.counts.items() if counter == name}

    def live(self) -> bool:
        """Whether all markets are live."""
        return self.core.connected and self.core.markets.stale_count() == 0

    def command(self, *commands: Command) -> None:
        """Have commands sent on the first line."""
        for command in commands:
            self.lines[0].command(command)

    def flush(self) -> None:
        """Do what the core says, but for the bus."""
        out = self.core.out.take()
        self.measures.take(out.timings)
        for number, command in out.commands:
            self.lines[number].command(command)
        for number, reason in out.drops.items():
            self.lines[number].drop(reason)

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as group:
            for line in self.lines:
                group.create_task(line.run())
            while True:
                self.core.tick(now())
                self.flush()
                await asyncio.sleep(TICK_S)

    def _log(self) -> Log:
        def keep(_: object, level: str, event: Any) -> str:
            self.logged.append((level, event["event"]))
            return ""

        log: Log = structlog.wrap_logger(
            ReturnLogger(), processors=[keep], wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG)
        )
        return log


@asynccontextmanager
async def gateway_lines(
    url: str, tickers: list[str], *, lines: int = 1, budget: Budget | None = None, **around: Any
) -> AsyncIterator[Gateways]:
    """Run lines to an exchange while the block runs; `around` is what their surroundings have of their own."""
    gateways = Gateways(
        url, tickers, lines=lines, budget=budget or Budget(), around={"patience": HASTY, "random": lambda: 0.1} | around
    )
    running = asyncio.ensure_future(gateways.run())
    try:
        yield gateways
    finally:
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled(), running.exception()


async def until(condition: Callable[[], object], timeout_s: float = 30.0) -> float:
    """Wait for a condition and return how long it took."""
    started = time.monotonic()
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)
    return time.monotonic() - started
