"""The ticker publisher's shell: follows every book and publishes what the core returns."""

import asyncio

from proto.book import BookMessage
from services.ticker_publisher.config import Config
from services.ticker_publisher.core import Publisher
from shared.market.counts import Counts
from shared.market.replica import Replica
from shared.runtime.bus import BUS_AWAY, connect
from shared.runtime.clock import now
from shared.runtime.follow import NO_GATEWAY, follow
from shared.runtime.health import Health
from shared.runtime.http import serving_health
from shared.runtime.log import Log
from shared.runtime.metrics import Exporter, export
from shared.runtime.settings import Runtime

TICK_S = 0.02
GROUP = "ticker-publisher"


async def serve(config: Config, runtime: Runtime, log: Log) -> None:
    """Run until cancelled."""
    health = Health("bus", "feed")
    counts = Counts()
    replicas: dict[str, Replica] = {}
    async with (
        connect(runtime.nats_url, prefix=runtime.bus_prefix, creds=runtime.nats_creds, name="ticker-publisher") as bus,
        serving_health(health, host=runtime.http_host, port=config.http_port),
    ):
        core = Publisher(bus.subjects, replicas, config.ticker_interval)
        export(Exporter("ticker_publisher", counts, {}, lambda: {"markets": len(replicas), "bus_dropped": bus.dropped}))

        def hear(message: BookMessage) -> None:
            core.changed(message.ticker, now())

        async with (
            follow(bus, replicas=replicas, hear=hear) as books,
            # It answers no request of its own, but says by this that it is alive.
            bus.answering("ticker-publisher", {}, description="Summarises each market once a second", group=GROUP),
        ):
            log.info("following every book", interval_s=config.ticker_interval)
            while True:
                for subject, payload in core.due(now()):
                    counts.add("published")
                    bus.publish(subject, payload)
                health.judge("bus", well=bus.connected, problem=BUS_AWAY)
                health.judge("feed", well=not books.feed_lost, problem=NO_GATEWAY)
                await asyncio.sleep(TICK_S)
