"""What the simulator's books really are, read without any code of the project."""

import asyncio
from decimal import Decimal
from typing import TypeAlias

import httpx

Levels: TypeAlias = dict[int, int]
Truth: TypeAlias = dict[str, dict[str, Levels]]


def levels(pairs: list[list[str]]) -> Levels:
    """Return price → quantity in the bus's units from the exchange's strings."""
    return {int(Decimal(price) * 10_000): int(Decimal(count) * 100) for price, count in pairs}


async def truth(sim_url: str, tickers: list[str]) -> Truth:
    """Return every market's book as the simulator's REST side tells it."""
    async with httpx.AsyncClient(trust_env=False) as client:
        replies = await asyncio.gather(
            *(client.get(f"{sim_url}/trade-api/v2/markets/{ticker}/orderbook") for ticker in tickers)
        )
    books = {ticker: reply.json()["orderbook_fp"] for ticker, reply in zip(tickers, replies, strict=True)}
    return {
        ticker: {"yes": levels(book["yes_dollars"]), "no": levels(book["no_dollars"])} for ticker, book in books.items()
    }


async def played_through(sim_url: str, timeout_s: float = 60.0) -> None:
    """Wait until every capture has been played once."""
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(timeout_s):
        while True:
            replay = (await client.get(f"{sim_url}/sim/replay")).json()
            if all(capture["passes"] >= 1 for capture in replay):
                return
            await asyncio.sleep(0.05)
