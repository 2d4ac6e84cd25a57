"""Watching a bucket goes on whatever becomes of the server."""

import asyncio
from collections.abc import Mapping

from shared.runtime.bus import connect
from shared.runtime.errors import BucketUnavailable
from shared.runtime.kv import open_bucket
from shared.runtime.watch import keep_watching
from tests.stack import Stack

TIMEOUT_S = 40.0


class Watcher:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.values: dict[str, bytes | None] = {}
        self.wholes = 0
        self.away: list[str] = []
        self._told = asyncio.Event()

    def take(self, values: Mapping[str, bytes | None], whole: bool) -> None:
        """Take values."""
        if whole:
            self.wholes += 1
            self.values.clear()
        self.values.update(values)
        self._told.set()

    def miss(self, error: BucketUnavailable) -> None:
        """Take why the bucket can not be read."""
        self.away.append(str(error))

    async def until(self, values: dict[str, bytes | None], wholes: int) -> None:
        """Wait until this is what is known, after so many full tellings."""
        async with asyncio.timeout(TIMEOUT_S):
            while self.values != values or self.wholes < wholes:
                await self._told.wait()
                self._told.clear()


async def test_watching_survives_the_server(nats: Stack) -> None:
    """What is there is told, then changes; after the server was away all is told anew, and changes again."""
    watcher = Watcher()
    async with connect(nats.nats_url) as bus, asyncio.TaskGroup() as group:
        await (await open_bucket(bus, "markets")).put("KXA-1", b"one")
        watching = group.create_task(keep_watching(bus, "markets", watcher.take, watcher.miss))
        await watcher.until({"KXA-1": b"one"}, 1)
        bucket = await open_bucket(bus, "markets")
        await bucket.put("KXB-1", b"two")
        await bucket.delete("KXA-1")
        await watcher.until({"KXA-1": None, "KXB-1": b"two"}, 1)
        await nats.stop("nats")
        await asyncio.sleep(3)
        await nats.start_nats()
        await watcher.until({"KXB-1": b"two"}, 2)
        assert any("JetStream" in sentence for sentence in watcher.away)
        async with connect(nats.nats_url) as other:
            await (await open_bucket(other, "markets")).put("KXC-1", b"three")
        await watcher.until({"KXB-1": b"two", "KXC-1": b"three"}, 2)
        watching.cancel()
