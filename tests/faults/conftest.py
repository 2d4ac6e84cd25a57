"""One simulator for all tests of faults; each leaves it without any."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.faults.client import Simulator
from tests.stack import Stack, stack


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def services() -> AsyncIterator[Stack]:
    """A simulator with few markets and much to say about them."""
    async with stack(SIM_MARKETS="6", SIM_COMBOS="0", SIM_ROUND="0", SIM_RATE="400") as running:
        await running.start("simulator")
        yield running


@pytest_asyncio.fixture(loop_scope="package")
async def sim(services: Stack) -> AsyncIterator[Simulator]:
    """The simulator, without faults before and after."""
    found = Simulator(services.sim_url, await services.tickers())
    await found.clear()
    yield found
    await found.clear()
    await found.close()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def network() -> AsyncIterator[Stack]:
    """A busy simulator and a bus, for gateways that come and go."""
    async with stack(SIM_MARKETS="12", SIM_COMBOS="0", SIM_ROUND="0", SIM_RATE="1000") as running:
        await asyncio.gather(running.start_nats(), running.start("simulator"))
        yield running


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def listed_tickers(network: Stack) -> list[str]:
    """The markets that were there before any test."""
    return await network.tickers()


@pytest_asyncio.fixture(loop_scope="package")
async def listed(network: Stack, listed_tickers: list[str]) -> AsyncIterator[Simulator]:
    """The busy simulator, without faults before and after."""
    found = Simulator(network.sim_url, listed_tickers)
    await found.clear()
    yield found
    await found.clear()
    await found.close()
