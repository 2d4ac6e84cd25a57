"""Openings and closings, which the exchange does not announce."""

import pytest

from proto.units import SECOND
from services.catalog.universe import LEAD, LINGER
from tests.unit.services.catalog.harness import HOUR, START, Bench, market

A = "KXBTC15M-26NOV201015-15"
OPEN, CLOSE = START.ts + 60 * SECOND, START.ts + 120 * SECOND


def _created(bench: Bench) -> None:
    bench.hear(A, "created", open_ts=OPEN, close_ts=CLOSE, event_ticker="KXBTC15M-26NOV201015", title="BTC up?")


def _at(bench: Bench, ts: int) -> Bench:
    return bench.run((ts - bench.now.ts) / SECOND)


def test_a_short_market_from_its_creation_to_its_end() -> None:
    """Known at once, followed before it opens until after it closed; its opening and closing are said, in time."""
    bench = Bench().run()
    _created(bench)
    assert (bench.bucket[A].status, bench.bucket[A].title, bench.followed) == ("initialized", "BTC up?", set())
    assert _at(bench, OPEN - LEAD).followed == {A}
    assert bench.words == []
    _at(bench, OPEN)
    assert bench.words == [(A, "opened")]
    assert bench.bucket[A].status == "active"
    _at(bench, CLOSE)
    assert bench.words == [(A, "opened"), (A, "closed")]
    assert bench.followed == {A}
    assert _at(bench, CLOSE + LINGER).followed == set()
    opened, closed = bench.said
    assert (opened.source, opened.received_ts, opened.open_ts) == ("clock", OPEN, OPEN)
    assert (closed.received_ts, closed.close_ts) == (CLOSE, CLOSE)


def test_the_clock_knows_when_it_is_due() -> None:
    """The next moment is that of the market which has one next."""
    bench = Bench(market("KXA-1-A"), market("KXA-1-B", close_ts=START.ts + 7 * SECOND)).run()
    assert bench.core.clock_ts() == START.ts + 7 * SECOND
    assert Bench().run().core.clock_ts() is None


def test_the_exchange_is_asked_after_the_clock_spoke() -> None:
    """An opening by the clock is verified by a look-up."""
    bench = Bench().run()
    _created(bench)
    _at(bench, OPEN)
    before = len(bench.asked)
    bench.listed[A] = market(A, open_ts=OPEN, close_ts=CLOSE + HOUR)
    bench.run(3)
    assert bench.asked[before].tickers == (A,)
    assert bench.bucket[A].close_ts == CLOSE + HOUR


def test_an_old_answer_does_not_close_the_clock() -> None:
    """A list that still calls a market unopened, or open, after its time is read by the market's own times."""
    shown = market(A, status="initialized", open_ts=START.ts + SECOND, close_ts=START.ts + 2 * SECOND)
    bench = Bench(shown).run(5)
    assert bench.words == [(A, "opened"), (A, "closed")]
    assert bench.bucket[A].status == "closed"


def test_a_market_that_was_open_when_we_came_is_not_announced() -> None:
    """At the start nothing is said of what is long open; what has just opened is."""
    bench = Bench(market("KXA-1-A"), market("KXA-1-B", open_ts=START.ts - 5 * SECOND)).run()
    assert bench.words == [("KXA-1-B", "opened")]


def test_a_close_that_moves() -> None:
    """A later close is heeded, also when the earlier one has passed already."""
    bench = Bench(market(A, close_ts=CLOSE)).run()
    bench.listed[A] = market(A, close_ts=CLOSE + 60 * SECOND)
    bench.hear(A, "close_date_updated", close_ts=CLOSE + 60 * SECOND)
    _at(bench, CLOSE + SECOND)
    assert bench.words == []
    _at(bench, CLOSE + 60 * SECOND)
    assert bench.words == [(A, "closed")]
    bench.hear(A, "close_date_updated", close_ts=CLOSE + HOUR)
    assert bench.bucket[A].status == "active"
    assert bench.words[1:] == [(A, "opened")]


def test_an_early_determination_closes() -> None:
    """A market that is decided before its time is closed with that, and followed for a last moment."""
    bench = Bench(market(A)).run(1)
    bench.listed.clear()
    bench.hear(A, "determined", result="yes", determination_ts=bench.now.ts)
    assert bench.words == [(A, "closed")]
    assert bench.followed == {A}
    assert bench.run(LINGER / SECOND + 0.2).followed == set()


@pytest.mark.parametrize(
    ("event_type", "is_deactivated", "status"),
    [("deactivated", True, "inactive"), ("deactivated", None, "inactive"), ("activated", False, "active")],
)
def test_a_pause_is_no_end(event_type: str, is_deactivated: bool | None, status: str) -> None:
    """A paused market stays followed."""
    bench = Bench(market(A)).run()
    bench.hear(A, event_type, is_deactivated=is_deactivated)
    assert (bench.bucket[A].status, bench.followed, bench.words) == (status, {A}, [])


def test_a_created_market_that_lists_show_late_is_kept() -> None:
    """A market can be created some time before lists show it: it is looked up again and again, and kept."""
    bench = Bench().run()
    bench.hear(A, "created", open_ts=START.ts, close_ts=START.ts + HOUR)
    bench.run(10)
    assert bench.followed == {A}
    bench.listed[A] = market(A, exchange_index=2)
    bench.run(30)
    assert bench.bucket[A].exchange_index == 2


def test_our_own_clock_is_not_heard() -> None:
    """What a catalog said itself, or another one did, changes nothing."""
    bench = Bench(market(A, close_ts=START.ts + SECOND)).run(2)
    written = bench.written
    bench.core.heard(bench.said[0], bench.now)
    bench.run()
    assert bench.written == written
