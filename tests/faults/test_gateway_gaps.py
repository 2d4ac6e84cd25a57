"""A lost frame is seen at once and mended within a second; replies out of order are not taken for one."""

from itertools import pairwise

import pytest

from proto.units import SECOND
from tests.faults.client import Simulator
from tests.faults.gateway import Feed, feed
from tests.stack import Stack

pytestmark = pytest.mark.asyncio(loop_scope="package")

#: Several updates at once, so that their replies and snapshots come in any order.
EXTRA = 6


async def _shuffle(running: Feed) -> None:
    """Have replies that consume numbers come out of order, between snapshots."""
    await running.sim.post("habits", set={"acks_shuffled": True, "ok_after_get_snapshot": True})
    tickers = running.tape.tickers
    for number in range(EXTRA):
        await running.request("unsubscribe", client="test", tickers=[f"KXNONE-{n}" for n in range(number)])
        await running.lease(*(f"KXNONE-{n}" for n in range(number, number + 3)))
        await running.request("resync", tickers=tickers[number::2])
        await running.run(0.1)
    await running.until(lambda: running.tape.live() >= {f"KXNONE-{EXTRA + 1}"})


async def test_replies_out_of_order_are_no_gap(network: Stack, listed: Simulator) -> None:
    """While `ok`s consume numbers, come out of order and between snapshots, no market is stale but those given up."""
    async with feed(network, listed) as running:
        await _shuffle(running)
        assert set(running.tape.reasons()) == {"unsubscribed"}
        assert await running.count("gaps") == 0
        assert await running.count("frames", type="ok") > EXTRA
        await running.ends_right()


async def test_one_lost_frame_between_replies(network: Stack, listed: Simulator) -> None:
    """The same with one frame lost: all are stale in the turn of the frame that shows it, and right in a second."""
    async with feed(network, listed) as running:
        await running.run(0.2)
        first = len(running.tape.messages)
        await listed.post("drop", skip=20)
        await _shuffle(running)
        stale = [m for m in running.tape.said("stale", first) if m["reason"] == "gap"]
        assert {message["ticker"] for message in stale} >= set(listed.tickers)
        [noticed] = {message["received_ts"] for message in stale}
        # The frame that shows the loss is not on the bus: it came after the last change before, with the first mark.
        place = running.tape.messages.index(stale[0])
        changes = [m for m in running.tape.messages[:place] if m["type"] in {"delta", "snapshot"}]
        assert noticed - changes[-1]["received_ts"] < SECOND
        back = [_back(running, place, ticker) for ticker in listed.tickers]
        assert max(back) - noticed < 20 * SECOND
        assert await running.count("repairs", step="snapshot") == 1
        assert await running.count("gaps", channel="orderbook_delta") == 1
        await running.ends_right()


def _back(running: Feed, place: int, ticker: str) -> int:
    snapshots = [m for m in running.tape.said("snapshot", place) if m["ticker"] == ticker]
    received: int = snapshots[0]["received_ts"]
    return received


async def test_a_flaky_line_never_shows_a_wrong_book(network: Stack, listed: Simulator) -> None:
    """While frames are lost again and again books are stale more than live, never wrong, and then all live again."""
    async with feed(network, listed) as running:
        await listed.post("drop", chance=0.01, for_s=1.5)
        await running.run(1.5)
        await running.ends_right(timeout_s=20)
        assert await running.count("gaps") > 1
        for ticker in listed.tickers:
            snapshots = [m["epoch"] for m in running.tape.said("snapshot") if m["ticker"] == ticker]
            assert all(one < other for one, other in pairwise(snapshots))
