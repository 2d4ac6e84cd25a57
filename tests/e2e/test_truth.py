"""Whatever the bus said about a book was true at the exchange at the sequence number it names."""

import asyncio
import json
import random
from collections import defaultdict
from typing import Any

import httpx
import nats

from tests.stack import Stack, stack
from tests.truth import Levels, levels

MARKETS = "60"
RATE = "3000"
MESSAGES = 6_000
SAMPLES = 150


class Listener:
    """Applies the bus's book messages as they come and keeps some moments, with plain json."""

    def __init__(self, seed: int) -> None:
        self.books: dict[str, dict[str, Levels]] = {}
        self.heard = 0
        self.moments: list[tuple[str, int, dict[str, Levels]]] = []
        self.kinds: dict[str, int] = defaultdict(int)
        self._random = random.Random(seed)

    def take(self, message: dict[str, Any]) -> None:
        """Apply a message, and now and then remember the book that it leads to."""
        self.heard += 1
        self.kinds[message["type"]] += 1
        ticker = message["ticker"]
        if message["type"] == "snapshot":
            self.books[ticker] = {side: dict(message[side]) for side in ("yes", "no")}
        elif message["type"] == "delta" and ticker in self.books:
            side = self.books[ticker][message["side"]]
            price = message["price"]
            side[price] = side.get(price, 0) + message["delta"]
            if not side[price]:
                del side[price]
        else:
            return
        if self._random.random() < SAMPLES / MESSAGES:
            book = {name: dict(side) for name, side in self.books[ticker].items()}
            self.moments.append((ticker, message["exchange_seq"], book))


async def test_bus_says_what_was_true() -> None:
    """With a crowd at work on every price grid, sampled books equal the simulator's truth at their exchange_seq."""
    async with stack(SIM_MARKETS=MARKETS, SIM_RATE=RATE, SIM_COMBOS="0", SIM_ROUND="0") as services:
        await asyncio.gather(services.start_nats(), services.start("simulator"))
        listener = await _listen(services)
    assert len(listener.moments) > SAMPLES / 2
    assert listener.kinds["delta"] > MESSAGES / 2
    assert listener.kinds["stale"] == 0


async def _listen(services: Stack) -> Listener:
    listener = Listener(seed=1)
    bus = await nats.connect(services.nats_url)
    try:
        messages = await bus.subscribe("kalshi.v1.book.>")
        tickers = await services.tickers()
        await services.start("gateway", MARKET_TICKERS=",".join(tickers), GATEWAY_CHANNELS="orderbook_delta")
        async with asyncio.timeout(60):
            async for message in messages.messages:
                listener.take(json.loads(message.data))
                if listener.heard >= MESSAGES:
                    break
        assert len(listener.books) == len(tickers)
        for ticker, seq, book in listener.moments:
            assert book == await _true_book(services, ticker, seq), f"{ticker} at {seq}"
    finally:
        await bus.close()
    return listener


async def _true_book(services: Stack, ticker: str, seq: int) -> dict[str, Levels]:
    async with httpx.AsyncClient(trust_env=False) as client:
        reply = await client.get(f"{services.sim_url}/sim/truth/{ticker}", params={"at_seq": seq})
    assert reply.status_code == 200, reply.text
    book = reply.json()["orderbook_fp"]
    return {side: levels(book[f"{side}_dollars"]) for side in ("yes", "no")}
