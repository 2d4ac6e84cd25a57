"""Whatever fails, no consumer shows a book that is not the exchange's without saying that it is stale."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest_asyncio

from shared.runtime.bus import connect
from shared.runtime.follow import follow
from tests.relay_client import RelayClient, relay_client
from tests.stack import Stack, stack
from tests.truth import truth

#: Slow enough that books rest between changes, so that they can be compared while everything runs.
SPEED = "20"


@pytest_asyncio.fixture
async def running() -> AsyncIterator[tuple[Stack, list[str]]]:
    """Everything, with captures that go on for longer than a test."""
    async with stack(SIM_CAPTURE="all", SIM_SPEED=SPEED) as services:
        yield services, await services.start_all()


async def _until(condition: Callable[[], bool], timeout_s: float = 30.0) -> float:
    """Wait for a condition and return how long it took."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)
    return loop.time() - started


def _reasons(client: RelayClient) -> set[str]:
    return {event["reason"] for event in client.events if event["type"] == "stale"}


def _statuses(client: RelayClient) -> set[str]:
    return {book.status for book in client.books.values()}


async def _ends_right(services: Stack, tickers: list[str], client: RelayClient) -> None:
    """The client's books become the exchange's at some moment of rest."""
    for _ in range(100):
        before = await truth(services.sim_url, tickers)
        held = {ticker: book.sides for ticker, book in client.books.items() if book.status == "live"}
        if held == before:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the books did not become the exchange's")


async def _subscribed(client: RelayClient, tickers: list[str], *channels: str) -> None:
    ack = await client.command("subscribe", list(channels), tickers)
    assert ack["refused"] == []
    await _until(lambda: len(client.books) == len(tickers) and _statuses(client) == {"live"})


async def test_a_lost_exchange_makes_every_market_stale(running: tuple[Stack, list[str]]) -> None:
    """When the exchange goes away every book is `stale: disconnected` at once, and right again when it is back."""
    services, tickers = running
    async with relay_client(services.relay_url) as client:
        await _subscribed(client, tickers, "book")
        await services.stop("simulator", signal.SIGKILL)
        assert await _until(lambda: _statuses(client) == {"stale"}) < 2
        assert _reasons(client) == {"disconnected"}
        epochs = {ticker: book.position[0] for ticker, book in client.books.items()}
        await services.start("simulator")
        await _until(lambda: _statuses(client) == {"live"}, timeout_s=30)
        assert all(book.position[0] > epochs[ticker] for ticker, book in client.books.items())
        await _ends_right(services, tickers, client)


async def test_a_killed_gateway_is_noticed_within_seconds(running: tuple[Stack, list[str]]) -> None:
    """Without heartbeats every book is `gateway_lost` after three seconds, everywhere; a new one makes them live."""
    services, tickers = running
    async with (
        relay_client(services.relay_url) as client,
        connect(services.nats_url) as bus,
        follow(bus, tickers=tickers) as books,
    ):
        await _subscribed(client, tickers, "book", "ticker1s")
        await _until(lambda: all(replica.status == "live" for replica in books.replicas.values()))
        await services.stop("gateway", signal.SIGKILL)
        assert 1.5 < await _until(lambda: _statuses(client) == {"stale"}) < 4.5
        assert _reasons(client) == {"gateway_lost"}
        await _until(lambda: {replica.reason for replica in books.replicas.values()} == {"gateway_lost"}, timeout_s=1)
        await _until(lambda: _last(client, "ticker1s", "market_id") == {"stale"})
        await services.start("gateway", MARKET_TICKERS=",".join(tickers))
        await _until(lambda: _statuses(client) == {"live"})
        await _ends_right(services, tickers, client)
        await _until(lambda: all(replica.status == "live" for replica in books.replicas.values()))


async def test_a_stopped_gateway_says_goodbye(running: tuple[Stack, list[str]]) -> None:
    """A gateway that is asked to stop marks every market before it ends, so nobody has to wait for silence."""
    services, tickers = running
    async with relay_client(services.relay_url) as client:
        await _subscribed(client, tickers, "book")
        await services.stop("gateway")
        assert await _until(lambda: _statuses(client) == {"stale"}) < 1
        assert _reasons(client) == {"disconnected"}


async def test_a_killed_book_builder_does_not_leave_its_views_live(running: tuple[Stack, list[str]]) -> None:
    """`top` of a book_builder that is gone is stale within seconds; books go on, and a new one makes it live again."""
    services, tickers = running
    async with relay_client(services.relay_url) as client:
        await _subscribed(client, tickers, "book", "top")
        await _until(lambda: len(_by_market(client, "top", "ticker")) == len(tickers))
        await services.stop("book_builder", signal.SIGKILL)
        assert await _until(lambda: _last(client, "top", "ticker") == {"stale"}) < 6
        assert _statuses(client) == {"live"}
        await services.start("book_builder")
        await _until(lambda: _last(client, "top", "ticker") == {"live"})
        await _ends_right(services, tickers, client)


async def test_a_restarted_nats_server_is_survived_by_all(running: tuple[Stack, list[str]]) -> None:
    """While the bus is away books are stale; when it is back they are the exchange's again, without any restart."""
    services, tickers = running
    async with relay_client(services.relay_url) as client:
        await _subscribed(client, tickers, "book")
        await services.stop("nats")
        await _until(lambda: _statuses(client) == {"stale"})
        assert _reasons(client) <= {"bus_gap", "gateway_lost"}
        await services.start_nats()
        await _until(lambda: _statuses(client) == {"live"}, timeout_s=20)
        await _ends_right(services, tickers, client)


async def test_leases_bring_markets_and_take_them_away() -> None:
    """A leased market appears, and when the lease ends it is `unsubscribed` and unknown."""
    async with stack(SIM_CAPTURE="all", SIM_SPEED=SPEED) as services:
        await asyncio.gather(services.start_nats(), services.start("simulator"))
        ticker = (await services.tickers())[0]
        await services.start("gateway", "book_builder", "relay")
        async with connect(services.nats_url) as bus, relay_client(services.relay_url) as client:
            refused = await client.command("subscribe", ["book"], [ticker])
            assert refused["refused"][0]["name"] == "unknown_market"
            lease = b'{"client":"test","tickers":["%s"],"ttl_s":3}' % ticker.encode()
            await bus.request("gateway.subscribe", lease)
            await asyncio.sleep(1.2)
            await _subscribed(client, [ticker], "book")
            await _until(lambda: _statuses(client) == {"stale"}, timeout_s=6)
            assert _reasons(client) == {"unsubscribed"}
            refused = await client.command("subscribe", ["trade"], [ticker])
            assert refused["refused"][0]["name"] == "unknown_market"


async def test_everything_stops_in_time_without_a_bus(running: tuple[Stack, list[str]]) -> None:
    """Each service ends well and within five seconds although nats-server went first."""
    services, _ = running
    await services.stop("nats")
    await services.stop_all()


def _by_market(client: RelayClient, kind: str, key: str) -> dict[str, dict[str, Any]]:
    return {event[key]: event for event in client.events if event["type"] == kind}


def _last(client: RelayClient, kind: str, key: str) -> set[str]:
    return {event["status"] for event in _by_market(client, kind, key).values()}
