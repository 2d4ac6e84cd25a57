"""The book builder's shell: follows every book and publishes what the core returns."""

import asyncio

import msgspec

from proto.book import BookMessage
from proto.reading import UNREADABLE
from proto.requests import BookGet
from services.book_builder.config import Config
from services.book_builder.core import Builder
from shared.market.replica import Replica
from shared.runtime.bus import BUS_AWAY, Bus, connect
from shared.runtime.clock import now
from shared.runtime.errors import RequestError
from shared.runtime.follow import NO_GATEWAY, Books, ask_gateway, follow
from shared.runtime.health import Health
from shared.runtime.http import serving_health
from shared.runtime.log import Log
from shared.runtime.metrics import Exporter, export
from shared.runtime.settings import Runtime

TICK_S = 0.02
BAD_REQUEST = 400
#: All book builders share the requests.
GROUP = "book-builder"

_get = msgspec.json.Decoder(BookGet)


async def serve(config: Config, runtime: Runtime, log: Log) -> None:
    """Run until cancelled."""
    health = Health("bus", "feed")
    async with (
        connect(runtime.nats_url, prefix=runtime.bus_prefix, creds=runtime.nats_creds, name="book-builder") as bus,
        serving_health(health, host=runtime.http_host, port=config.http_port),
    ):
        shell = _Shell(bus)
        async with (
            follow(bus, replicas=shell.replicas, hear=shell.hear, ask=ask_gateway) as books,
            bus.answering("book-builder", {"book.get": shell.get}, description="Holds the books", group=GROUP),
        ):
            log.info("following every book")
            await shell.run(books, health)


class _Shell:
    """Feeds the core from the bus; a flush at the end of the loop turn conflates what came within it."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.replicas: dict[str, Replica] = {}
        self._core = Builder(bus.subjects, self.replicas)
        self._flush_planned = False
        export(Exporter("book_builder", self._core.counts, {}, self._gauges))

    def hear(self, message: BookMessage) -> None:
        """Take a change of a book."""
        self._core.counts.add("book_messages")
        self._core.changed(message.ticker, now())
        if not self._flush_planned:
            self._flush_planned = True
            asyncio.get_running_loop().call_soon(self._flush)

    async def get(self, payload: bytes) -> bytes:
        """Answer rpc.book.get."""
        try:
            request = _get.decode(payload)
        except UNREADABLE as error:
            raise RequestError("rpc.book.get", BAD_REQUEST, str(error)) from error
        return msgspec.json.encode(self._core.get(request))

    async def run(self, books: Books, health: Health) -> None:
        """Publish depths as they fall due; runs until cancelled."""
        while True:
            for subject, payload in self._core.depths(now()):
                self._bus.publish(subject, payload)
            health.judge("bus", well=self._bus.connected, problem=BUS_AWAY)
            health.judge("feed", well=not books.feed_lost, problem=NO_GATEWAY)
            await asyncio.sleep(TICK_S)

    def _flush(self) -> None:
        self._flush_planned = False
        for subject, payload in self._core.tops():
            self._bus.publish(subject, payload)

    def _gauges(self) -> dict[str, float]:
        stale = sum(replica.reason is not None for replica in self.replicas.values())
        return {"markets": len(self.replicas), "stale_markets": stale, "bus_dropped": self._bus.dropped}
