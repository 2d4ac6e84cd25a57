"""Event loops for tests of the shell: services run on uvloop, programs of others on asyncio's own."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

Loops = Mapping[str, Callable[[], asyncio.AbstractEventLoop]]

LOOPS: Loops = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def pytest_asyncio_loop_factories(item: pytest.Function) -> Loops:
    """Run the tests of a module on the loops that it names in `LOOPS`."""
    names = getattr(item.module, "LOOPS", ("asyncio",))
    return {name: LOOPS[name] for name in names}
