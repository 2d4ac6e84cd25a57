"""The books at every end of the pipeline are the exchange's books."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest_asyncio

from proto.requests import BookGet, BookReply
from shared.runtime.bus import Bus, connect
from tests.relay_client import relay_client
from tests.stack import Stack, stack
from tests.truth import Truth, played_through, truth

#: The half trading day takes about eight seconds at this speed.
SPEED = "2000"


@pytest_asyncio.fixture
async def running() -> AsyncIterator[tuple[Stack, list[str]]]:
    """Everything, with a simulator that plays each capture once."""
    async with stack(SIM_CAPTURE="all", SIM_SPEED=SPEED, SIM_LOOP="0") as services:
        tickers = await services.start_all()
        yield services, tickers


async def _from_book_builder(bus: Bus, tickers: list[str]) -> Truth:
    request = msgspec.json.encode(BookGet(tuple(tickers)))
    reply = msgspec.json.decode(await bus.request("book.get", request), type=BookReply)
    assert not reply.errors
    assert {book.status for book in reply.books} == {"live"}
    return {book.ticker: {"yes": dict(book.yes), "no": dict(book.no)} for book in reply.books}


async def _settled(expected: Truth, read: Any) -> None:
    """Wait until a consumer shows the exchange's books, for messages may still be under way."""
    for _ in range(60):
        if await read() == expected:
            return
        await asyncio.sleep(0.05)
    assert await read() == expected


async def test_books_equal_the_exchanges_after_a_whole_capture(running: tuple[Stack, list[str]]) -> None:
    """At book_builder and in a relay client every level of every market is the simulator's, cents and dollars alike."""
    services, tickers = running
    async with relay_client(services.relay_url) as client, connect(services.nats_url) as bus:
        await client.command("subscribe", ["book", "ticker1s"], tickers)
        await played_through(services.sim_url)
        expected = await truth(services.sim_url, tickers)

        async def from_book_builder() -> Truth:
            return await _from_book_builder(bus, tickers)

        async def from_relay() -> Truth:
            return {ticker: book.sides for ticker, book in client.books.items()}

        assert sum(len(book["yes"]) + len(book["no"]) for book in expected.values()) > 500
        await _settled(expected, from_book_builder)
        await _settled(expected, from_relay)
        assert {book.status for book in client.books.values()} == {"live"}
        assert sum(event["type"] == "delta" for event in client.events) > 10_000
        assert {event["type"] for event in client.events} >= {"snapshot", "delta", "ticker1s"}
