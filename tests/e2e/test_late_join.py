"""Whoever joins in the middle has the exchange's book: at the moment it looks, and in the end."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import msgspec
import pytest_asyncio

from proto.book import BookMessage, Snapshot, Stale
from shared.runtime.bus import Bus, connect
from shared.runtime.follow import follow
from tests.relay_client import relay_client
from tests.stack import Stack, stack
from tests.truth import Levels, Truth, played_through, truth

JOINS = 100
#: So many of them stay until everything has been played.
STAY = 10
SPEED = "1000"

Position: TypeAlias = tuple[str, int, int]
Sides: TypeAlias = dict[str, Levels]


class History:
    """Every book that the bus ever told, by (ticker, epoch, seq), from plain dictionaries."""

    def __init__(self) -> None:
        self.books: dict[Position, Sides] = {}
        self._decoder = msgspec.json.Decoder(BookMessage)
        self._now: dict[str, Sides] = {}

    def hear(self, _: str, payload: bytes) -> None:
        """Take one message."""
        message = self._decoder.decode(payload)
        if isinstance(message, Stale):
            return
        if isinstance(message, Snapshot):
            sides: Sides = {"yes": dict(message.yes), "no": dict(message.no)}
        else:
            sides = {side: dict(book) for side, book in self._now[message.ticker].items()}
            levels = sides[message.side]
            levels[message.price] = levels.get(message.price, 0) + message.delta
            if not levels[message.price]:
                del levels[message.price]
        self._now[message.ticker] = sides
        self.books[message.ticker, message.epoch, message.seq] = sides


@pytest_asyncio.fixture
async def running() -> AsyncIterator[tuple[Stack, History, Bus, list[str]]]:
    """Everything, with a history that was there first."""
    async with stack(SIM_CAPTURE="all", SIM_SPEED=SPEED, SIM_LOOP="0") as services:
        await asyncio.gather(services.start_nats(), services.start("simulator"))
        tickers = await services.tickers()
        async with connect(services.nats_url) as bus:
            history = History()
            await bus.subscribe(bus.subjects.all("book"), history.hear)
            await bus.flush()
            await services.start("gateway", "book_builder", "relay", MARKET_TICKERS=",".join(tickers))
            yield services, history, bus, tickers


async def _all_live(tickers: list[str], books: Any) -> None:
    async with asyncio.timeout(15):
        while any(ticker not in books or books[ticker].status != "live" for ticker in tickers):
            await asyncio.sleep(0.01)


async def test_a_hundred_joins_at_random_moments(running: tuple[Stack, History, Bus, list[str]]) -> None:
    """Each joiner's books are those of the bus at the same (epoch, seq); those who stay end with the exchange's."""
    services, history, bus, tickers = running
    moments = random.Random(7)
    over = asyncio.Event()
    seen: list[tuple[Position, Sides]] = []
    final: list[Truth] = []

    async def stay(number: int, pause_s: float) -> None:
        await (over.wait() if number < STAY else asyncio.sleep(pause_s))

    async def join_bus(number: int, delay_s: float, pause_s: float) -> None:
        await asyncio.sleep(delay_s)
        async with follow(bus, tickers=tickers) as books:
            await _all_live(tickers, books.replicas)
            await stay(number, pause_s)
            now = {t: {"yes": dict(r.book.yes.levels), "no": dict(r.book.no.levels)} for t, r in books.replicas.items()}
            seen.extend(((t, r.epoch, r.seq), now[t]) for t, r in books.replicas.items() if r.status == "live")
        if number < STAY:
            final.append(now)

    async def join_relay(number: int, delay_s: float, pause_s: float) -> None:
        await asyncio.sleep(delay_s)
        async with relay_client(services.relay_url) as client:
            await client.command("subscribe", ["book"], tickers)
            await _all_live(tickers, client.books)
            await stay(number, pause_s)
            now = {t: {side: dict(levels) for side, levels in book.sides.items()} for t, book in client.books.items()}
            seen.extend(((t, *book.position), now[t]) for t, book in client.books.items() if book.status == "live")
        if number < STAY:
            final.append(now)

    async with asyncio.TaskGroup() as group:
        for number in range(JOINS):
            join = join_bus if number % 2 else join_relay
            group.create_task(join(number, moments.random() * 14, moments.random()))
        await played_through(services.sim_url)
        expected = await truth(services.sim_url, tickers)
        # What was played last is still on its way to those who stay.
        await asyncio.sleep(2)
        over.set()

    assert len(seen) >= JOINS * (len(tickers) - 1)
    assert [position for position, book in seen if history.books[position] != book] == []
    assert len({position for position, _ in seen}) > JOINS
    assert [book for book in final if book != expected] == []
    assert len(final) == STAY
