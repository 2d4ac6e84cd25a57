"""Several connections of one gateway: a cut one takes only its own markets along."""

import asyncio
import json
from typing import Any

import httpx
import nats

from tests.stack import Stack, stack
from tests.truth import truth

CONNECTIONS = 3
CUTS = 60


async def test_cut_connection_is_felt_by_its_own_markets_alone() -> None:
    """One is cut for a minute, each second that it is there: the others lose no message, and none of their books."""
    settings = {"SIM_MARKETS": "60", "SIM_RATE": "1500", "SIM_COMBOS": "0", "SIM_ROUND": "0"}
    async with stack(**settings) as services:
        await asyncio.gather(services.start_nats(), services.start("simulator"))
        tickers = await services.tickers()
        bus = await nats.connect(services.nats_url)
        try:
            listener = await _Listener.start(bus)
            await services.start(
                "gateway", MARKET_TICKERS=",".join(tickers), GATEWAY_CONNECTIONS=str(CONNECTIONS), **CHANNELS
            )
            await listener.until_live(set(tickers))
            served = await _served(services)
            assert len(served) == CONNECTIONS
            assert sorted(ticker for markets in served.values() for ticker in markets) == sorted(tickers)
            victim = min(served.values(), key=len)
            others = set(tickers) - victim
            listener.begin(others)
            cuts = await _cut_again_and_again(services, victim)
            listener.end()
            # The longer it goes on, the longer the gateway waits before it dials again.
            assert cuts >= 5
            assert listener.heard > 1_000
            assert listener.broken == []
            await _quiet(services)
            await listener.until_live(set(tickers))
            await _until_true(services, listener, tickers)
        finally:
            await bus.close()


#: Books alone: this is about them.
CHANNELS = {"GATEWAY_CHANNELS": "orderbook_delta"}


class _Listener:
    """Holds the bus's book messages against the rules, with plain json."""

    def __init__(self) -> None:
        self.heard = 0
        self.broken: list[dict[str, Any]] = []
        self.books: dict[str, dict[str, dict[int, int]]] = {}
        self._heads: dict[str, tuple[int, int]] = {}
        self._live: set[str] = set()
        self._watched: set[str] = set()

    @classmethod
    async def start(cls, bus: Any) -> "_Listener":
        """Listen to all books."""
        listener = cls()

        async def take(message: Any) -> None:
            listener.take(json.loads(message.data))

        await bus.subscribe("kalshi.v1.book.>", cb=take)
        await bus.flush()
        return listener

    def begin(self, watched: set[str]) -> None:
        """From here on, these markets may only go on."""
        self._watched = watched

    def end(self) -> None:
        """Watch no longer."""
        self._watched = set()

    def take(self, message: dict[str, Any]) -> None:
        """Take one message."""
        ticker, head = message["ticker"], (message["epoch"], message["seq"])
        epoch, seq = self._heads.get(ticker, (0, 0))
        if ticker in self._watched:
            self.heard += 1
            if message["type"] != "delta" or head != (epoch, seq + 1):
                self.broken.append(message)
        self._heads[ticker] = head
        if message["type"] == "snapshot":
            self.books[ticker] = {side: dict(message[side]) for side in ("yes", "no")}
            self._live.add(ticker)
        elif message["type"] == "stale":
            self._live.discard(ticker)
        elif ticker in self._live:
            side = self.books[ticker][message["side"]]
            side[message["price"]] = side.get(message["price"], 0) + message["delta"]
            if not side[message["price"]]:
                del side[message["price"]]

    async def until_live(self, tickers: set[str]) -> None:
        """Wait until all of them are."""
        async with asyncio.timeout(30):
            while not tickers <= self._live:
                await asyncio.sleep(0.02)


async def _served(services: Stack) -> dict[int, set[str]]:
    sessions = (await services.get(f"{services.sim_url}/sim/sessions")).json()
    return {
        session["number"]: set(subscription["market_tickers"])
        for session in sessions
        for subscription in session["subscriptions"]
        if subscription["channel"] == "orderbook_delta"
    }


async def _cut_again_and_again(services: Stack, victim: set[str]) -> int:
    cuts = 0
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(CUTS):
            for number, markets in (await _served(services)).items():
                # The others take over what is away for long.
                if markets <= victim:
                    fault = {"fault": "cut", "session": number}
                    assert (await client.post(f"{services.sim_url}/sim/faults", json=fault)).status_code == 200
                    cuts += 1
            await asyncio.sleep(1.0)
    return cuts


async def _quiet(services: Stack) -> None:
    """Stop the crowd, so that books can be compared."""
    async with httpx.AsyncClient(trust_env=False) as client:
        for ticker in await services.tickers():
            body = {"action": "deactivate", "ticker": ticker}
            assert (await client.post(f"{services.sim_url}/sim/lifecycle", json=body)).status_code == 200


async def _until_true(services: Stack, listener: _Listener, tickers: list[str]) -> None:
    expected = await truth(services.sim_url, tickers)
    async with asyncio.timeout(10):
        while listener.books != expected:
            await asyncio.sleep(0.1)


async def test_processes_share_the_markets() -> None:
    """Two gateways given the same markets follow each of them once, and whoever asks is answered by the right one."""
    async with stack(SIM_MARKETS="40", SIM_COMBOS="0", SIM_ROUND="0", SIM_RATE="500") as services:
        await asyncio.gather(services.start_nats(), services.start("simulator"))
        tickers = await services.tickers()
        bus = await nats.connect(services.nats_url)
        try:
            listener = await _Listener.start(bus)
            for index in range(2):
                await services.start_beside(
                    f"gateway-{index}", "gateway", MARKET_TICKERS=",".join(tickers), GATEWAY_SHARD=f"{index}/2"
                )
            await listener.until_live(set(tickers))
            served = await _served(services)
            assert len(served) == 2
            assert sorted(ticker for markets in served.values() for ticker in markets) == sorted(tickers)
            for ticker in tickers[:10]:
                request = json.dumps({"ticker": ticker}).encode()
                reply = await bus.request("kalshi.v1.rpc.gateway.explain", request, timeout=5)
                assert json.loads(reply.data)["status"] == "live"
        finally:
            await bus.close()
