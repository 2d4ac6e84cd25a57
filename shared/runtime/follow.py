"""True books in any Python process: the one way to join late and stay right.

    async with connect() as bus, follow(bus, tickers=["KXBTC15M-26MAY141815-15"]) as books:
        async for replica in books:
            print(replica.ticker, replica.status, replica.book.ladder("yes", 3))

Subscribe and flush; buffer; ask for the book; drop what it already contains; apply the rest; a hole means ask again.
The decisions are in `shared.market.follower`; this is the shell around it. Memory is one book per followed market plus
a bounded buffer for each one that is on its way.
"""

import asyncio
import contextlib
import random
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence

import msgspec

from proto.book import BookMessage
from proto.reading import UNREADABLE
from proto.requests import BookGet, BookImage, BookReply, HeadsReply, Resync
from proto.subjects import series_of
from proto.system import Heartbeat
from shared.market.follower import Follower
from shared.market.replica import Replica
from shared.runtime.bus import Bus, Subscription, end
from shared.runtime.clock import now
from shared.runtime.errors import RequestError

TICK_S = 0.1
ASK_AT_ONCE = 50
HEADS_PAUSE_S = 0.25
#: What a service that follows says in /readyz while it hears nothing.
NO_GATEWAY = "no gateway is heard: start one, or see its log"

Hear = Callable[[BookMessage], None]
Ask = Callable[[Bus, Sequence[str]], Awaitable[Sequence[BookImage]]]

_messages = msgspec.json.Decoder(BookMessage)
_heartbeats = msgspec.json.Decoder(Heartbeat)
_heads_reply = msgspec.json.Decoder(HeadsReply)
_books = msgspec.json.Decoder(BookReply)


async def ask_book_builder(bus: Bus, tickers: Sequence[str]) -> Sequence[BookImage]:
    """Ask for the books as they are now."""
    request = msgspec.json.encode(BookGet(tuple(tickers)))
    return _books.decode(await bus.request("book.get", request)).books


async def ask_gateway(bus: Bus, tickers: Sequence[str]) -> Sequence[BookImage]:
    """Ask for new snapshots, which come on `book`."""
    await bus.request("gateway.resync", msgspec.json.encode(Resync(tuple(tickers))))
    return ()


class Books:
    """The followed books; iterate for the replica of each market that changed, in its latest state each time."""

    def __init__(self, bus: Bus, follower: Follower, hear: Hear | None, ask: Ask) -> None:
        self.undecodable = 0
        self._bus = bus
        self._follower = follower
        self._hear = hear
        self._ask = ask
        self._changed: OrderedDict[str, None] = OrderedDict()
        self._change = asyncio.Event()
        self._due = asyncio.Event()
        self._subscriptions: dict[str, Subscription] = {}

    def __getitem__(self, ticker: str) -> Replica:
        """Return a market's replica; raises KeyError while nothing was heard of it."""
        return self._follower.replicas[ticker]

    def __contains__(self, ticker: object) -> bool:
        return ticker in self._follower.replicas

    async def __aiter__(self) -> AsyncIterator[Replica]:
        while True:
            # One at a time, for whoever leaves the loop may come back for the rest.
            while self._changed:
                ticker, _ = self._changed.popitem(last=False)
                if ticker in self._follower.replicas:
                    yield self._follower.replicas[ticker]
            self._change.clear()
            await self._change.wait()

    @property
    def feed_lost(self) -> bool:
        """Whether no gateway is heard."""
        return self._follower.feed_lost

    @property
    def replicas(self) -> Mapping[str, Replica]:
        """All replicas by ticker."""
        return self._follower.replicas

    async def add(self, tickers: Iterable[str]) -> None:
        """Follow more markets."""
        wanted = [ticker for ticker in dict.fromkeys(tickers) if ticker not in self._follower.replicas]
        for ticker in wanted:
            await self.listen(self._bus.subjects.market("book", ticker))
        await self._bus.flush()
        self._follower.follow(wanted, now())
        self._due.set()

    async def remove(self, ticker: str) -> None:
        """Stop following a market and drop its book."""
        subscription = self._subscriptions.pop(self._bus.subjects.market("book", ticker), None)
        if subscription is not None:
            await end(subscription)
        self._follower.forget(ticker)

    async def listen(self, subject: str) -> None:
        """Subscribe to the book messages of a subject."""
        self._subscriptions[subject] = await self._bus.subscribe(subject, self._message)

    async def open(self) -> None:
        """Begin to hear gateways and breaks of the bus."""
        self._bus.on_break(self._broken)
        heartbeats = self._bus.subjects.all("sys.gateway")
        self._subscriptions[heartbeats] = await self._bus.subscribe(heartbeats, self._heartbeat)

    async def close(self) -> None:
        """End all subscriptions."""
        self._bus.off_break(self._broken)
        while self._subscriptions:
            _, subscription = self._subscriptions.popitem()
            await end(subscription)

    async def run(self) -> None:
        """Keep the books true; runs until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch(), name="follow-watch")
            group.create_task(self._fetch(), name="follow-fetch")
            group.create_task(self._fetch_heads(), name="follow-heads")

    def _message(self, _: str, payload: bytes) -> None:
        try:
            message = _messages.decode(payload)
        except UNREADABLE:
            # A lost message like any other: the next one shows the gap.
            self.undecodable += 1
            return
        self._say(self._follower.received(message, now()))

    def _heartbeat(self, _: str, payload: bytes) -> None:
        try:
            beat = _heartbeats.decode(payload)
        except UNREADABLE:
            self.undecodable += 1
            return
        self._say_all(self._follower.heartbeat(beat, now()))

    def _broken(self) -> None:
        self._say_all(self._follower.broken(now()))

    def _say_all(self, messages: Iterable[BookMessage]) -> None:
        for message in messages:
            self._say(message)

    def _say(self, message: BookMessage | None) -> None:
        if message is None:
            return
        if self._hear is not None:
            self._hear(message)
        self._changed[message.ticker] = None
        self._change.set()

    async def _watch(self) -> None:
        while True:
            moment = now()
            self._say_all(self._follower.tick(moment))
            if self._follower.asks_due(moment):
                self._due.set()
            await asyncio.sleep(TICK_S)

    async def _fetch(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            due = self._follower.due(now())
            for first in range(0, len(due), ASK_AT_ONCE):
                with contextlib.suppress(RequestError, *UNREADABLE):
                    # What is not answered stays due and is asked again, with growing pauses.
                    images = await self._ask(self._bus, due[first : first + ASK_AT_ONCE])
                    self._say_all(filter(None, (self._follower.image(image, now()) for image in images)))

    async def _fetch_heads(self) -> None:
        while True:
            if self._follower.heads_wanted:
                with contextlib.suppress(RequestError, *UNREADABLE):
                    reply = _heads_reply.decode(await self._bus.request("gateway.heads", b"{}"))
                    self._follower.heads_wanted = False
                    self._follower.trust(reply.instance, reply.counter)
            await asyncio.sleep(HEADS_PAUSE_S)


@contextlib.asynccontextmanager
async def follow(
    bus: Bus,
    *,
    tickers: Iterable[str] | None = None,
    series: Iterable[str] | None = None,
    replicas: dict[str, Replica] | None = None,
    hear: Hear | None = None,
    ask: Ask = ask_book_builder,
) -> AsyncIterator[Books]:
    """Follow books while the block runs: of these markets and series, or of every market if neither is given.

    Args:
        bus: a connected bus.
        tickers: markets to follow; more can be added later.
        series: every market of these series, as it is heard of.
        replicas: a table to keep the replicas in, if the caller wants to look at it.
        hear: called in order with each message that continues a book or marks it stale.
        ask: how a missing book is asked for; book_builder itself asks the gateway.
    """
    everything = tickers is None and series is None
    names = frozenset(series or ())
    chosen = list(tickers or ())
    follower = Follower(
        {} if replicas is None else replicas,
        accepts=lambda ticker: everything or series_of(ticker) in names or ticker in follower.replicas,
        random=random.random,
        started_at=now().at,
    )
    books = Books(bus, follower, hear, ask)
    try:
        async with asyncio.TaskGroup() as group:
            await books.open()
            if everything:
                await books.listen(bus.subjects.all("book"))
            for name in names:
                await books.listen(bus.subjects.series("book", name))
            await books.add(chosen)
            running = group.create_task(books.run(), name="follow")
            yield books
            running.cancel()
    finally:
        await books.close()
