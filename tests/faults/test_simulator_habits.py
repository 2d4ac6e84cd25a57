"""Each fault of the script that changes habits, as a plain WebSocket client sees it, against a real simulator."""

import pytest

from proto.units import DOLLAR
from shared.kalshi.numbers import count, dollars
from tests.faults.client import BOOK, Simulator

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_slow_ack(sim: Simulator) -> None:
    """Nothing is done before the delay is over."""
    async with sim.client() as client:
        await sim.post("slow_ack", delay_ms=400)
        await client.say("list_subscriptions")
        await client.silence(0.3)
        assert (await client.hear())["type"] == "ok"


async def test_data_before_ack(sim: Simulator) -> None:
    """Snapshot and changes come before `subscribed` does."""
    async with sim.client() as client:
        await sim.post("data_before_ack", delay_ms=400)
        await client.say("subscribe", channels=[BOOK], market_tickers=sim.tickers)
        assert (await client.hear())["type"] == "orderbook_snapshot"
        await client.hear(BOOK)
        assert (await client.hear("subscribed"))["msg"]["sid"] == 1


async def test_legacy_twins(sim: Simulator) -> None:
    """Cents and whole contracts stand beside the strings, rounded where those are finer."""
    async with sim.listener() as client:
        await sim.post("legacy_twins")
        msg = (await client.until(lambda frame: "price" in frame["msg"]))["msg"]
        assert msg["price"] == (dollars(msg["price_dollars"]) + 50) // 100
        assert msg["delta"] == round(count(msg["delta_fp"]) / 100)
        await sim.post("legacy_twins", on=False)
        await client.until(lambda frame: "price" not in frame["msg"])


async def test_unknown_members(sim: Simulator) -> None:
    """Messages grow members, and lose them when the fault's time is over."""
    async with sim.listener() as client:
        usual = set((await client.hear())["msg"])
        await sim.post("unknown_members", for_s=0.3)
        await client.until(lambda frame: set(frame["msg"]) > usual)
        await client.until(lambda frame: set(frame["msg"]) == usual)


async def test_yes_price_default(sim: Simulator) -> None:
    """Who does not choose gets the yes scale: what was bid for no is asked for yes."""
    await sim.post("yes_price_default")
    ticker = sim.tickers[0]
    async with sim.client() as client:
        for sid, (params, yes_scale) in enumerate((({}, True), ({"use_yes_price": False}, False)), 1):
            await client.say("subscribe", sid, channels=[BOOK], market_tickers=[ticker], **params)
            snapshot = await client.hear("orderbook_snapshot")
            truth = await sim.get(f"/sim/truth/{ticker}?at_seq={snapshot['seq']}&sid={sid}")
            bids = [dollars(price) for price, _ in truth["orderbook_fp"]["no_dollars"]]
            told = [dollars(price) for price, _ in snapshot["msg"]["no_dollars_fp"]]
            assert sorted(told) == sorted(DOLLAR - bid if yes_scale else bid for bid in bids)
            await client.say("unsubscribe", 3, sids=[sid])
            await client.hear("unsubscribed")


async def test_habits(sim: Simulator) -> None:
    """Any of them, on all connections, until faults are cleared."""
    await sim.post("habits", set={"first_sid": 7, "sending_ts_ms": False, "ts_ms": False, "max_markets": 3})
    async with sim.client() as client:
        await client.say("subscribe", channels=[BOOK], market_tickers=sim.tickers[:3])
        assert (await client.hear("subscribed"))["msg"]["sid"] == 7
        frame = await client.hear(BOOK)
        assert "sending_ts_ms" not in frame
        assert "ts_ms" not in frame["msg"]
        await client.say("update_subscription", 2, sid=7, action="add_markets", market_tickers=sim.tickers)
        assert (await client.hear("error"))["msg"]["code"] == 26
        await sim.clear()
        await client.until(lambda frame: "sending_ts_ms" in frame and "ts_ms" in frame["msg"])


async def test_replies_in_other_orders(sim: Simulator) -> None:
    """`ok` after the snapshots, and outside of the subscription's sequence."""
    await sim.post("habits", set={"ok_after_snapshots": True, "ok_after_get_snapshot": True})
    await sim.post("habits", set={"control_shares_seq": False})
    async with sim.client() as client:
        await client.subscribe(sim.tickers[:1])
        for command_id, action in ((2, "add_markets"), (3, "get_snapshot")):
            await client.say("update_subscription", command_id, sid=1, action=action, market_tickers=[sim.tickers[1]])
            frames = [await client.until(lambda frame: frame["type"] != BOOK) for _ in range(2)]
            assert [frame["type"] for frame in frames] == ["orderbook_snapshot", "ok"]
            assert frames[1]["seq"] == command_id - 1


async def test_shuffled_replies(sim: Simulator) -> None:
    """Sooner or later a snapshot comes before `subscribed`."""
    await sim.post("habits", set={"acks_shuffled": True})
    first = set()
    for _ in range(20):
        async with sim.client() as client:
            await client.say("subscribe", channels=[BOOK], market_tickers=sim.tickers)
            first.add((await client.hear())["type"])
    assert first == {"subscribed", "orderbook_snapshot"}
