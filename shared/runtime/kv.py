"""Key-value buckets of JetStream: values that outlive who wrote them, and leases by compare-and-set.

A bucket is made when it is first opened. Everything here may take as long as the server is away, so it is kept from the
hot path.
"""

import contextlib
from collections.abc import AsyncGenerator, Iterator
from typing import NamedTuple

import nats.errors
from nats.js import api
from nats.js import errors as js
from nats.js.kv import KeyValue

from shared.runtime.bus import Bus
from shared.runtime.errors import BucketUnavailable, Conflict


class Entry(NamedTuple):
    """A value and the revision at which it was written; the value is None if the key was deleted."""

    key: str
    value: bytes | None
    revision: int


class Bucket:
    """One bucket; keys are tokens as `proto.subjects.escape` makes them, dots between them allowed.

    Every method raises BucketUnavailable if JetStream does not answer.
    """

    def __init__(self, name: str, store: KeyValue) -> None:
        self.name = name
        self._store = store

    async def get(self, key: str) -> Entry | None:
        """Return what is there, None if nothing is."""
        with self._translated():
            try:
                found = await self._store.get(key)
            except js.KeyNotFoundError:
                return None
        return Entry(key, found.value, found.revision or 0)

    async def put(self, key: str, value: bytes) -> int:
        """Write whatever was there before and return the revision."""
        with self._translated():
            return await self._store.put(key, value)

    async def create(self, key: str, value: bytes) -> int:
        """Write if nothing is there and return the revision; raises Conflict."""
        with self._translated():
            return await self._store.create(key, value)

    async def update(self, key: str, value: bytes, revision: int) -> int:
        """Write if nobody has since this revision and return the new one; raises Conflict."""
        with self._translated():
            return await self._store.update(key, value, last=revision)

    async def delete(self, key: str) -> None:
        """Leave nothing there."""
        with self._translated():
            await self._store.delete(key)

    async def watch(self) -> AsyncGenerator[Entry | None, None]:
        """Yield every key as it is now, then None, then every change; runs until it is left."""
        with self._translated():
            watcher = await self._store.watchall()
        try:
            async for update in watcher:
                if update is None:
                    yield None
                else:
                    deleted = update.operation in {"DEL", "PURGE"}
                    yield Entry(update.key, None if deleted else update.value, update.revision or 0)
        finally:
            with contextlib.suppress(nats.errors.Error):
                await watcher.stop()  # type: ignore[no-untyped-call]  # the client leaves it without annotations

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except js.KeyWrongLastSequenceError as error:
            raise Conflict(self.name) from error
        except (nats.errors.Error, TimeoutError) as error:
            raise BucketUnavailable(self.name, str(error) or type(error).__name__) from error


async def open_bucket(bus: Bus, name: str, *, max_bytes: int = 256 * 2**20) -> Bucket:
    """Return a bucket of this bus, made if there is none; raises BucketUnavailable.

    Under another prefix than `kalshi` its name begins with the prefix, so that two feeds can share a server.
    """
    prefix = bus.subjects.prefix
    name = name if prefix == "kalshi" else f"{prefix}_{name}"
    try:
        return Bucket(name, await _open(bus, name, max_bytes))
    except (nats.errors.Error, TimeoutError) as error:
        raise BucketUnavailable(name, str(error) or type(error).__name__) from error


async def _open(bus: Bus, name: str, max_bytes: int) -> KeyValue:
    stream = bus.jetstream()
    try:
        return await stream.key_value(name)
    except js.BucketNotFoundError:
        pass
    try:
        return await stream.create_key_value(api.KeyValueConfig(bucket=name, max_bytes=max_bytes))
    except js.BadRequestError:  # somebody made it at the same moment
        return await stream.key_value(name)
