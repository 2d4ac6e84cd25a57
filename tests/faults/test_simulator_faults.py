"""Each fault of the script as a plain WebSocket client sees it, against a real simulator."""

import asyncio
import time
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from shared.kalshi import wire
from tests.faults.client import BOOK, Client, Simulator
from tests.stack import stack

pytestmark = pytest.mark.asyncio(loop_scope="package")


def steps(seqs: list[int]) -> set[int]:
    """Return how far each sequence number is from the one before."""
    return {after - before for before, after in pairwise(seqs)}


async def test_drop(sim: Simulator) -> None:
    """Three frames in a row are missing, once."""
    async with sim.listener() as client:
        await sim.post("drop", count=3, skip=2)
        seqs = await client.seqs(40)
        assert steps(seqs) == {1, 4}
        assert len([1 for before, after in pairwise(seqs) if after - before == 4]) == 1


async def test_flaky_line(sim: Simulator) -> None:
    """Frames are lost again and again while the fault lasts, also for who comes meanwhile; then none."""
    await sim.post("drop", chance=0.2, for_s=1.5)
    async with sim.listener() as client:
        assert max(steps(await client.seqs(100))) > 1
        await asyncio.sleep(1.6)
        (status,) = await sim.get("/sim/faults")
        assert (status["state"], status["hits"] > 10) == ("done", True)
        await client.until(lambda frame: frame["sending_ts_ms"] > time.time() * 1000 - 50)
        assert steps(await client.seqs(40)) == {1}


async def test_duplicate(sim: Simulator) -> None:
    """Two frames come twice, on the one connection that is named."""
    async with sim.listener() as other, sim.listener() as client:
        number = (await sim.get("/sim/sessions"))[-1]["number"]
        await sim.post("duplicate", count=2, session=number)
        seqs = await client.seqs(40)
        assert len(seqs) - len(set(seqs)) == 2
        assert steps(seqs) == {0, 1}
        assert steps(await other.seqs(40)) == {1}


async def test_reorder(sim: Simulator) -> None:
    """One frame comes after its successor."""
    async with sim.listener() as client:
        await sim.post("reorder")
        seqs = await client.seqs(40)
        assert steps(seqs) == {-1, 1, 2}
        assert steps(sorted(seqs)) == {1}


@pytest.mark.parametrize("in_order", [True, False])
async def test_delay(sim: Simulator, in_order: bool) -> None:
    """A frame comes late, before or after those that were said behind it."""
    async with sim.listener() as client:
        await sim.post("delay", delay_ms=300, in_order=in_order)
        first = await client.hear()
        seqs, late_ms = [first["seq"]], []
        while len(seqs) < 150:
            frame = await client.hear()
            late_ms.append(time.time() * 1000 - frame["sending_ts_ms"])
            seqs.append(frame["seq"])
        assert (steps(seqs) == {1}) is in_order
        assert steps(sorted(seqs)) == {1}
        assert max(late_ms) > 250


@pytest.mark.parametrize("code", [10, 25])
async def test_error(sim: Simulator, code: int) -> None:
    """It ends the subscription; the connection answers pings as if nothing had happened."""
    async with sim.listener() as client:
        await sim.post("error", code=code)
        frame = await client.hear("error")
        assert (frame["sid"], frame["msg"]["code"]) == (1, code)
        await client.silence(0.3)
        assert await client.pongs(1)
        await client.subscribe(sim.tickers)


async def test_unsubscribed(sim: Simulator) -> None:
    """It ends the subscription too, and says nothing of why."""
    async with sim.listener() as client:
        await sim.post("unsubscribed")
        frame = await client.hear("unsubscribed")
        assert (frame["sid"], "id" in frame) == (1, False)
        await client.silence(0.3)


@pytest.mark.parametrize("pongs", [True, False])
async def test_mute(sim: Simulator, pongs: bool) -> None:
    """The connection stays open without a word; when it speaks again there is a hole."""
    async with sim.listener() as client:
        await sim.post("mute", pongs=pongs, for_s=1.5)
        heard = await _last_seq(client)
        assert await client.pongs(0.3) is pongs
        await client.silence(0.2)
        assert (await client.hear(BOOK))["seq"] > heard + 50
        assert steps(await client.seqs(20)) == {1}
        assert await client.pongs(1)


async def _last_seq(client: Client) -> int:
    seq = 0
    try:
        while True:
            async with asyncio.timeout(0.3):
                seq = msgspec.json.decode(await client.connection.recv())["seq"]
    except TimeoutError:
        return seq


async def test_cut(sim: Simulator) -> None:
    """No close frame comes."""
    async with sim.listener() as client:
        await sim.post("cut", after_s=0.1)
        with pytest.raises(ConnectionClosedError) as ended:
            await client.hear("never")
        assert (ended.value.rcvd, client.connection.close_code) == (None, 1006)


async def test_close(sim: Simulator) -> None:
    """Code and reason come, after what was said before."""
    async with sim.listener() as client:
        await sim.post("close", reason="see you")
        with pytest.raises(ConnectionClosed):
            await client.hear("never")
        assert (client.connection.close_code, client.connection.close_reason) == (1001, "see you")


@pytest.mark.parametrize(
    ("members", "status", "words"),
    [
        ({"status": 401}, 401, b"INCORRECT_API_KEY_SIGNATURE"),
        ({"status": 401, "code": "header_timestamp_expired"}, 401, b'"code":"header_timestamp_expired"'),
        ({"status": 429}, 429, b"too many requests"),
        ({"status": 503}, 503, b"service unavailable"),
    ],
)
async def test_refuse_connect(sim: Simulator, members: dict[str, object], status: int, words: bytes) -> None:
    """Two handshakes fail, the third does not; who is connected stays."""
    async with sim.listener() as client:
        await sim.post("refuse_connect", count=2, **members)
        for _ in range(2):
            refused = await _refused(sim)
            assert refused[0] == status
            assert words in refused[1]
        async with sim.client():
            assert steps(await client.seqs(5)) == {1}


async def _refused(sim: Simulator) -> tuple[int, bytes]:
    with pytest.raises(InvalidStatus) as refused:
        async with sim.client():
            pass
    response = refused.value.response
    assert response.headers["Content-Type"] == "application/json"
    return response.status_code, bytes(response.body or b"")


async def test_pause(sim: Simulator) -> None:
    """Connections end, new ones are refused, nothing is traded; then all is as before."""
    async with sim.listener() as client:
        await sim.post("pause", for_s=1)
        with pytest.raises(ConnectionClosedError):
            await client.hear("never")
        assert (await _refused(sim))[0] == 503
        assert (await sim.get("/trade-api/v2/exchange/status"))["trading_active"] is False
        before = await sim.get(f"/sim/truth/{sim.tickers[0]}")
        await asyncio.sleep(0.3)
        assert await sim.get(f"/sim/truth/{sim.tickers[0]}") == before
        await asyncio.sleep(0.9)
        assert (await sim.get("/trade-api/v2/exchange/status"))["trading_active"] is True
    async with sim.listener() as client:
        assert steps(await client.seqs(5)) == {1}


@pytest.mark.parametrize("code", [9, 18, 23, 27])
async def test_refuse_command(sim: Simulator, code: int) -> None:
    """One command fails, the next does not."""
    async with sim.client() as client:
        await sim.post("refuse_command", code=code)
        await client.say("list_subscriptions", 7)
        frame = await client.hear()
        assert (frame["type"], frame["id"], frame["msg"]["code"]) == ("error", 7, code)
        await client.say("list_subscriptions", 8)
        assert (await client.hear())["type"] == "ok"


@pytest.mark.parametrize("known", [True, False])
async def test_unknown_type(sim: Simulator, known: bool) -> None:
    """A frame that no document tells of, on the subscription's sequence or outside of it."""
    async with sim.listener() as client:
        await sim.post("unknown_type", sid=known)
        frames = [await client.hear() for _ in range(20)]
        (strange,) = (frame for frame in frames if frame["type"] not in {BOOK, "orderbook_snapshot"})
        assert ("sid" in strange, "seq" in strange) == (known, known)
        assert steps([frame["seq"] for frame in frames if "seq" in frame]) == {1}


@pytest.mark.parametrize("changes_old", [0, 1_000_000])
async def test_snapshot(sim: Simulator, changes_old: int) -> None:
    """A book that nobody asked for: as it is, or as it was before all that was said about it."""
    async with sim.listener() as client:
        market = (await client.hear(BOOK))["msg"]["market_ticker"]
        await sim.post("snapshot", market_ticker=market, changes_old=changes_old)
        frame = await client.hear("orderbook_snapshot")
        assert (frame["msg"]["market_ticker"], "id" in frame) == (market, False)
        truth = await sim.get(f"/sim/truth/{market}?at_seq={frame['seq']}")
        told = {side: frame["msg"].get(f"{side}_fp", []) for side in ("yes_dollars", "no_dollars")}
        assert (told == truth["orderbook_fp"]) is (changes_old == 0)


async def test_big_snapshot(sim: Simulator) -> None:
    """A frame of more than a megabyte, which is a snapshot like any other."""
    async with sim.listener() as client:
        await sim.post("big_snapshot")
        while len(text := await client.raw()) < 1_000_000:
            pass
        assert isinstance(wire.decode(text), wire.OrderbookSnapshot)
        assert len(text) == 1_200_000


async def test_script_is_told(sim: Simulator) -> None:
    """What was posted can be seen, a mistake is explained, and a list is taken whole or not at all."""
    reply = await sim.send(b'[{"fault":"cut","after_s":60},{"fault":"close","after_s":60,"code":4000}]')
    assert reply.status_code == 200
    told = await sim.get("/sim/faults")
    assert told == reply.json()
    assert [(status["fault"]["fault"], status["state"], status["hits"]) for status in told] == [
        ("cut", "waiting", 0),
        ("close", "waiting", 0),
    ]
    reply = await sim.send(b'[{"fault":"cut"},{"fault":"dorp"}]')
    assert reply.status_code == 400
    assert "Did you mean drop?" in reply.json()["error"]
    assert len(await sim.get("/sim/faults")) == 2
    await sim.clear()
    assert await sim.get("/sim/faults") == []


async def test_script_from_a_file(tmp_path: Path) -> None:
    """It is posted before anybody comes; who comes first is met."""
    file = tmp_path / "faults.json"
    file.write_text('[{"fault":"refuse_connect","status":429},{"fault":"refuse_command","code":18}]', "utf-8")
    async with stack(SIM_MARKETS="1", SIM_RATE="0", SIM_FAULTS=str(file)) as services:
        await services.start("simulator")
        sim = Simulator(services.sim_url, [])
        assert [status["state"] for status in await sim.get("/sim/faults")] == ["active", "waiting"]
        assert (await _refused(sim))[0] == 429
        async with sim.client() as client:
            await client.say("list_subscriptions")
            assert (await client.hear())["msg"] == {"code": 18, "msg": "Command timeout"}
        await sim.close()
