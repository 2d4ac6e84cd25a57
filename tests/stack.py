"""Starts the project's own programs for a test: real processes, real nats-server, free ports, ended by pid."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Self

import httpx

ROOT = Path(__file__).parents[1]
PORTS = ("nats", "sim", "relay", "gateway", "catalog", "book_builder", "ticker_publisher")
READY_TIMEOUT_S = 40.0
STOP_TIMEOUT_S = 10.0


def free_port() -> int:
    """Return a port that nobody listens on right now, and that no outgoing connection is given meanwhile."""
    return free_row(1)


def free_row(length: int) -> int:
    """Return the first of so many ports in a row that nobody listens on, below those that systems hand out."""
    while True:
        first = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), contextlib.ExitStack() as row:
            for port in range(first, first + length):
                row.enter_context(socket.create_server(("127.0.0.1", port)))
            return first


class Program:
    """One running process; its output is kept for the moment a test fails."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log

    @classmethod
    async def start(cls, name: str, argv: list[str], environ: Mapping[str, str], folder: Path) -> Self:
        """Start a program with its own log file."""
        log = folder / f"{name}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *argv, env=dict(environ), stdout=output, stderr=output, cwd=ROOT
            )
        return cls(name, process, log)

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """End the program by a signal and return its exit code; one that does not end is killed and told of."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                return await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise AssertionError(f"{self.name} did not stop in {STOP_TIMEOUT_S} s:\n{self.log.read_text()}") from None


class Stack:
    """nats-server and any of the services on ports of their own."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.programs: dict[str, Program] = {}
        self.ports = {name: free_port() for name in PORTS}
        self.nats_url = f"nats://127.0.0.1:{self.ports['nats']}"
        self.sim_url = f"http://127.0.0.1:{self.ports['sim']}"
        self.relay_url = f"http://127.0.0.1:{self.ports['relay']}"
        inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        self.environ = inherited | {
            "NATS_URL": self.nats_url,
            "SIM_PORT": str(self.ports["sim"]),
            "RELAY_PORT": str(self.ports["relay"]),
            "LOG_FORMAT": "json",
            **settings,
        }

    async def start_nats(self, *, jetstream: bool = True) -> None:
        """Start nats-server, usually with JetStream, and wait until it listens."""
        argv = [str(Path(sys.executable).parent / "nats-server"), "-a", "127.0.0.1", "-p", str(self.ports["nats"])]
        argv += ["-js", "-sd", str(self.folder / "jetstream")] if jetstream else []
        await self._start("nats", argv, {})
        await self._until("nats", self._nats_listens)

    async def start(self, *names: str, **settings: str) -> None:
        """Start services and wait until each says that it is ready."""
        for name in names:
            port = {} if name in {"simulator", "relay"} else {"HTTP_PORT": str(self.ports[name])}
            await self._start(name, [sys.executable, "-m", f"services.{name}"], port | settings)
        for name in names:
            await self._until(name, partial(self._is_ready, name))

    async def start_beside(self, name: str, service: str, **settings: str) -> None:
        """Start one more instance of a service under a name of its own, on a port of its own."""
        self.ports[name] = free_port()
        argv = [sys.executable, "-m", f"services.{service}"]
        await self._start(name, argv, {"HTTP_PORT": str(self.ports[name]), **settings})
        await self._until(name, partial(self._is_ready, name))

    async def start_all(self) -> list[str]:
        """Start everything, the gateway with every market of the simulator, and return those markets."""
        await asyncio.gather(self.start_nats(), self.start("simulator"))
        tickers = await self.tickers()
        await self.start("gateway", "book_builder", "ticker_publisher", "relay", MARKET_TICKERS=",".join(tickers))
        return tickers

    async def stop(self, name: str, number: int = signal.SIGTERM) -> int:
        """End one program."""
        return await self.programs.pop(name).stop(number)

    async def stop_all(self) -> None:
        """End all programs, the last started first; then each must have ended well and in time."""
        ended: dict[str, int | str] = {}
        for name in reversed(list(self.programs)):
            try:
                ended[name] = await self.stop(name)
            except AssertionError as error:
                ended[name] = str(error)
        # nats-server ends with 1 when it is asked to stop.
        assert [name for name, code in ended.items() if code not in ({0, 1} if name == "nats" else {0})] == [], ended

    async def tickers(self) -> list[str]:
        """Return the simulator's markets without its combos."""
        tickers: list[str] = []
        cursor = None
        while cursor != "":
            listed = f"{self.sim_url}/trade-api/v2/markets?limit=1000&mve_filter=exclude&cursor={cursor or ''}"
            page = (await self.get(listed)).json()
            tickers += [market["ticker"] for market in page["markets"]]
            cursor = page["cursor"]
        return tickers

    async def get(self, url: str) -> httpx.Response:
        """Return the answer to an HTTP GET."""
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.get(url)

    async def metrics(self, name: str) -> str:
        """Return what a service exports."""
        return (await self.get(f"http://127.0.0.1:{self._http_port(name)}/metrics")).text

    async def _start(self, name: str, argv: list[str], settings: Mapping[str, str]) -> None:
        self.programs[name] = await Program.start(name, argv, {**self.environ, **settings}, self.folder)

    def _http_port(self, name: str) -> int:
        return self.ports["sim" if name == "simulator" else name]

    async def _is_ready(self, name: str) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return (await self.get(f"http://127.0.0.1:{self._http_port(name)}/readyz")).status_code == 200
        return False

    async def _nats_listens(self) -> bool:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.ports["nats"])
            writer.close()
            return True
        return False

    async def _until(self, name: str, ready: Callable[[], Awaitable[bool]]) -> None:
        program = self.programs[name]
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                while not await ready():
                    assert program.process.returncode is None, f"{name} ended:\n{program.log.read_text()}"
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{name} is not ready after {READY_TIMEOUT_S} s:\n{program.log.read_text()}") from None


@contextlib.asynccontextmanager
async def stack(**settings: str) -> AsyncIterator[Stack]:
    """Hand out a stack in a folder of its own and end what it started."""
    with tempfile.TemporaryDirectory(prefix="fanout-") as folder:
        running = Stack(Path(folder), settings)
        try:
            yield running
        finally:
            await running.stop_all()
