"""Event loops and a nats-server for tests of the shell: services run on uvloop, programs of others on asyncio's own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from tests.stack import Stack, stack

Loops = Mapping[str, Callable[[], asyncio.AbstractEventLoop]]

LOOPS: Loops = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def pytest_asyncio_loop_factories(item: pytest.Item) -> Loops:
    """Offer both to tests marked with `asyncio(loop_factories=…)`; the others run on asyncio's own."""
    marker = item.get_closest_marker("asyncio")
    chooses = marker is not None and "loop_factories" in marker.kwargs
    return LOOPS if chooses else {"asyncio": LOOPS["asyncio"]}


@pytest.fixture
async def nats() -> AsyncIterator[Stack]:
    """A nats-server of its own."""
    async with stack(SIM_CAPTURE="all") as services:
        await services.start_nats()
        yield services
