"""The account through real programs: what is said of it, what is missed and read later, and what is not wanted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec

from proto.private import Account, Fill, Order, Position
from shared.runtime.bus import Bus, connect
from tests.stack import Stack, free_port, stack

PATIENCE_S = 40.0

Told = Account | Fill | Order | Position
_told: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)


class Reader:
    """Hears what is private and, apart from it, everything else on the bus."""

    def __init__(self, services: Stack, tickers: list[str]) -> None:
        self.ticker, self.other = tickers[:2]
        self.told: list[Told] = []
        self.public: list[tuple[str, bytes]] = []
        self._services = services

    async def listen(self, bus: Bus) -> None:
        """Begin to hear."""
        await bus.subscribe("kalshi.>", self._hear)
        await bus.flush()

    async def say(self, *messages: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """Let the exchange tell the account something, and return it."""
        body = msgspec.json.encode([{"type": kind, "msg": msg} for kind, msg in messages])
        return [sent["msg"] for sent in (await self._post("private", body))["sent"]]

    async def fault(self, name: str, **members: object) -> None:
        """Have something go wrong."""
        await self._post("faults", msgspec.json.encode({"fault": name, **members}))

    async def until(self, wanted: Callable[[], object]) -> None:
        """Wait until something was told."""
        async with asyncio.timeout(PATIENCE_S):
            while not wanted():
                await asyncio.sleep(0.02)

    async def metrics(self) -> str:
        """Return what the gateway counts."""
        return await self._services.metrics("gateway")

    def accounts(self, status: str) -> list[Account]:
        """Return what was said of the account as a whole."""
        return [said for said in self.told if isinstance(said, Account) and said.status == status]

    async def _post(self, path: str, body: bytes) -> Any:
        async with httpx.AsyncClient(trust_env=False) as client:
            reply = await client.post(f"{self._services.sim_url}/sim/{path}", content=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def _hear(self, subject: str, payload: bytes) -> None:
        if subject.startswith("kalshi.v1.private."):
            self.told.append(_told.decode(payload))
        else:
            self.public.append((subject, payload))


@asynccontextmanager
async def reading(private: str, **settings: str) -> AsyncIterator[Reader]:
    """Start an exchange and a gateway, and hear from before the gateway's first word."""
    async with stack(SIM_MARKETS="4", SIM_COMBOS="0", SIM_ROUND="0", SIM_RATE="20") as services:
        await asyncio.gather(services.start_nats(), services.start("simulator"))
        tickers = await services.tickers()
        async with connect(services.nats_url) as bus:
            reader = Reader(services, tickers)
            await reader.listen(bus)
            await services.start("gateway", MARKET_TICKERS=",".join(tickers), GATEWAY_PRIVATE=private, **settings)
            yield reader


def by_type(told: list[Told], kind: type) -> list[Any]:
    """Return what is of a type."""
    return [said for said in told if isinstance(said, kind)]


async def test_what_the_account_is_told_is_on_the_bus() -> None:
    """First that nothing is there, then each message in the units of the bus, on its own subject alone."""
    async with reading("1") as reader:
        await reader.until(lambda: reader.accounts("live"))
        assert [(said.status, said.reason) for said in by_type(reader.told, Account)] == [
            ("stale", "disconnected"),
            ("live", None),
        ]
        sent = await reader.say(
            ("fill", {"market_ticker": reader.ticker, "count_fp": "5.00", "yes_price_dollars": "0.4300"}),
            ("user_order", {"ticker": reader.ticker, "side": "no", "yes_price_dollars": "0.4300"}),
            ("market_position", {"market_ticker": reader.ticker, "position_fp": "-12.50"}),
        )
        await reader.until(lambda: by_type(reader.told, Position))
        [fill], [order], [position] = (by_type(reader.told, kind) for kind in (Fill, Order, Position))
        assert (fill.trade_id, fill.yes_price, fill.qty, fill.side) == (sent[0]["trade_id"], 4300, 500, "yes")
        assert (order.order_id, order.side, order.remaining_qty) == (sent[1]["order_id"], "no", 1000)
        assert (position.ticker, position.position) == (reader.ticker, -1250)
        assert {said.generation for said in (fill, order, position)} == {None}
        ids = (sent[0]["trade_id"].encode(), sent[0]["order_id"].encode(), sent[1]["order_id"].encode())
        assert reader.public
        assert [subject for subject, payload in reader.public if any(name in payload for name in ids)] == []


async def test_trap_28_what_was_missed_while_disconnected_is_read_after_it() -> None:
    """Fills, orders and positions of the gap come with the generation of the reading; then the account is live."""
    async with reading("1") as reader:
        await reader.until(lambda: reader.accounts("live"))
        [known, heard] = await reader.say(
            ("user_order", {"ticker": reader.ticker}), ("fill", {"market_ticker": reader.ticker})
        )
        await reader.say(("market_position", {"market_ticker": reader.other, "position_fp": "1.00"}))
        await reader.until(lambda: by_type(reader.told, Position))
        before = len(reader.told)
        await reader.fault("refuse_connect", status=503, count=0, for_s=3)
        await reader.fault("cut")
        await reader.until(lambda: len(reader.accounts("stale")) == 2)
        [missed, _, _, new] = await reader.say(
            ("fill", {"market_ticker": reader.ticker, "order_id": known["order_id"]}),
            ("user_order", {"ticker": reader.ticker, "order_id": known["order_id"], "status": "executed"}),
            ("market_position", {"market_ticker": reader.other, "position_fp": "0.00"}),
            ("user_order", {"ticker": reader.other}),
        )
        await reader.until(lambda: len(reader.accounts("live")) == 2)
        told = reader.told[before:]
        live = reader.accounts("live")[-1]
        assert [said.trade_id for said in by_type(told, Fill)] == [missed["trade_id"]]
        assert missed["trade_id"] != heard["trade_id"]
        statuses = {said.order_id: said.status for said in by_type(told, Order)}
        assert statuses == {known["order_id"]: "executed", new["order_id"]: "resting"}
        assert [(said.ticker, said.position) for said in by_type(told, Position)] == [(reader.other, 0)]
        assert (live.fills, live.orders, live.orders_gone) == (1, 1, 1)
        assert (live.positions, live.positions_gone) == (0, 1)
        assert {said.generation for said in told[1:]} == {live.generation}


async def test_a_channel_of_the_account_that_ends_leaves_books_alone() -> None:
    """Error 25 makes the account stale; no book is."""
    async with reading("1") as reader:
        await reader.until(lambda: reader.accounts("live"))
        first = len(reader.public)
        await reader.fault("error", channel="fill")
        await reader.until(lambda: len(reader.accounts("stale")) == 2)
        await asyncio.sleep(0.5)
        assert [said.reason for said in reader.accounts("stale")] == ["disconnected", "exchange_error"]
        assert [payload for _, payload in reader.public[first:] if b'"type":"stale"' in payload] == []


async def test_an_account_that_can_not_be_read_leaves_books_alone() -> None:
    """It stays stale; what is said of it and every book go on."""
    async with reading("1", KALSHI_REST_URL=f"http://127.0.0.1:{free_port()}/trade-api/v2") as reader:
        await reader.until(lambda: any(b'"type":"delta"' in payload for _, payload in reader.public))
        [sent] = await reader.say(("fill", {"market_ticker": reader.ticker}))
        await reader.until(lambda: by_type(reader.told, Fill))
        assert by_type(reader.told, Fill)[0].trade_id == sent["trade_id"]
        assert reader.accounts("live") == []
        async with asyncio.timeout(10):
            while 'fanout_gateway_account_reads_failed_total{reason="unreachable"}' not in await reader.metrics():
                await asyncio.sleep(0.1)
        metrics = await reader.metrics()
        assert "fanout_gateway_account_live 0.0" in metrics
        assert "fanout_gateway_stale_markets 0.0" in metrics


async def test_nothing_is_said_of_an_account_that_is_not_wanted() -> None:
    """GATEWAY_PRIVATE=0, which is the default, is silent from start to end."""
    async with reading("0") as reader:
        sent = await reader.say(
            ("fill", {"market_ticker": reader.ticker}),
            ("user_order", {"ticker": reader.ticker}),
            ("market_position", {"market_ticker": reader.ticker}),
        )
        beats = len([subject for subject, _ in reader.public if ".sys.gateway." in subject])
        await reader.until(
            lambda: len([subject for subject, _ in reader.public if ".sys.gateway." in subject]) >= beats + 3
        )
        assert reader.told == []
        assert not any(sent[0]["trade_id"].encode() in payload for _, payload in reader.public)
