"""Buckets of values on a real nats-server."""

import asyncio

import pytest

from shared.runtime.bus import connect
from shared.runtime.errors import BucketUnavailable, Conflict
from shared.runtime.kv import Entry, open_bucket
from tests.stack import Stack


async def test_values_are_kept_and_deleted(nats: Stack) -> None:
    """What was written is there, for another connection too, until it is deleted."""
    async with connect(nats.nats_url) as bus, connect(nats.nats_url) as other:
        bucket, again = await open_bucket(bus, "markets"), await open_bucket(other, "markets")
        assert await bucket.get("KXA-1") is None
        revision = await bucket.put("KXA-1", b"one")
        assert await again.get("KXA-1") == Entry("KXA-1", b"one", revision)
        await again.delete("KXA-1")
        assert await bucket.get("KXA-1") is None


async def test_only_one_wins(nats: Stack) -> None:
    """A value is created once and changed only by who knows its revision."""
    async with connect(nats.nats_url) as bus:
        bucket = await open_bucket(bus, "leader")
        first = await bucket.create("gateway-0", b"a")
        with pytest.raises(Conflict):
            await bucket.create("gateway-0", b"b")
        second = await bucket.update("gateway-0", b"a2", first)
        with pytest.raises(Conflict):
            await bucket.update("gateway-0", b"b", first)
        assert await bucket.get("gateway-0") == Entry("gateway-0", b"a2", second)


async def test_watching_begins_with_what_is_there(nats: Stack) -> None:
    """A watcher is told what is there, that this was all, then each change and deletion."""
    async with connect(nats.nats_url) as bus:
        bucket = await open_bucket(bus, "markets")
        revision = await bucket.put("KXA-1", b"one")
        seen: list[Entry | None] = []
        async with asyncio.timeout(5):
            async for entry in bucket.watch():
                seen.append(entry)
                if len(seen) == 2:
                    await bucket.put("KXB-1", b"two")
                    await bucket.delete("KXA-1")
                if len(seen) == 4:
                    break
    assert seen == [
        Entry("KXA-1", b"one", revision),
        None,
        Entry("KXB-1", b"two", revision + 1),
        Entry("KXA-1", None, revision + 2),
    ]


async def test_two_feeds_share_a_server(nats: Stack) -> None:
    """Each prefix has buckets of its own."""
    async with connect(nats.nats_url) as bus, connect(nats.nats_url, prefix="other") as other:
        await (await open_bucket(bus, "markets")).put("KXA-1", b"one")
        assert await (await open_bucket(other, "markets")).get("KXA-1") is None


async def test_server_that_is_away(nats: Stack) -> None:
    """Without the server there is a sentence that says what to do, and no endless wait."""
    async with connect(nats.nats_url) as bus:
        bucket = await open_bucket(bus, "markets")
        await nats.stop("nats")
        async with asyncio.timeout(10):
            with pytest.raises(BucketUnavailable, match="JetStream"):
                await bucket.put("KXA-1", b"one")
