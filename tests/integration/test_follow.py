"""Following books over a real bus: joining late, and staying right whatever gets lost."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

import msgspec
import pytest

from proto.book import BookMessage, Delta, Snapshot, Stale
from proto.requests import BookGet, BookImage, BookReply, HeadsReply, TickerError
from proto.system import Heartbeat
from proto.units import Ladder, Side, StaleReason, Status
from shared.market.replica import Replica
from shared.runtime.bus import Bus, connect
from shared.runtime.errors import RequestError
from shared.runtime.follow import Books, follow
from tests.stack import Stack

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])

INSTANCE = "gateway-fake"
MARKET = "KXA-1-T69499.99"
OTHER = "KXB-2"

Sides: TypeAlias = dict[Side, dict[int, int]]


class Market:
    """The truth about one book, and every book that it ever was."""

    def __init__(self, ticker: str) -> None:
        self.ticker = ticker
        self.position = (1, 0)
        self.status: Status = "live"
        self.sides: Sides = {"yes": {5000: 100}, "no": {}}
        self.history: dict[tuple[int, int], Sides] = {}
        self.remember()

    def remember(self) -> None:
        """Keep the book as it is now."""
        self.history[self.position] = {side: dict(levels) for side, levels in self.sides.items()}

    def ladder(self, side: Side) -> Ladder:
        """Return one side, best level first."""
        return tuple(sorted(self.sides[side].items(), reverse=True))

    @property
    def image(self) -> BookImage:
        """The book as book_builder would tell it."""
        return BookImage(self.ticker, *self.position, self.status, 0, self.ladder("yes"), self.ladder("no"))


class Feed:
    """A gateway and a book_builder in one; it can lose messages, fall silent and refuse to answer."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.markets = {ticker: Market(ticker) for ticker in (MARKET, OTHER)}
        self.beating = True
        self.beat_s = 0.2
        self.refusing = False
        self.asked: list[str] = []
        self.heads_asked = 0
        self.heads_delay_s = 0.0
        self._counter = 0
        self._chance = random.Random(5)

    def snapshot(self, ticker: str = MARKET) -> None:
        """Begin a new epoch."""
        market = self.markets[ticker]
        market.position, market.status = (market.position[0] + 1, 0), "live"
        market.remember()
        self._say(Snapshot(ticker, *market.position, None, 0, None, market.ladder("yes"), market.ladder("no")))

    def delta(self, ticker: str = MARKET, *, lost: bool = False) -> None:
        """Change a level somewhere; the message may get lost."""
        market = self.markets[ticker]
        side: Side = self._chance.choice(("yes", "no"))
        price = self._chance.randint(4000, 4020)
        levels = market.sides[side]
        change = self._chance.choice((100, -levels.get(price, 0))) or 100
        levels[price] = levels.get(price, 0) + change
        if not levels[price]:
            del levels[price]
        market.position = (market.position[0], market.position[1] + 1)
        market.remember()
        if not lost:
            self._say(Delta(ticker, *market.position, None, 0, None, side, price, change))

    def stale(self, reason: StaleReason, ticker: str = MARKET) -> None:
        """Mark a book."""
        market = self.markets[ticker]
        market.status = "stale"
        self._say(Stale(ticker, *market.position, 0, reason))

    def beat(self, gone: tuple[str, ...] = ()) -> None:
        """Tell the heads of all markets, and that some have gone."""
        for ticker in gone:
            del self.markets[ticker]
        self._counter += 1
        beat = Heartbeat(
            INSTANCE,
            self._counter,
            time.time_ns() // 1000,
            connected=True,
            markets=len(self.markets),
            heads={ticker: market.position for ticker, market in self.markets.items()},
            stale=tuple(ticker for ticker, market in self.markets.items() if market.status == "stale"),
            gone=gone,
        )
        self.bus.publish(self.bus.subjects.gateway(INSTANCE), msgspec.json.encode(beat))

    async def run(self) -> None:
        """Beat, more often than a gateway does, and answer, until cancelled."""
        endpoints = {"book.get": self._books, "gateway.heads": self._heads}
        async with self.bus.answering("feed", endpoints, description="test", group="feed"):
            while True:
                if self.beating:
                    self.beat()
                await asyncio.sleep(self.beat_s)

    def _say(self, message: BookMessage) -> None:
        self.bus.publish(self.bus.subjects.market("book", message.ticker), msgspec.json.encode(message))

    async def _books(self, payload: bytes) -> bytes:
        tickers = msgspec.json.decode(payload, type=BookGet).tickers
        self.asked += tickers
        if self.refusing:
            raise RequestError("book.get", 503, "not now")
        images = [self.markets[ticker].image for ticker in tickers if ticker in self.markets]
        errors = [TickerError(ticker, 404, "no") for ticker in tickers if ticker not in self.markets]
        return msgspec.json.encode(BookReply(tuple(images), tuple(errors)))

    async def _heads(self, _: bytes) -> bytes:
        self.heads_asked += 1
        reply = HeadsReply(INSTANCE, len(self.markets), self._counter + 1)
        self.beat()
        await asyncio.sleep(self.heads_delay_s)
        return msgspec.json.encode(reply)


@pytest.fixture
async def feed(nats: Stack) -> AsyncIterator[Feed]:
    """A running feed on its own connection."""
    async with connect(nats.nats_url, name="feed") as bus, asyncio.TaskGroup() as group:
        feed = Feed(bus)
        running = group.create_task(feed.run())
        await bus.flush()
        yield feed
        running.cancel()


@pytest.fixture
async def bus(nats: Stack) -> AsyncIterator[Bus]:
    """The connection of who follows."""
    async with connect(nats.nats_url, name="follower") as bus:
        yield bus


async def until(condition: Callable[[], object], timeout_s: float = 30.0) -> float:
    """Wait until a condition holds; return how long it took."""
    started = time.monotonic()
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.005)
    return time.monotonic() - started


def is_live(books: Books, ticker: str = MARKET) -> bool:
    """Whether a book is there and trusted."""
    return ticker in books and books[ticker].status == "live"


def is_true(books: Books, market: Market) -> bool:
    """Whether a replica is the market's book of today."""
    return is_live(books, market.ticker) and books[market.ticker].held == market.position and held(books, market)


def held(books: Books, market: Market) -> bool:
    """Whether a replica is the book that the market had at the replica's (epoch, seq)."""
    replica = books[market.ticker]
    return market.history[replica.held] == {"yes": replica.book.yes.levels, "no": replica.book.no.levels}


async def test_joining_late_while_everything_moves(feed: Feed, bus: Bus) -> None:
    """Whoever joins, whenever, holds the book of its (epoch, seq) as soon as it is live, and in the end today's."""
    over = asyncio.Event()

    async def move() -> None:
        while not over.is_set():
            for _ in range(20):
                feed.delta()
                feed.delta(OTHER)
            await asyncio.sleep(0.002)

    async def join(delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        async with follow(bus, tickers=[MARKET, OTHER]) as books:
            await until(lambda: is_live(books) and is_live(books, OTHER))
            assert all(held(books, market) for market in feed.markets.values())
            await over.wait()
            await until(lambda: all(is_true(books, market) for market in feed.markets.values()))

    async with asyncio.TaskGroup() as group:
        group.create_task(move())
        for number in range(20):
            group.create_task(join(number * 0.05))
        await asyncio.sleep(1.5)
        over.set()
    assert feed.markets[MARKET].position[1] > 1000


async def test_gap_is_told_and_repaired(feed: Feed, bus: Bus) -> None:
    """The message after a lost one makes the book stale, the image makes it live, and deltas go on from there."""
    heard: list[BookMessage] = []
    async with follow(bus, tickers=[MARKET], hear=heard.append) as books:
        await until(lambda: is_live(books))
        feed.delta()
        feed.delta(lost=True)
        feed.delta()
        await until(lambda: is_true(books, feed.markets[MARKET]))
        feed.delta()
        await until(lambda: is_true(books, feed.markets[MARKET]))
    told = [(type(message), message.epoch, message.seq) for message in heard]
    assert told == [(Snapshot, 1, 0), (Delta, 1, 1), (Stale, 1, 1), (Snapshot, 1, 3), (Delta, 1, 4)]
    assert isinstance(heard[2], Stale)
    assert heard[2].reason == "bus_gap"


async def test_lost_last_message_is_noticed(feed: Feed, bus: Bus) -> None:
    """Though nothing follows it: the next heads are ahead, and after a short grace the book is asked for."""
    heard: list[BookMessage] = []
    async with follow(bus, tickers=[MARKET], hear=heard.append) as books:
        await until(lambda: is_live(books))
        feed.beat_s = 1
        await asyncio.sleep(0.2)
        feed.delta(lost=True)
        assert await until(lambda: len(heard) > 1) < 2
        assert isinstance(heard[1], Stale)
        assert heard[1].reason == "bus_gap"
        assert await until(lambda: is_true(books, feed.markets[MARKET])) < 0.5


async def test_gateway_that_falls_silent(feed: Feed, bus: Bus) -> None:
    """Three seconds after its last heartbeat its books are stale; they are live with its next."""
    heard: list[BookMessage] = []
    async with follow(bus, tickers=[MARKET], hear=heard.append) as books:
        assert books.feed_lost
        await until(lambda: is_live(books) and not books.feed_lost)
        feed.beating = False
        feed.beat()
        assert 2.9 < await until(lambda: not is_live(books)) < 3.8
        assert books[MARKET].reason == "gateway_lost"
        assert books.feed_lost
        feed.beating = True
        assert await until(lambda: is_true(books, feed.markets[MARKET])) < 2
        assert not books.feed_lost
    assert [type(message) for message in heard] == [Snapshot, Stale, Snapshot]


async def test_nats_server_that_is_started_anew(nats: Stack, feed: Feed, bus: Bus) -> None:
    """Every book is in doubt at once, whatever was said meanwhile is lost, and then all is true again."""
    async with follow(bus, tickers=[MARKET, OTHER]) as books:
        await until(lambda: is_live(books) and is_live(books, OTHER))
        await nats.stop("nats")
        await until(lambda: {books[ticker].reason for ticker in (MARKET, OTHER)} == {"bus_gap"}, timeout_s=1)
        feed.delta(lost=True)
        await nats.start_nats()
        await until(lambda: all(is_true(books, market) for market in feed.markets.values()))
        feed.delta()
        await until(lambda: is_true(books, feed.markets[MARKET]))


async def test_market_that_is_marked_by_its_gateway(feed: Feed, bus: Bus) -> None:
    """An image that is stale is no repair: the book stays stale, with the gateway's reason, until the snapshot."""
    async with follow(bus, tickers=[MARKET]) as books:
        await until(lambda: is_live(books))
        feed.stale("exchange_error")
        await until(lambda: not is_live(books))
        await asyncio.sleep(0.7)
        assert books[MARKET].reason == "exchange_error"
        feed.snapshot()
        await until(lambda: is_true(books, feed.markets[MARKET]))


async def test_market_that_goes_and_comes_back(feed: Feed, bus: Bus) -> None:
    """Its book is stale as `unsubscribed`, which whoever iterates is told, and is live again once it is followed."""
    seen: list[tuple[str, str | None]] = []

    async def watch(books: Books) -> None:
        async for replica in books:
            seen.append((replica.ticker, replica.reason))

    async with follow(bus, tickers=[MARKET]) as books, asyncio.TaskGroup() as group:
        watching = group.create_task(watch(books))
        await until(lambda: seen[-1:] == [(MARKET, None)])
        market = feed.markets[MARKET]
        feed.beat(gone=(MARKET,))
        await until(lambda: seen[-1:] == [(MARKET, "unsubscribed")])
        feed.markets[MARKET] = market
        feed.snapshot()
        await until(lambda: seen[-1:] == [(MARKET, None)])
        assert is_true(books, market)
        watching.cancel()


async def test_iteration_gives_the_latest_state(feed: Feed, bus: Bus) -> None:
    """A consumer that takes its time gets each changed market once, as it is then; no change is kept for it."""
    async with follow(bus, tickers=[MARKET, OTHER]) as books:
        await until(lambda: is_live(books) and is_live(books, OTHER))
        for _ in range(5000):
            feed.delta()
            feed.delta(OTHER)
        await until(lambda: all(is_true(books, market) for market in feed.markets.values()))
        changed = aiter(books)
        seen = [await anext(changed), await anext(changed)]
        assert {replica.ticker for replica in seen} == {MARKET, OTHER}
        assert all(replica.held == feed.markets[replica.ticker].position for replica in seen)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await anext(changed)


async def test_iteration_that_is_left_and_taken_up_again(feed: Feed, bus: Bus) -> None:
    """What was not yielded yet is yielded by the next one, be it an hour later."""

    async def first(books: Books) -> Replica:
        async for replica in books:
            return replica
        raise AssertionError("it ended")

    async with follow(bus, tickers=[MARKET, OTHER]) as books:
        await until(lambda: is_live(books) and is_live(books, OTHER))
        async with asyncio.timeout(1):
            assert {(await first(books)).ticker, (await first(books)).ticker} == {MARKET, OTHER}


async def test_markets_named_twice_are_followed_once(feed: Feed, bus: Bus) -> None:
    """One subscription each, which ends with the market; what can not be understood is counted once."""
    async with follow(bus, tickers=[MARKET, MARKET]) as books:
        await books.add([MARKET, OTHER, OTHER])
        await until(lambda: is_live(books) and is_live(books, OTHER))
        for ticker in (MARKET, OTHER):
            feed.bus.publish(bus.subjects.market("book", ticker), b"garbage")
        await feed.bus.flush()
        await bus.flush()
        assert books.undecodable == 2
        await books.remove(OTHER)
        assert OTHER not in books
        feed.bus.publish(bus.subjects.market("book", OTHER), b"garbage")
        await feed.bus.flush()
        await bus.flush()
        assert books.undecodable == 2
        await books.add([OTHER])
        await until(lambda: is_true(books, feed.markets[OTHER]))


async def test_message_that_is_not_understood_is_a_lost_one(feed: Feed, bus: Bus) -> None:
    """The next message shows the gap, and the book is repaired like any other."""
    async with follow(bus, tickers=[MARKET]) as books:
        await until(lambda: is_live(books))
        feed.delta(lost=True)
        feed.bus.publish(bus.subjects.market("book", MARKET), b'{"type":"delta"}')
        feed.delta()
        await until(lambda: is_true(books, feed.markets[MARKET]))
        assert books.undecodable == 1
        assert len(feed.asked) == 2


@pytest.mark.parametrize("series", [None, ["KXB"], ["KXNO", "KXB"]])
async def test_markets_are_followed_as_they_are_heard_of(feed: Feed, bus: Bus, series: list[str] | None) -> None:
    """Every market of the series named, or every market there is if none is."""
    async with follow(bus, series=series) as books:
        await until(lambda: is_live(books, OTHER))
        feed.markets["KXB-3"] = Market("KXB-3")
        feed.snapshot("KXB-3")
        await until(lambda: is_true(books, feed.markets["KXB-3"]))
        feed.snapshot(MARKET)
        await feed.bus.flush()
        await bus.flush()
        assert (MARKET in books) is (series is None)


async def test_book_builder_that_refuses_is_asked_again(feed: Feed, bus: Bus) -> None:
    """With pauses, until it answers; nothing is handed out before that."""
    feed.refusing = True
    heard: list[BookMessage] = []
    async with follow(bus, tickers=[MARKET], hear=heard.append) as books:
        await until(lambda: len(feed.asked) >= 2)
        feed.delta()
        assert not heard
        assert books[MARKET].status == "stale"
        feed.refusing = False
        await until(lambda: is_true(books, feed.markets[MARKET]))
    assert len(feed.asked) < 8


async def test_heads_are_asked_for_again_after_a_break(feed: Feed, bus: Bus) -> None:
    """An answer that was under way when the bus broke says nothing about what the break has lost."""
    feed.heads_delay_s = 0.3
    async with follow(bus, tickers=[MARKET]) as books:
        await until(lambda: is_live(books))
        await asyncio.sleep(0.7)
        asked = feed.heads_asked
        await bus.broken()
        await until(lambda: feed.heads_asked == asked + 1)
        await bus.broken()
        await until(lambda: feed.heads_asked == asked + 2, timeout_s=2)


async def test_listener_that_fails_ends_the_block(feed: Feed, bus: Bus) -> None:
    """Its error is not swallowed, and the block is left."""

    def fail(_: BookMessage) -> None:
        raise ZeroDivisionError

    async def work() -> None:
        async with asyncio.timeout(5), follow(bus, tickers=[MARKET], hear=fail):
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as group:
        await work()
    assert group.group_contains(ZeroDivisionError)


async def test_leaving_ends_everything(feed: Feed, bus: Bus) -> None:
    """Afterwards nothing is heard any more, and the bus may break unnoticed."""
    heard: list[BookMessage] = []
    async with contextlib.AsyncExitStack() as block:
        books = await block.enter_async_context(follow(bus, tickers=[MARKET], hear=heard.append))
        await until(lambda: is_live(books))
    count = len(heard)
    feed.delta()
    await feed.bus.flush()
    await bus.flush()
    await bus.broken()
    assert len(heard) == count


@pytest.mark.parametrize("payload", [b"\xff", b"{", b"[" * 100_000])
async def test_unreadable_messages_are_passed_over(nats: Stack, payload: bytes) -> None:
    """Whatever anybody publishes where books are told, nobody who follows ends by it."""
    async with connect(nats.nats_url) as bus, follow(bus) as books:
        bus.publish(bus.subjects.market("book", MARKET), payload)
        bus.publish(bus.subjects.gateway("anybody"), payload)
        await bus.flush()
        async with asyncio.timeout(5):
            while books.undecodable < 2:
                await asyncio.sleep(0.01)
