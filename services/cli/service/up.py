"""Runs all programs of a plan as processes of its own, until one of them fails or the operator has enough."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from services.cli.config import Config
from services.cli.patience import Patience
from services.cli.plan import (
    BUS,
    Exchange,
    Machine,
    Process,
    bus_place,
    exchange,
    nothing_chosen,
    problems,
    processes,
)
from services.cli.service.errors import NotReady, ProcessEnded
from services.cli.service.probes import check_free, readiness
from shared.runtime.clock import now
from shared.runtime.errors import SettingsError
from shared.runtime.log import Log
from shared.runtime.settings import Runtime

ROOT = Path(__file__).parents[3]
POLL_S = 0.05
STOP_SERVICES_S = 3.5
STOP_BUS_S = 1.0
CHOOSE_MARKETS = (
    "No market is followed yet: set MARKET_TICKERS to a comma list of Kalshi's tickers, or SERIES_TICKERS to one of"
    " series, and start again."
)


async def serve(asked: Exchange | None, config: Config, _: Runtime, __: Log) -> None:
    """Run everything until cancelled; raises one sentence for what fails."""
    chosen = exchange(config, asked)
    wrong = problems(config, chosen)
    if wrong:
        raise SettingsError(wrong)
    machine = _machine(config)
    plan = processes(config, os.environ, chosen, machine)
    check_free(process.place for process in plan)
    crew = _Crew(plan)
    try:
        await crew.work(CHOOSE_MARKETS if nothing_chosen(config, chosen) else "")
    finally:
        await crew.stop()
        _say("stopped")


class _Crew:
    """The running programs."""

    def __init__(self, plan: Sequence[Process]) -> None:
        self._plan = plan
        self._ready = {process.name: asyncio.Event() for process in plan}
        self._running: dict[str, asyncio.subprocess.Process] = {}

    async def work(self, hint: str) -> None:
        """Start all and wait; raises ProcessEnded or NotReady for the first that fails."""
        async with asyncio.TaskGroup() as group:
            for process in self._plan:
                group.create_task(self._keep(process), name=process.name)
            group.create_task(self._announce(hint), name="announce")

    async def stop(self) -> None:
        """End the services, the last one first, then the bus; kill what takes too long, or all if cancelled again."""
        services = [running for name, running in reversed(self._running.items()) if name != BUS]
        bus = [running for name, running in self._running.items() if name == BUS]
        try:
            await _end(services, STOP_SERVICES_S)
        finally:
            await _end(bus, STOP_BUS_S)

    async def _keep(self, process: Process) -> None:
        await self._wait_for(process.after)
        running = await self._start(process)
        async with asyncio.TaskGroup() as group:
            group.create_task(_ended(process, running))
            await self._become_ready(process)

    async def _start(self, process: Process) -> asyncio.subprocess.Process:
        # A session of its own: Ctrl-C in the terminal reaches us alone, and we end them in order.
        running = await asyncio.create_subprocess_exec(
            *_dying_with_us(), *process.argv, env=dict(process.environ), cwd=ROOT, start_new_session=True
        )
        self._running[process.name] = running
        return running

    async def _become_ready(self, process: Process) -> None:
        patience = Patience(now().at)
        while True:
            report = await readiness(process)
            if report is not None and report.ready:
                break
            if not all(self._ready[name].is_set() for name in process.fed_by):
                patience = Patience(now().at)
            reason = patience.verdict(report.checks if report else None, now().at)
            if reason:
                raise NotReady(process.name, reason)
            await asyncio.sleep(POLL_S)
        self._ready[process.name].set()
        _say(f"{process.name:<17} {process.url:<28} {process.does}")

    async def _wait_for(self, names: Sequence[str]) -> None:
        for name in names:
            await self._ready[name].wait()

    async def _announce(self, hint: str) -> None:
        await self._wait_for(list(self._ready))
        if hint:
            _say(hint)
        page = next(process.url for process in self._plan if process.name == "relay")
        _say(f"The page is at {page} (Ctrl-C stops everything).")


async def _ended(process: Process, running: asyncio.subprocess.Process) -> None:
    raise ProcessEnded(process.name, await running.wait(), process.log)


async def _end(processes: Sequence[asyncio.subprocess.Process], patience_s: float) -> None:
    try:
        for running in processes:
            _signal(running, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                for running in processes:
                    await running.wait()
    finally:
        for running in processes:
            _signal(running, signal.SIGKILL)


def _signal(running: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if running.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            running.send_signal(number)


def _machine(config: Config) -> Machine:
    beside_us = Path(sys.executable).parent / BUS
    folder = ROOT / ".run" / f"nats-{bus_place(config).port}"
    folder.mkdir(parents=True, exist_ok=True)
    return Machine(
        python=sys.executable,
        nats_server=str(beside_us) if beside_us.exists() else shutil.which(BUS) or BUS,
        nats_configuration=str(ROOT / "deploy" / "nats" / "nats.conf"),
        folder=str(folder),
    )


def _dying_with_us() -> tuple[str, ...]:
    # The kernel ends them should we be killed; where there is no setpriv they would go on.
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "TERM", "--") if setpriv else ()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
