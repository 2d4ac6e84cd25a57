"""The relay's shell: hears the bus for as long as clients want it, and flushes each client once per loop turn."""

import asyncio
import contextlib
import secrets
from collections.abc import Sequence

import msgspec

from proto.book import BookMessage
from proto.reading import UNREADABLE
from proto.relay import RelayChannel, RelayCode
from proto.requests import BookGet, BookImage, BookReply
from proto.system import Heartbeat
from services.relay.client import Client, TopicKey
from services.relay.config import Config
from services.relay.core import LIMITS, Relay
from services.relay.directory import Directory
from services.relay.http import application
from shared.market.replica import Replica
from shared.runtime.bus import BUS_AWAY, Bus, Subscription, connect, end
from shared.runtime.clock import now
from shared.runtime.errors import RequestError
from shared.runtime.follow import ASK_AT_ONCE, NO_GATEWAY, Books, ask_book_builder, follow
from shared.runtime.health import Health
from shared.runtime.http import serving
from shared.runtime.log import Log
from shared.runtime.metrics import Exporter, export
from shared.runtime.settings import Runtime
from shared.runtime.sockets import Endpoint, Peer, Rejection, Request

TICK_S = 0.05
PROBE_S = 1.0
#: A maker of views that did not answer for this long is not heard; what it said last is stale.
SILENCE_S = 3.0
MAKERS: dict[str, tuple[RelayChannel, ...]] = {"book-builder": ("top", "depth"), "ticker-publisher": ("ticker1s",)}

_heartbeats = msgspec.json.Decoder(Heartbeat)
_replies = msgspec.json.Decoder(BookReply)


async def serve(config: Config, runtime: Runtime, log: Log) -> None:
    """Run until cancelled."""
    health = Health("bus", "feed")
    directory = Directory()
    replicas: dict[str, Replica] = {}
    core = Relay(directory, replicas)
    async with connect(runtime.nats_url, prefix=runtime.bus_prefix, creds=runtime.nats_creds, name="relay") as bus:
        shell = _Shell(core, directory, bus)
        await shell.open()
        app = application(health, lambda: directory.markets(now()), shell.book)
        endpoints = {"/ws": Endpoint(shell, max_message_bytes=LIMITS.message_bytes)}
        async with (
            follow(bus, tickers=(), replicas=replicas, hear=shell.hear) as books,
            serving(app, host=config.relay_host, port=config.relay_port, setting="RELAY_PORT", endpoints=endpoints),
        ):
            log.info("serving", url=f"http://{config.relay_host}:{config.relay_port}")
            await shell.run(books, health)


class _Shell:
    """Connects one core with the bus and with the sockets."""

    def __init__(self, core: Relay, directory: Directory, bus: Bus) -> None:
        self._core = core
        self._directory = directory
        self._bus = bus
        self._clients: dict[Peer, Client] = {}
        self._joined: dict[TopicKey, Subscription | None] = {}
        self._topics_changed = asyncio.Event()
        self._flush_planned = False
        self._breaks = 0
        export(Exporter("relay", core.counts, {"events": "channel", "bad_commands": "name"}, self._gauges))

    async def open(self) -> None:
        """Begin to hear gateways and breaks of the bus."""
        self._bus.on_break(self._broken)
        await self._bus.subscribe(self._bus.subjects.all("sys.gateway"), self._hear_gateway)

    async def run(self, books: Books, health: Health) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick(health), name="tick")
            group.create_task(self._probe(), name="probe")
            group.create_task(self._join_topics(books), name="topics")

    # What the sockets say.

    def authorise(self, _: Request) -> Rejection | None:
        """Let everybody in: the relay listens on loopback unless it is told otherwise."""
        return None

    def opened(self, peer: Peer) -> None:
        """Greet a client."""
        self._clients[peer] = self._core.opened(secrets.token_hex(6), now())
        self._plan_flush()

    def received(self, peer: Peer, message: str | bytes) -> None:
        """Take a command."""
        self._core.received(self._clients[peer], message, now())
        self._topics_changed.set()
        self._plan_flush()

    def closed(self, peer: Peer) -> None:
        """Forget a client."""
        client = self._clients.pop(peer, None)
        if client is not None:
            self._core.closed(client)
            self._topics_changed.set()

    # What the bus says.

    def hear(self, message: BookMessage) -> None:
        """Take a message that continues a followed book."""
        self._core.event("book", message.ticker, msgspec.json.encode(message))
        self._plan_flush()

    async def book(self, ticker: str) -> BookReply | None:
        """Ask for one book as it is now."""
        try:
            return _replies.decode(await self._bus.request("book.get", msgspec.json.encode(BookGet((ticker,)))))
        except RequestError:
            return None

    def _hear_gateway(self, _: str, payload: bytes) -> None:
        with contextlib.suppress(*UNREADABLE):
            self._directory.heartbeat(_heartbeats.decode(payload), now())

    def _broken(self) -> None:
        self._breaks += 1
        self._core.broken()
        self._topics_changed.set()
        self._plan_flush()

    # What time says.

    async def _tick(self, health: Health) -> None:
        while True:
            moment = now()
            self._directory.prune(moment)
            self._core.tick(moment)
            health.judge("bus", well=self._bus.connected, problem=BUS_AWAY)
            health.judge("feed", well=self._directory.is_complete(moment), problem=NO_GATEWAY)
            for peer, client in list(self._clients.items()):
                if self._core.stalled(client, moment):
                    reason = f"too slow for {LIMITS.stalled_s} s; {peer.queued_bytes} bytes waited"
                    peer.close(RelayCode.SLOW_CONSUMER, reason)
            self._flush()
            await asyncio.sleep(TICK_S)

    async def _probe(self) -> None:
        heard_at = dict.fromkeys(MAKERS, now().at)
        while True:
            answers = await asyncio.gather(*(self._bus.is_alive(maker) for maker in MAKERS))
            moment = now().at
            heard_at.update({maker: moment for maker, alive in zip(MAKERS, answers, strict=True) if alive})
            silent = {maker for maker, at in heard_at.items() if moment - at > SILENCE_S}
            self._core.vouched(frozenset(channel for maker in silent for channel in MAKERS[maker]))
            self._topics_changed.set()
            self._plan_flush()
            await asyncio.sleep(PROBE_S)

    async def _join_topics(self, books: Books) -> None:
        while True:
            await self._topics_changed.wait()
            self._topics_changed.clear()
            for key in self._joined.keys() - self._core.topics.keys():
                await self._leave(books, key)
            new = self._core.topics.keys() - self._joined.keys()
            await books.add([ticker for channel, ticker in new if channel == "book"])
            for channel, ticker in new:
                self._joined[channel, ticker] = await self._join(channel, ticker)
            await self._ask_images()

    async def _join(self, channel: RelayChannel, ticker: str) -> Subscription | None:
        if channel == "book":
            return None

        def hear(_: str, payload: bytes) -> None:
            self._core.event(channel, ticker, payload)
            self._plan_flush()

        return await self._bus.subscribe(self._bus.subjects.market(channel, ticker), hear)

    async def _leave(self, books: Books, key: TopicKey) -> None:
        subscription = self._joined.pop(key)
        if subscription is None:
            await books.remove(key[1])
        else:
            await end(subscription)

    async def _ask_images(self) -> None:
        breaks = self._breaks
        waiting = self._core.open_views()
        if waiting:
            # After the subscriptions have reached the server, so that no change falls between image and first event.
            await self._bus.flush()
        while waiting and breaks == self._breaks:
            batch, waiting = waiting[:ASK_AT_ONCE], waiting[ASK_AT_ONCE:]
            images: Sequence[BookImage] = ()
            with contextlib.suppress(RequestError, *UNREADABLE):
                images = await ask_book_builder(self._bus, batch)
            for image in images if breaks == self._breaks else ():
                # One that was asked for before the bus broke again proves nothing.
                replica = Replica(image.ticker)
                replica.snapshot(image)
                if image.status == "stale":
                    replica.mark("bus_gap", image.received_ts)
                self._core.derive(replica, now())
            self._plan_flush()
            if images:
                # One reply may not hold all. What has no book yet is asked for again after the next probe.
                waiting += sorted(set(batch) - {image.ticker for image in images})

    def _plan_flush(self) -> None:
        if not self._flush_planned:
            self._flush_planned = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_planned = False
        moment = now()
        for peer, client in self._clients.items():
            if not client.idle:
                peer.send(*self._core.take(client, peer.queued_bytes, moment))

    def _gauges(self) -> dict[str, float]:
        return {
            "clients": len(self._clients),
            "topics": len(self._core.topics),
            "queued_bytes": sum(peer.queued_bytes for peer in self._clients),
            "bus_dropped": self._bus.dropped,
        }
