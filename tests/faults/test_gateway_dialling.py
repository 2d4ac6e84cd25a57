"""Each way in which the exchange can be closed has its reason, its sentence and its patience."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import count

import pytest

from services.gateway.budget import HARD_PAUSE_S, Budget
from services.gateway.dialling import MAINTENANCE
from services.gateway.service import connection, line
from shared.runtime.clock import now
from tests.faults.client import PATH, Simulator
from tests.faults.line import Gateways, gateway_lines, until
from tests.stack import free_port

pytestmark = pytest.mark.asyncio(loop_scope="package")


@asynccontextmanager
async def listener(greeting: bytes) -> AsyncIterator[str]:
    """Listen on a port that says the same to everybody, or nothing; hand out its address."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await asyncio.sleep(0 if greeting else 5)
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}{PATH}"
    finally:
        server.close()


@pytest.mark.parametrize(
    ("status", "code", "reason", "words"),
    [
        (401, "header_timestamp_expired", "clock", ["header_timestamp_expired", "clock"]),
        (429, "", "too_many", ["too many requests", "close others"]),
        (503, "", "unavailable", ["service unavailable"]),
    ],
)
async def test_what_passes_is_tried_again(
    sim: Simulator, status: int, code: str, reason: str, words: list[str]
) -> None:
    """A wrong clock, too many connections and an exchange that is away end by themselves; signed afresh each time."""
    fault = await sim.post("refuse_connect", status=status, count=2, **({"code": code} if code else {}))
    async with gateway_lines(sim.url, sim.tickers) as gateways:
        await until(lambda: gateways.counted("failed_dials"))
        for word in words:
            assert word in gateways.detail
        await until(gateways.live)
        assert gateways.counted("failed_dials") == {reason: 2}
        assert [level for level, _ in gateways.logged] == ["warning", "warning", "info"]
    [told] = [told for told in await sim.get("/sim/faults") if told["id"] == fault["id"]]
    assert told["hits"] == 2


async def test_a_bad_key_is_tried_once_a_minute(sim: Simulator) -> None:
    """Lines whose key is refused do not hammer; the reason is in /readyz and it is an error in the log."""
    await sim.post("refuse_connect", status=401, code="NOT_FOUND", count=0)
    async with gateway_lines(sim.url, sim.tickers, lines=2) as gateways:
        await until(lambda: gateways.counted("failed_dials") == {"unauthorised": 2})
        assert "NOT_FOUND" in gateways.detail
        assert "KALSHI_KEY_ID" in gateways.detail
        assert {level for level, _ in gateways.logged} == {"error"}
        await asyncio.sleep(2)
        assert gateways.counted("failed_dials") == {"unauthorised": 2}
        assert HARD_PAUSE_S - 5 < gateways.budget.ask(now().at) <= HARD_PAUSE_S


async def test_lines_share_one_budget(sim: Simulator) -> None:
    """However many lines are refused, all together dial no more often than the budget allows."""
    await sim.post("refuse_connect", status=503, count=0)
    budget = Budget(dials=6, window_s=30)
    async with gateway_lines(sim.url, sim.tickers, lines=4, budget=budget) as gateways:
        await until(lambda: sum(gateways.counted("failed_dials").values()) == 6)
        await asyncio.sleep(2)
        assert gateways.counted("failed_dials") == {"unavailable": 6}


async def test_nobody_listens() -> None:
    """A refused connection is told as that."""
    async with gateway_lines(f"ws://127.0.0.1:{free_port()}{PATH}", []) as gateways:
        await until(lambda: gateways.counted("failed_dials").get("refused", 0) >= 2)
        assert "refuses connections" in gateways.detail


async def test_a_name_that_is_not_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that nobody knows is told as that, and where to look."""
    for scheme in ("http", "https", "all", "ws", "wss", "socks"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme.upper()}_PROXY", raising=False)
    async with gateway_lines(f"ws://nowhere.invalid{PATH}", []) as gateways:
        await until(lambda: gateways.counted("failed_dials"), timeout_s=15)
        assert set(gateways.counted("failed_dials")) == {"name_not_resolved"}
        assert "nowhere.invalid" in gateways.detail
        assert "DNS" in gateways.detail


async def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handshake that is not answered ends in time."""
    monkeypatch.setattr(connection, "DIAL_TIMEOUT_S", 0.3)
    async with listener(b"") as url, gateway_lines(url, []) as gateways:
        assert await until(lambda: gateways.counted("failed_dials")) < 10
        assert set(gateways.counted("failed_dials")) == {"timeout"}


async def test_a_server_of_another_kind() -> None:
    """What answers in no HTTP at all is told as no WebSocket."""
    async with listener(b"220 mail.example.com ESMTP\r\n\r\n") as url, gateway_lines(url, []) as gateways:
        await until(lambda: gateways.counted("failed_dials"))
        assert set(gateways.counted("failed_dials")) == {"no_websocket"}
        assert "KALSHI_WS_URL" in gateways.detail


async def test_maintenance_is_no_alarm(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thursdays from 3 to 5 the exchange is away: no warning, /readyz says until when, and back soon after."""
    async with gateway_lines(sim.url, sim.tickers) as gateways:
        await until(gateways.live)
        ends_at = now().at + 3.0
        monkeypatch.setattr(line, "maintenance_left_s", lambda _: ends_at - now().at if now().at < ends_at else None)
        await sim.post("pause", for_s=3.0)
        await until(lambda: len(gateways.counted("failed_dials")))
        assert gateways.detail == MAINTENANCE == "maintenance until 05:00 New York time"
        await until(gateways.live)
        assert now().at - ends_at < 15
        assert set(gateways.counted("failed_dials")) == {"maintenance"}
        assert {level for level, _ in gateways.logged} == {"info"}


async def test_what_is_ours_is_an_alarm_during_maintenance_too(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad key does not hide behind the maintenance."""
    monkeypatch.setattr(line, "maintenance_left_s", lambda _: 3600.0)
    await sim.post("refuse_connect", status=401, code="NOT_FOUND", count=0)
    async with gateway_lines(sim.url, sim.tickers) as gateways:
        await until(lambda: gateways.counted("failed_dials"))
        assert gateways.counted("failed_dials") == {"unauthorised": 1}
        assert {level for level, _ in gateways.logged} == {"error"}


async def test_a_line_that_is_cut_again_and_again_waits_longer(sim: Simulator) -> None:
    """Connections that do not hold are not dialled at the pace at which they break."""
    draws = count(1)
    async with gateway_lines(sim.url, sim.tickers, random=lambda: min(1.0, next(draws) / 4)) as gateways:
        await until(gateways.live)
        began = now().at
        for cuts in range(1, 4):
            await sim.post("cut")
            await until(partial(_was_cut, gateways, cuts))
            await until(gateways.live)
        # A quarter of one second, a half of two, three quarters of four.
        assert now().at - began > 4.2


def _was_cut(gateways: Gateways, times: int) -> bool:
    return gateways.counted("disconnects") == {"closed_by_exchange": times}
