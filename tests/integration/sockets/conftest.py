"""A server and a raw client of it, for one test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from shared.runtime import sockets
from tests.integration.sockets.harness import Place, Raw


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Hold that no callback of the loop fails, which it would only log."""
    yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.levelname == "ERROR"] == []


@pytest.fixture
async def place(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    """A running server that does not wait long for an answer to its close."""
    monkeypatch.setattr(sockets, "CLOSE_TIMEOUT_S", 0.2)
    place = Place()
    async with place.serve():
        yield place


@pytest.fixture
async def raw(place: Place) -> AsyncIterator[Raw]:
    """A raw client of it."""
    client = await Raw.connect(place)
    yield client
    await client.leave()
