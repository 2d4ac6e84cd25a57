"""The traps that have bitten other clients of the exchange, one test each, by their number.

Most run a real gateway against the simulator and judge what the bus said by the simulator's truth; where no outside can
show it better, the pure core is fed by hand. These traps touch no gateway of market data:

| trap | why |
| --- | --- |
| 18 YAML reads unquoted `yes` and `no` as booleans | nothing reads the exchange's specifications while it runs |
| 19 documents show an old form of commands | the simulator, like the exchange, answers today's form only |
| 28 fills and orders are not checked for gaps | they are the private feed's, with tests of its own |
| 29 an event's markets can sit on another shard | it concerns who places and cancels orders |
| 30 lists of markets are cut without their cursors | only the catalog reads lists, with tests of its own |
"""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio

from proto.book import Snapshot
from proto.units import SECOND
from services.gateway.subscriptions import BOOK
from shared.kalshi.commands import ListSubscriptions, Subscribe
from tests.faults.client import PATH, Simulator
from tests.faults.gateway import Feed, feed
from tests.stack import Stack
from tests.unit.services.gateway.harness import BOOK_SID, A, B, Bench, frame
from tests.unit.services.gateway.harness import listed as answered

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest_asyncio.fixture(scope="class", loop_scope="package")
async def lasting(network: Stack, listed_tickers: list[str]) -> AsyncIterator[Feed]:
    """One gateway for several tests."""
    sim = Simulator(network.sim_url, listed_tickers)
    async with feed(network, sim) as running:
        yield running
    await sim.close()


@pytest_asyncio.fixture(loop_scope="package")
async def calm(lasting: Feed) -> Feed:
    """The lasting gateway, of which nothing was heard yet."""
    lasting.tape.forget()
    return lasting


class TestWithoutLoss:
    """Traps that cost no book: one gateway meets them all."""

    async def test_trap_02_sequence_is_per_sid(self, calm: Feed) -> None:
        """Twelve markets on one sid, each with holes in its own share of the numbers, are no gap."""
        await calm.run(0.5)
        changes = calm.tape.said("delta")
        busiest = Counter(m["ticker"] for m in changes).most_common(1)[0][0]
        seqs = [m["exchange_seq"] for m in changes if m["ticker"] == busiest]
        assert max(later - sooner for sooner, later in pairwise(seqs)) > 1
        assert not calm.tape.reasons()
        await calm.ends_right()

    async def test_trap_03_dropping_one_market_costs_no_other(self, calm: Feed, listed: Simulator) -> None:
        """A settled market leaves the subscription; the others' messages go on without a mark or a new book."""
        await calm.step("create", ticker="KXTRAP-3-A", open_in_s=0, close_in_s=600)
        await calm.lease("KXTRAP-3-A")
        await calm.until(lambda: "KXTRAP-3-A" in calm.tape.live())
        first = len(calm.tape.messages)
        await calm.step("determine", ticker="KXTRAP-3-A", result="yes")
        await calm.step("settle", ticker="KXTRAP-3-A")
        await calm.until(lambda: "KXTRAP-3-A" not in calm.tape.live())
        await calm.run(0.3)
        [session] = await listed.get("/sim/sessions")
        assert all("KXTRAP-3-A" not in subscription["market_tickers"] for subscription in session["subscriptions"])
        assert [(m["ticker"], m["reason"]) for m in calm.tape.said("stale", first)] == [("KXTRAP-3-A", "unsubscribed")]
        assert calm.tape.said("snapshot", first) == []
        await calm.ends_right()

    async def test_trap_04_missing_sides_are_empty(self, calm: Feed) -> None:
        """The snapshot of a market that is not open yet has neither key: its book is live and empty."""
        await calm.step("create", ticker="KXTRAP-4-A", open_in_s=300, close_in_s=600)
        await calm.lease("KXTRAP-4-A")
        await calm.until(lambda: "KXTRAP-4-A" in calm.tape.live())
        [snapshot] = [m for m in calm.tape.said("snapshot") if m["ticker"] == "KXTRAP-4-A"]
        assert (snapshot["yes"], snapshot["no"], calm.tape.quarantined) == ([], [], [])

    async def test_trap_10_no_message_says_that_a_market_opens(self, calm: Feed) -> None:
        """A market is followed before it opens, and is live without any `activated`."""
        await calm.step("create", ticker="KXTRAP-10-A", open_in_s=0.5, close_in_s=600)
        await calm.lease("KXTRAP-10-A")
        await calm.run(0.8)
        assert "KXTRAP-10-A" in calm.tape.live()
        assert [m for m in calm.tape.said("lifecycle") if m["event_type"] == "activated"] == []

    async def test_trap_11_types_are_not_channels(self, calm: Feed) -> None:
        """Every type that the followed channels carry is understood, whatever it is called."""
        await calm.step("create", ticker="KXTRAP-11-A", open_in_s=0, close_in_s=600)
        await calm.step("metadata_updated", ticker="KXTRAP-11-A", yes_sub_title="Yes")
        for action in ("price_level_structure_updated", "deactivate", "activate"):
            await calm.step(action, ticker="KXTRAP-11-A")
        await calm.step("event_fee_update", event_ticker="KXTRAP-11")
        await calm.step("other", ticker="KXTRAP-11-A", event_type="renamed")
        await calm.until(lambda: {m["event_type"] for m in calm.tape.said("lifecycle")} >= {"created", "activated"})
        await calm.until(lambda: calm.tape.said("trade") and calm.tape.said("ticker"))
        assert calm.tape.said("event")
        assert calm.tape.quarantined == []

    async def test_trap_17_tickers_have_dots(self, calm: Feed) -> None:
        """A ticker with a dot is one token of its subject, and its own name in every message."""
        await calm.step("create", ticker="KXTRAP-17-T3.00", open_in_s=0, close_in_s=600)
        await calm.lease("KXTRAP-17-T3.00")
        await calm.until(lambda: "KXTRAP-17-T3.00" in calm.tape.live())
        [subject] = {s for s in calm.tape.subjects if "KXTRAP-17" in s and ".book." in s}
        assert subject == "kalshi.v1.book.KXTRAP.KXTRAP-17-T3=2E00"

    async def test_trap_21_big_frames(self, calm: Feed, listed: Simulator) -> None:
        """A frame of more than a megabyte ends nothing, and acknowledgements are asked for without their lists."""
        await listed.post("big_snapshot", bytes=3_000_000)
        await calm.run(0.5)
        assert not await disconnected(calm)
        assert await calm.count("gaps") == 0
        await calm.ends_right()
        [command, *_] = Bench(A).open().commands
        assert isinstance(command, Subscribe)
        assert command.params.skip_ticker_ack is True

    async def test_trap_22_the_exchange_does_not_tell_what_we_hold(self, calm: Feed, listed: Simulator) -> None:
        """What is held and acknowledged is known here, market by market, and the exchange's list is never asked for."""
        told = [await calm.request("explain", ticker=ticker) for ticker in (listed.tickers[0], "KXNOBODY-1")]
        assert [(t["subscribed"], t["acknowledged"], t["status"]) for t in told] == [
            (True, True, "live"),
            (False, False, None),
        ]
        commands = [*Bench(A, B).live().wait(60).commands, *Bench(A).open().commands]
        assert not any(isinstance(command, ListSubscriptions) for command in commands)

    async def test_trap_23_a_slow_reader(self, calm: Feed) -> None:
        """A gateway that was held up for a second reads what has piled up, in order, and loses nothing."""
        program = calm.services.programs["gateway"].process
        program.send_signal(signal.SIGSTOP)
        await asyncio.sleep(1.0)
        program.send_signal(signal.SIGCONT)
        await calm.run(0.5)
        await calm.ends_right()
        assert (await calm.count("gaps"), calm.tape.reasons()) == (0, {})

    async def test_trap_27_trades_repeat(self, calm: Feed, listed: Simulator) -> None:
        """A trade that is told twice on one connection is said once, and all carry the id that tells them apart."""
        await listed.post("duplicate", channel="trade", count=5)
        await calm.until(lambda: len(calm.tape.said("trade")) > 30)
        ids = [message["trade_id"] for message in calm.tape.said("trade")]
        assert len(ids) == len(set(ids))
        assert await calm.count("repeated_frames") == 5


async def disconnected(running: Feed) -> bool:
    """Whether the gateway has lost a connection."""
    return await running.count("disconnects") > 0


async def test_trap_01_resubscribe_storm(network: Stack, listed: Simulator) -> None:
    """Losses without end lead to a few repairs, heartbeats go on meanwhile, and afterwards all is well."""
    async with feed(network, listed) as running:
        await listed.post("drop", chance=0.3, for_s=2.0)
        await running.run(2.0)
        await running.ends_right(timeout_s=15)
        assert await running.count("gaps") > 5
        assert await running.count("repairs") <= 9
        beats = [message["sent_ts"] for message in running.tape.said("heartbeat")]
        assert max(later - sooner for sooner, later in pairwise(beats)) < 10 * SECOND


async def test_trap_05_unknown_markets_keep_the_sequence() -> None:
    """Changes before a book, or of a market that is not followed, say nothing and are no hole."""
    bench = Bench(A)
    bench.open()
    early = bench.give(bench.delta(A), bench.delta("KXZ-1"))
    done = bench.give(bench.snapshot(A), bench.delta("KXZ-1"), bench.delta(A))
    assert early.books == []
    assert [(message.ticker, message.seq) for message in done.books] == [(A, 0), (A, 1)]


async def test_trap_06_nothing_survives_a_connection(network: Stack, listed: Simulator) -> None:
    """A cut marks every book, and the next connection, with other sids, begins each anew in a larger epoch."""
    async with feed(network, listed) as running:
        first = len(running.tape.messages)
        await listed.post("habits", set={"first_sid": 7})
        await listed.post("cut")
        await running.until(lambda: running.tape.reasons(first)["disconnected"] == len(listed.tickers))
        await running.ends_right()
        for ticker in listed.tickers:
            before, after = ([m["epoch"] for m in part if m["ticker"] == ticker] for part in _halves(running, first))
            assert max(before) < min(after)


def _halves(running: Feed, place: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    snapshots, after = running.tape.said("snapshot"), running.tape.said("snapshot", place)
    return snapshots[: len(snapshots) - len(after)], after


async def test_trap_07_silent_death(network: Stack, listed: Simulator) -> None:
    """A connection that is open, takes what we send and answers nothing is given up, and every book marked."""
    async with feed(network, listed) as running:
        await listed.post("mute", pongs=False)
        await running.until(lambda: running.tape.reasons()["disconnected"] == len(listed.tickers), timeout_s=30)
        await running.ends_right()


@pytest.mark.parametrize("code", [10, 25, None])
async def test_trap_08_alive_but_unsubscribed(network: Stack, listed: Simulator, code: int | None) -> None:
    """When the subscription dies and the connection lives, books are marked at once and back within a second."""
    async with feed(network, listed) as running:
        first = len(running.tape.messages)
        await (listed.post("unsubscribed") if code is None else listed.post("error", code=code))
        await running.until(lambda: running.tape.reasons(first)["exchange_error"] == len(listed.tickers))
        noticed = running.tape.said("stale", first)[0]["received_ts"]
        await running.ends_right()
        assert max(m["received_ts"] for m in running.tape.said("snapshot", first)) - noticed < 20 * SECOND
        assert not await disconnected(running)
        assert await running.count("repairs", step="resubscribe") == 1


async def test_trap_09_quiet_markets_are_not_death() -> None:
    """Markets that say nothing for a day, or never had a book, lead to no reconnect and to no flood of commands."""
    bench = Bench(A, B)
    bench.open()
    bench.give(frame("subscribed", None, None, {"channel": BOOK, "sid": BOOK_SID}, 1), bench.snapshot(A))
    commands = 0
    for _ in range(3600):
        done = bench.wait(1)
        assert (done.drop, done.stale) == (None, {})
        commands += len(done.commands)
        # Quiet as it is, it answers what anybody does who listens.
        bench.give(*[answered(command) for command in done.commands if isinstance(command, ListSubscriptions)])
    assert commands <= 3600 / 10


async def test_trap_12_models_are_neither_strict_nor_integer(network: Stack, listed: Simulator) -> None:
    """Members that nobody knows and the integers of old beside the strings change nothing."""
    await listed.post("unknown_members")
    await listed.post("legacy_twins")
    async with feed(network, listed) as running:
        await running.run(0.5)
        await running.ends_right()
        assert (running.tape.quarantined, running.tape.reasons()) == ([], {})


async def test_trap_13_the_default_scale_may_flip(network: Stack, listed: Simulator) -> None:
    """Whatever scale is the default, the no side is not mirrored, for ours is always asked for."""
    await listed.post("yes_price_default")
    async with feed(network, listed) as running:
        await running.ends_right()


async def test_trap_14_one_price_has_many_spellings() -> None:
    """`0.480` and `0.4800` are one level."""
    bench = Bench(A)
    bench.open()
    book = {"market_ticker": A, "yes_dollars_fp": [["0.480", "10"]]}
    change = {"market_ticker": A, "side": "yes", "price_dollars": "0.4800", "delta_fp": "-10.00"}
    done = bench.give(frame("orderbook_snapshot", 1, 1, book), frame("orderbook_delta", 1, 2, change))
    snapshot, delta = done.books
    assert isinstance(snapshot, Snapshot)
    assert snapshot.yes == ((4800, 1000),)
    assert (getattr(delta, "price", None), getattr(delta, "delta", None)) == (4800, -1000)


async def test_trap_15_no_floats() -> None:
    """A tenth and two tenths less three tenths is nothing, in the bus's integers."""
    bench = Bench(A).live()
    done = bench.give(*(bench.delta(A, delta_fp=change) for change in ("0.10", "0.20", "-0.30")))
    assert sum(getattr(message, "delta", 0) for message in done.books) == 0
    assert all(isinstance(getattr(message, "delta", None), int) for message in done.books)


async def test_trap_16_one_name_for_many_times() -> None:
    """`ts` in seconds, `ts` as a text and `ts_ms` are all microseconds on the bus."""
    bench = Bench(A, channels=("orderbook_delta", "trade")).live()
    trade = {"market_ticker": A, "trade_id": "t", "yes_price": 40, "no_price": 60, "count": 2, "taker_side": "yes"}
    done = bench.give(
        bench.delta(A, ts="2026-10-05T12:00:00Z"),
        bench.delta(A, ts="2026-10-05T12:00:00Z", ts_ms=1_791_201_600_000),
        frame("trade", 2, 1, {**trade, "ts": 1_791_201_600}),
    )
    assert {getattr(message, "exchange_ts", None) for message in done.said} == {1_791_201_600_000_000}


async def test_trap_20_signing(network: Stack, listed: Simulator) -> None:
    """The path is signed without its query, in milliseconds and with PSS: the simulator verifies, and lets us in."""
    url = f"ws://127.0.0.1:{network.ports['sim']}{PATH}?client=test"
    async with feed(network, listed, KALSHI_WS_URL=url) as running:
        assert await running.count("failed_dials") == 0
        await running.ends_right()


async def test_trap_24_no_book_comes_from_rest(network: Stack, listed: Simulator) -> None:
    """After a loss every book that is said is the feed's at the number it names, which REST could not know."""
    async with feed(network, listed) as running:
        await running.run(0.2)
        first = len(running.tape.messages)
        await listed.post("drop")
        await running.until(lambda: running.tape.reasons(first)["gap"] == len(listed.tickers))
        await running.all_live()
        await running.were_true(running.tape.snapshots(first))
        await running.ends_right()


async def test_trap_25_data_before_the_acknowledgement(network: Stack, listed: Simulator) -> None:
    """Books and changes that come before `subscribed` count."""
    await listed.post("data_before_ack", delay_ms=700)
    async with feed(network, listed) as running:
        assert not (await running.request("explain", ticker=listed.tickers[0]))["acknowledged"]
        await running.run(0.8)
        await running.ends_right()
        assert (await running.count("gaps"), running.tape.reasons()) == (0, {})


async def test_trap_26_thursday(network: Stack, listed: Simulator) -> None:
    """The maintenance marks every book; attempts to come back are few and no errors, and it ends alone."""
    async with feed(network, listed) as running:
        await listed.post("pause", for_s=1.5)
        await running.until(lambda: running.tape.reasons()["disconnected"] == len(listed.tickers))
        await running.ends_right(timeout_s=20)
        assert 1 <= await running.count("failed_dials") <= 10
        assert '"level":"error"' not in network.programs["gateway"].log.read_text().replace(" ", "")
