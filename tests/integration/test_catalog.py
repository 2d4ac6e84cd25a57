"""The catalog with a real simulator, a real nats-server and a gateway that follows what it says."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest

from proto.book import BookMessage, Delta, Snapshot, Stale
from proto.catalog import ListedMarket
from proto.market import Lifecycle
from proto.requests import Explain, ExplainReply
from proto.units import SECOND
from shared.runtime.bus import Bus, connect
from shared.runtime.kv import open_bucket
from tests.stack import Stack, stack

ROUND_S = 5
#: How far from its time an opening or closing may be said on a busy machine.
LATE_S = 5.0
PATIENCE_S = 40.0

_book: msgspec.json.Decoder[BookMessage] = msgspec.json.Decoder(BookMessage)


@pytest.fixture
async def rounds() -> AsyncIterator[Stack]:
    """Few markets, and a new one every five seconds."""
    async with stack(SIM_MARKETS="20", SIM_ROUND=str(ROUND_S), SIM_COMBOS="5") as services:
        await asyncio.gather(services.start_nats(), services.start("simulator"))
        yield services


async def _until(holds: Callable[[], Awaitable[Any]], timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not await holds():
        assert time.monotonic() < deadline, "it did not come to be"
        await asyncio.sleep(0.1)


async def _bucket(bus: Bus) -> dict[str, ListedMarket]:
    """Return what the bucket holds, by ticker."""
    found: dict[str, ListedMarket] = {}
    async for entry in (await open_bucket(bus, "markets")).watch():
        if entry is None:
            break
        if entry.value is not None:
            market = msgspec.json.decode(entry.value, type=ListedMarket)
            found[market.ticker] = market
    return found


async def _gauges(services: Stack, name: str) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in (await services.metrics(name)).splitlines() if line.startswith("fanout_")]
    return {left.removeprefix(f"fanout_{name}_"): float(right) for left, right in lines}


async def test_all_markets_are_discovered() -> None:
    """All that the simulator lists without its combos is in the bucket and followed by a gateway without settings."""
    async with stack(SIM_ROUND="0") as services:
        await asyncio.gather(services.start_nats(), services.start("simulator"))
        await services.start("gateway", "catalog")
        tickers = set(await services.tickers())
        assert len(tickers) == 1079
        assert (await _gauges(services, "catalog"))["markets_discovered_total"] == 1079

        async def all_live() -> bool:
            gauges = await _gauges(services, "gateway")
            return gauges["markets"] == 1079 and gauges["stale_markets"] == 0

        await _until(all_live)
        async with connect(services.nats_url) as bus:
            bucket = await _bucket(bus)
            assert {ticker for ticker, market in bucket.items() if market.followed} == tickers
            asked = msgspec.json.encode(Explain(min(tickers)))
            explained = msgspec.json.decode(await bus.request("gateway.explain", asked), type=ExplainReply)
        assert explained.wanted_by == ("catalog",)
        assert all(market.title and market.price_ranges and market.close_ts for market in bucket.values())


async def test_rounds_come_and_go(rounds: Stack) -> None:
    """New markets are followed before they open until after they closed, without gaps; both are said in time."""
    said: list[tuple[float, Lifecycle]] = []
    books: dict[str, list[BookMessage]] = defaultdict(list)

    def hear(_: str, payload: bytes) -> None:
        message = msgspec.json.decode(payload, type=Lifecycle)
        if message.source == "clock":
            said.append((time.time(), message))

    def read(_: str, payload: bytes) -> None:
        message = _book.decode(payload)
        books[message.ticker].append(message)

    async with connect(rounds.nats_url) as bus:
        await bus.subscribe(bus.subjects.series("lifecycle", "KXBTC15M"), hear)
        await bus.subscribe(bus.subjects.series("book", "KXBTC15M"), read)
        await rounds.start("catalog", "gateway")
        await asyncio.sleep(3.6 * ROUND_S)
        bucket = await _bucket(bus)
    opened = {m.ticker: (at, m) for at, m in said if m.event_type == "opened"}
    closed = {m.ticker: (at, m) for at, m in said if m.event_type == "closed"}
    whole = opened.keys() & closed.keys()
    assert len(whole) >= 2
    for ticker in whole:
        _in_time(*opened[ticker], opened[ticker][1].open_ts)
        _in_time(*closed[ticker], closed[ticker][1].close_ts)
        _no_gaps(books[ticker])
    ended = [ticker for ticker in whole if not bucket[ticker].followed]
    assert ended
    for ticker in ended:
        last = books[ticker][-1]
        assert isinstance(last, Stale)
        assert last.reason == "unsubscribed"
    # At least one was known all its life: its book was there before it opened.
    assert any(books[ticker][0].received_ts < (opened[ticker][1].open_ts or 0) for ticker in whole)


def _in_time(at: float, message: Lifecycle, due_ts: int | None) -> None:
    assert due_ts is not None
    if message.received_ts - due_ts < 2 * ROUND_S * SECOND:  # else it was over when we came
        assert 0 <= at - due_ts / SECOND < LATE_S + ROUND_S * (message.event_type == "opened")


def _no_gaps(messages: list[BookMessage]) -> None:
    """Check that one book was followed from one snapshot to the end."""
    assert [type(message) for message in messages].count(Snapshot) == 1
    assert isinstance(messages[0], Snapshot)
    deltas = [message for message in messages if isinstance(message, Delta)]
    assert [message.seq for message in deltas] == list(range(1, len(deltas) + 1))


async def test_an_outage_forgets_nothing(rounds: Stack) -> None:
    """While the exchange is away nothing leaves the bucket, the clock goes on, and afterwards all is as it was."""
    await rounds.start("catalog", "gateway")
    async with connect(rounds.nats_url) as bus:
        before = await _bucket(bus)
        async with httpx.AsyncClient(trust_env=False) as client:
            fault = {"fault": "pause", "outage": True, "for_s": 8}
            assert (await client.post(f"{rounds.sim_url}/sim/faults", json=fault)).status_code == 200

        async def was_noticed() -> bool:
            return any(name.startswith("failed_requests_total") for name in await _gauges(rounds, "catalog"))

        await _until(was_noticed)
        during = await _bucket(bus)
        assert before.keys() <= during.keys()
        lasting = {ticker for ticker in before if not ticker.startswith("KXBTC15M")}
        assert {ticker for ticker in lasting if during[ticker].followed} == lasting

        async def all_live() -> bool:
            gauges = await _gauges(rounds, "gateway")
            return gauges["stale_markets"] == 0 and gauges["markets"] >= len(lasting)

        await _until(all_live, 40.0)
        assert before.keys() <= (await _bucket(bus)).keys()


async def test_a_restarted_catalog_takes_over(rounds: Stack) -> None:
    """While the catalog is away the gateway goes on; the next one knows what the last one knew."""

    async def follows_them() -> bool:
        return (await _gauges(rounds, "gateway"))["markets"] >= 20

    await rounds.start("catalog", "gateway")
    await rounds.stop("catalog")
    async with connect(rounds.nats_url) as bus:
        kept = await _bucket(bus)
        await _until(follows_them)
        await rounds.start("catalog")
        # Rounds come and go within seconds; what lasts is kept.
        lasting = {key for key in kept if not key.startswith("KXBTC15M")}
        assert len(lasting) == 20
        assert lasting <= (await _bucket(bus)).keys()
    assert (await _gauges(rounds, "catalog")).get("markets_discovered_total", 0) <= 3


async def test_the_gateway_works_alone() -> None:
    """Without catalog and without JetStream the gateway follows MARKET_TICKERS and is ready."""
    async with stack(SIM_MARKETS="5", SIM_ROUND="0") as services:
        await asyncio.gather(services.start_nats(jetstream=False), services.start("simulator"))
        tickers = await services.tickers()
        await services.start("gateway", MARKET_TICKERS=",".join(tickers))

        async def all_live() -> bool:
            gauges = await _gauges(services, "gateway")
            return gauges["markets"] == len(tickers) and gauges["stale_markets"] == 0

        await _until(all_live)
        await _until(lambda: _said(services, "gateway", "The bucket markets can not be used"))


async def _said(services: Stack, name: str, text: str) -> bool:
    return text in services.programs[name].log.read_text()


async def test_series_are_narrowed_everywhere(rounds: Stack) -> None:
    """SERIES_TICKERS lets in its series alone, at the catalog and at the gateway."""
    await rounds.start("catalog", "gateway", SERIES_TICKERS="KXBTC15M*")
    async with connect(rounds.nats_url) as bus:
        assert {ticker.partition("-")[0] for ticker in await _bucket(bus)} == {"KXBTC15M"}
    assert (await _gauges(rounds, "catalog"))["rejected_series_total"] >= 20

    async def follows_rounds_alone() -> bool:
        return 1 <= (await _gauges(rounds, "gateway"))["markets"] <= 4

    await _until(follows_rounds_alone)
