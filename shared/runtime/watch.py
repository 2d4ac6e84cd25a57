"""Watches a bucket for as long as a service runs, whatever becomes of the server meanwhile."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeAlias

from shared.runtime.bus import Bus
from shared.runtime.errors import BucketUnavailable
from shared.runtime.kv import Bucket, open_bucket

RETRY_S = 1.0

#: Takes keys and their values, None for one that was deleted; all that there is if `whole`, else changes.
Take: TypeAlias = Callable[[Mapping[str, bytes | None], bool], None]


async def keep_watching(bus: Bus, name: str, take: Take, away: Callable[[BucketUnavailable], None]) -> None:
    """Hand over what is in a bucket, then every change, until cancelled; `away` is told why it can not be read.

    After a break everything is handed over anew, for changes may have been missed.
    """
    broken = asyncio.Event()
    bus.on_break(broken.set)
    try:
        while True:
            broken.clear()
            try:
                await _until_broken(await open_bucket(bus, name), take, broken)
            except BucketUnavailable as error:
                away(error)
                await asyncio.sleep(RETRY_S)
    finally:
        bus.off_break(broken.set)


async def _until_broken(bucket: Bucket, take: Take, broken: asyncio.Event) -> None:
    watching = asyncio.ensure_future(_watch(bucket, take))
    breaking = asyncio.ensure_future(broken.wait())
    try:
        await asyncio.wait([watching, breaking], return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            watching.result()
    finally:
        watching.cancel()
        breaking.cancel()
        await asyncio.gather(watching, breaking, return_exceptions=True)


async def _watch(bucket: Bucket, take: Take) -> None:
    first: dict[str, bytes | None] | None = {}
    async for entry in bucket.watch():
        if entry is None:
            take({key: value for key, value in (first or {}).items() if value is not None}, True)
            first = None
        elif first is not None:
            first[entry.key] = entry.value
        else:
            take({entry.key: entry.value}, False)
    raise BucketUnavailable(bucket.name, "watching ended")
