"""What the simulator costs: one client that hears everything of a thousand markets, and its memory over time."""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from tests.bench.process import used
from tests.bench.yardstick import encode_ns
from tests.stack import Stack, stack

MARKETS = 1_000
CHANNELS = ["orderbook_delta", "ticker", "trade"]


class Row(NamedTuple):
    """One run."""

    rate: int
    messages_per_s: float
    core: float
    us_per_message: float
    yardsticks: float
    resident_mb: float


async def table(rates: list[int], seconds: float, say: Callable[[str], None]) -> list[Row]:
    """Measure the simulator at each rate."""
    rows = []
    for rate in rates:
        async with stack(SIM_MARKETS=str(MARKETS), SIM_RATE=str(rate), SIM_ROUND="0", LOG_LEVEL="warning") as services:
            await services.start("simulator")
            rows.append(await _row(services, rate, seconds))
            say(str(rows[-1]))
    return rows


async def soak(rate: int, minutes: float, say: Callable[[str], None]) -> list[float]:
    """Return the resident megabytes every half minute while one client hears everything."""
    samples: list[float] = []
    async with stack(SIM_MARKETS=str(MARKETS), SIM_RATE=str(rate), LOG_LEVEL="warning") as services:
        await services.start("simulator")
        pid = services.programs["simulator"].process.pid
        drained = asyncio.create_task(_drain(services, minutes * 60))
        until = time.monotonic() + minutes * 60
        while time.monotonic() < until and not drained.done():
            samples.append(used(pid).resident / 1e6)
            say(f"{len(samples) / 2 - 0.5:4.1f} min {samples[-1]:6.1f} MB")
            await asyncio.sleep(30)
        say(str(await drained))
    return samples


async def _row(services: Stack, rate: int, seconds: float) -> Row:
    pid = services.programs["simulator"].process.pid
    counting = asyncio.create_task(_drain(services, seconds))
    await asyncio.sleep(2.5)  # until it counts
    before, at = used(pid), time.monotonic()
    yardstick = await asyncio.to_thread(encode_ns)
    await asyncio.sleep(seconds - 3)
    after, elapsed = used(pid), time.monotonic() - at
    counted = await counting
    per_s = counted["messages"] / counted["seconds"]
    cpu = (after.cpu_s - before.cpu_s) / elapsed
    us = cpu / per_s * 1e6
    return Row(rate, per_s, cpu, us, us * 1000 / yardstick, after.resident / 1e6)


async def _drain(services: Stack, seconds: float) -> dict[str, Any]:
    tickers = (await services.tickers())[:MARKETS]
    asked = {"port": services.ports["sim"], "seconds": seconds, "channels": CHANNELS, "tickers": tickers}
    drain = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.drain", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await drain.communicate(msgspec.json.encode(asked))
    result: dict[str, Any] = msgspec.json.decode(said)
    return result
