"""`python -m tests.bench.start [MARKETS]`: how soon every market is live after a start, and its cost."""

import argparse
import asyncio
import re
import sys
import time
from typing import NamedTuple

import msgspec

from tests.bench.process import used
from tests.stack import Stack, stack

MARKETS = 10_000
TIMEOUT_S = 120.0


class Started(NamedTuple):
    """Seconds from the gateway's start to the last market's first book, and what the gateway holds then."""

    markets: int
    catalog_s: float
    live_s: float
    cpu_s: float
    resident_mb: float
    kb_per_market: float


async def measure(markets: int, *, together: bool) -> Started:
    """Start a gateway for so many markets: after the catalog has them all, or together with it."""
    # A quiet market: what is measured is the start, not the traffic.
    settings = {"SIM_MARKETS": str(markets), "SIM_COMBOS": "0", "SIM_ROUND": "0", "LOG_LEVEL": "warning"}
    async with stack(**settings) as services:
        await asyncio.gather(services.start_nats(), services.start("simulator"))
        empty_mb = await _empty(services)
        begun = time.monotonic()
        if not together:
            await services.start("catalog")
        catalog_s = time.monotonic() - begun
        begun = time.monotonic()
        await services.start("gateway", *(["catalog"] if together else []))
        live_s = await _all_live(services, markets, begun)
        gateway = used(services.programs["gateway"].process.pid)
    resident_mb = gateway.resident / 1e6
    return Started(markets, catalog_s, live_s, gateway.cpu_s, resident_mb, (resident_mb - empty_mb) * 1000 / markets)


async def _empty(services: Stack) -> float:
    """Return the megabytes of a gateway that follows nothing."""
    await services.start("gateway")
    resident_mb = used(services.programs["gateway"].process.pid).resident / 1e6
    await services.stop("gateway")
    return resident_mb


async def _all_live(services: Stack, markets: int, begun: float) -> float:
    while time.monotonic() - begun < TIMEOUT_S:
        gauges = dict(
            re.findall(r"^fanout_gateway_(markets|stale_markets) (\S+)$", await services.metrics("gateway"), re.M)
        )
        if float(gauges["markets"]) >= markets and float(gauges["stale_markets"]) == 0:
            return time.monotonic() - begun
        await asyncio.sleep(0.1)
    raise AssertionError(
        f"not all live after {TIMEOUT_S} s: {gauges}\n{services.programs['gateway'].log.read_text()[-2000:]}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.start", description=__doc__)
    parser.add_argument("markets", nargs="?", type=int, default=MARKETS)
    parser.add_argument("--together", action="store_true", help="start the catalog at the same moment")
    asked = parser.parse_args()
    row = asyncio.run(measure(asked.markets, together=asked.together))
    sys.stdout.write(msgspec.json.encode(row._asdict()).decode() + "\n")


if __name__ == "__main__":
    main()
