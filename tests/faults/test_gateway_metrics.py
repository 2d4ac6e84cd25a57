"""Everything that happens to a gateway is counted, and the table of its metrics is what it exports."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from shared.runtime.bus import connect
from tests.architecture.source import ROOT
from tests.faults.client import Simulator
from tests.stack import Stack, stack

PREFIX = "fanout_gateway_"
ROW = re.compile(r"^\| `(\w+)` \| (counter|gauge|histogram) \| (?:`(\w+)`)? ?\| .+ \|$", re.MULTILINE)
#: Labels that belong to the format.
FORMAT = {"le"}


class Metric(NamedTuple):
    """What the table tells of a metric."""

    kind: str
    label: str


@pytest_asyncio.fixture
async def running() -> AsyncIterator[tuple[Stack, Simulator]]:
    """A gateway that follows a small and busy exchange."""
    async with stack(SIM_MARKETS="20", SIM_COMBOS="0", SIM_ROUND="0", SIM_RATE="2000") as services:
        await asyncio.gather(services.start_nats(), services.start("simulator"))
        sim = Simulator(services.sim_url, await services.tickers())
        await services.start("gateway", MARKET_TICKERS=",".join(sim.tickers))
        yield services, sim
        await sim.close()


async def _exported(services: Stack) -> tuple[dict[str, Metric], dict[str, float]]:
    """Return the families, and all samples by their name and labels."""
    families: dict[str, Metric] = {}
    samples: dict[str, float] = {}
    for family in text_string_to_metric_families(await services.metrics("gateway")):
        if family.name.startswith(PREFIX):
            labels = {label for sample in family.samples for label in sample.labels} - FORMAT
            families[family.name.removeprefix(PREFIX)] = Metric(family.type, "".join(labels))
            for sample in family.samples:
                told = [sample.labels[label] for label in sample.labels if label not in FORMAT]
                samples[" ".join((sample.name.removeprefix(PREFIX), *told))] = sample.value
    return families, samples


def _table() -> dict[str, Metric]:
    text = (ROOT / "services" / "gateway" / "README.md").read_text("utf-8").partition("## Metrics of the gateway")[2]
    return {name: Metric(kind, label) for name, kind, label in ROW.findall(text)}


async def _until(services: Stack, *names: str) -> None:
    """Wait until each of these samples is there."""
    async with asyncio.timeout(45):
        while missing := set(names) - (await _exported(services))[1].keys():
            assert missing
            await asyncio.sleep(0.1)


async def _trouble(services: Stack, sim: Simulator) -> None:
    """Let everything happen that is counted."""
    async with connect(services.nats_url) as bus:
        await bus.request("gateway.resync", b'{"tickers":["%s"],"reason":"operator"}' % sim.tickers[0].encode())
    await sim.post("unknown_type")
    await _until(services, "resyncs_total operator", "quarantined_total unknown_type")
    await sim.post("duplicate")
    await _until(services, "repeated_frames_total")
    await sim.post("drop")
    await _until(services, "gaps_total orderbook_delta")
    await sim.post("refuse_command", code=13)
    await sim.post("drop")
    await _until(services, "exchange_errors_total 13", "repairs_done_total snapshot")
    await sim.post("drop", chance=0.5, for_s=8)
    await _until(services, "repairs_failed_total snapshot")
    await sim.clear()
    await sim.post("unsubscribed", channel="trade")
    await _until(services, "resubscriptions_total trade")
    await sim.post("refuse_connect", status=503)
    await sim.post("cut")
    await _until(services, "disconnects_total closed_by_exchange", "failed_dials_total unavailable")
    await _until(services, "connection_frames_per_second 0")


async def _calm(services: Stack) -> tuple[dict[str, Metric], dict[str, float]]:
    """Wait until the connection is back and carries the load."""
    async with asyncio.timeout(60):
        while True:
            families, samples = await _exported(services)
            if samples["connection_frames_per_second 0"] > 200:
                return families, samples
            await asyncio.sleep(0.2)


async def test_everything_is_counted(running: tuple[Stack, Simulator]) -> None:
    """Each name of the table is exported as the table says, no other is, and the numbers are those of the load."""
    services, sim = running
    before = (await _exported(services))[1]
    assert before["markets"] == before["connection_markets 0"] == 20
    assert before["connection_subscriptions 0"] == 4
    await _trouble(services, sim)
    families, samples = await _calm(services)
    assert families == _table()
    assert samples["frames_total orderbook_delta"] > 200
    assert samples["exchange_to_received_seconds_count"] > 200
    assert samples["exchange_to_received_seconds_sum"] / samples["exchange_to_received_seconds_count"] < 5
    assert samples["received_to_published_seconds_sum"] / samples["received_to_published_seconds_count"] < 2
    assert samples["loop_lag_seconds_count"] > 20


async def test_no_metric_names_a_market(running: tuple[Stack, Simulator]) -> None:
    """However many markets there are, the metrics are as many."""
    services, sim = running
    text = await services.metrics("gateway")
    assert not [ticker for ticker in sim.tickers if ticker in text]
