"""The composed stack, which `./run test-compose` has brought up, is a working one."""

import asyncio
import os
import time
from typing import Any

import httpx
import pytest

URL = f"http://127.0.0.1:{os.environ.get('RELAY_PORT') or 8080}"
LIVE_S = 20.0

pytestmark = pytest.mark.compose


async def _get(path: str) -> Any:
    async with httpx.AsyncClient(trust_env=False) as client:
        reply = await client.get(URL + path)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def _markets() -> list[dict[str, str]]:
    """Return the markets as soon as there are some and all of them are live, at the latest when time is up."""
    deadline = time.monotonic() + LIVE_S
    while True:
        markets: list[dict[str, str]] = (await _get("/api/markets"))["markets"]
        if time.monotonic() > deadline or (markets and all(market["status"] == "live" for market in markets)):
            return markets
        await asyncio.sleep(0.2)


async def test_composed_books_are_live() -> None:
    """Frames of the simulator arrive as live books at the relay, each container doing its part."""
    markets = await _markets()
    assert {market["status"] for market in markets} == {"live"}
    for market in markets:
        book = await _get(f"/api/markets/{market['ticker']}/book")
        assert book["status"] == "live"
        assert book["epoch"] > 0


async def test_composed_page_is_served() -> None:
    """The image carries the page and what it loads."""
    async with httpx.AsyncClient(trust_env=False, base_url=URL) as client:
        for path in ("/", "/client.js", "/asyncapi.json"):
            assert (await client.get(path)).status_code == 200, path
