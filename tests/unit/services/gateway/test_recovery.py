"""The ladder as a session climbs it: snapshots, a new subscription, a new connection; and channels without books."""

import pytest

from services.gateway.repair import (
    ATTEMPTS,
    CHUNK,
    HEALTH_S,
    IN_FLIGHT,
    PATIENCE_S,
    PAUSE_S,
    SET_ASIDE_S,
    UNSUBSCRIBE_S,
)
from services.gateway.subscriptions import LIFECYCLE
from tests.unit.services.gateway.harness import BOOK_SID, PROBE, A, B, Bench, C, Done, frame, listed, subscribed

MANY = tuple(f"KXA-{number:04}" for number in range(1000))


def lose(bench: Bench, ticker: str = A) -> Done:
    """Bring a change after a lost one."""
    bench.seq += 1
    return bench.give(bench.delta(ticker))


def unsubscribed(sid: int, command_id: int | None = None) -> bytes:
    """Make the end of a subscription."""
    return frame("unsubscribed", sid, 900, None, command_id)


def snapshot(sid: int, seq: int, ticker: str) -> bytes:
    """Make an empty book of a subscription."""
    return frame("orderbook_snapshot", sid, seq, {"market_ticker": ticker})


def climbed(bench: Bench) -> Done:
    """Have the second step taken: a loss, one book that comes, and a loss again."""
    lose(bench)
    bench.give(bench.snapshot(A, command_id=2))
    lose(bench)
    return bench.wait(PAUSE_S + 0.1)


def test_many_books_are_asked_for_in_turns() -> None:
    """After a loss a bounded number of books is on its way, in chunks, and the rest follows as they come."""
    bench = Bench(*MANY).live()
    asked = lose(bench, MANY[0]).short
    assert [(action, len(tickers.split(","))) for action, _, tickers in asked] == [("get_snapshot", CHUNK)]
    asked += bench.wait(1.0).short
    assert len(asked) * CHUNK == IN_FLIGHT
    for ticker in MANY:
        asked += bench.give(bench.snapshot(ticker)).short
    assert sorted(ticker for _, _, tickers in asked for ticker in tickers.split(",")) == list(MANY)
    assert bench.core.markets.stale_count() == 0
    assert bench.wait(HEALTH_S).commands == []


def test_a_repair_is_counted_and_timed() -> None:
    """One loss that snapshots mend counts one gap, one repair and its success, and the seconds until all were live."""
    bench = Bench(A, B).live()
    lose(bench)
    bench.wait(0.3)
    bench.core.received(bench.snapshot(A), bench.now)
    assert bench.core.out.timings == []
    bench.core.received(bench.snapshot(B), bench.now)
    [(name, seconds)] = bench.core.out.timings
    assert (name, round(seconds, 3)) == ("repair", 0.3)
    counts = bench.core.counts
    assert counts["gaps", "orderbook_delta"] == counts["repairs", "snapshot"] == counts["repairs_done", "snapshot"] == 1
    assert counts["repairs_failed", "snapshot"] == 0


def test_losses_before_the_first_book_are_one() -> None:
    """Frames out of order show several holes at once: what was asked for at the first still mends them all."""
    bench = Bench(A, B).live()
    lose(bench)
    for _ in range(3):
        assert lose(bench, B).commands == []
    bench.give(bench.snapshot(A), bench.snapshot(B))
    assert bench.core.markets.stale_count() == 0
    assert bench.wait(HEALTH_S).commands == []


def test_a_second_loss_subscribes_anew() -> None:
    """A loss between the books of a repair ends the subscription, and begins a new one when it has ended."""
    bench = Bench(A, B).live()
    lose(bench)
    bench.give(bench.snapshot(A))
    assert lose(bench, B).stale == {A: "gap"}
    assert bench.core.out.commands == []
    [ending] = bench.wait(PAUSE_S + 0.1).commands
    assert type(ending).__name__ == "Unsubscribe"
    assert bench.give(bench.snapshot(A), bench.delta(A)).books == []
    done = bench.give(unsubscribed(BOOK_SID, ending.id))
    assert done.short == [("subscribe", "orderbook_delta", f"{A},{B}")]
    done = bench.give(snapshot(2, 1, A), subscribed("orderbook_delta", 2, done.commands[0].id), snapshot(2, 2, B))
    assert [message.ticker for message in done.books] == [A, B]
    assert bench.core.counts["repairs_done", "resubscribe"] == bench.core.counts["repairs_failed", "snapshot"] == 1
    assert bench.wait(HEALTH_S).commands == []


def test_a_pause_that_brings_the_books_saves_the_next_step() -> None:
    """If the books come before the next step's pause is over it is not taken."""
    bench = Bench(A, B).live()
    lose(bench)
    bench.give(bench.snapshot(A))
    lose(bench)
    bench.give(bench.snapshot(A), bench.snapshot(B))
    assert bench.wait(HEALTH_S).commands == []
    assert bench.core.counts["repairs", "resubscribe"] == 0


def test_live_markets_are_told_that_they_are_resubscribed() -> None:
    """When most books do not come, those that did are stale again with `resubscribed`."""
    bench = Bench(A, B, C).live()
    lose(bench)
    bench.give(bench.snapshot(A))
    done = bench.wait(PATIENCE_S + 0.2)
    assert done.stale == {A: "resubscribed"}
    assert ("Unsubscribe", "", "") in done.short


def test_a_missing_unsubscribed_is_not_waited_for() -> None:
    """Without the confirmation the new subscription is asked for after a while."""
    bench = Bench(A, B).live()
    climbed(bench)
    assert bench.wait(UNSUBSCRIBE_S - 0.2).commands == []
    assert bench.wait(0.4).short == [("subscribe", "orderbook_delta", f"{A},{B}")]


def test_a_merged_subscribe_is_ended_first() -> None:
    """An `ok` to a subscribe means that no book will come: it is ended once, and if it merges again given up."""
    bench = Bench(A, B).live()
    climbed(bench)
    [subscribe] = bench.wait(UNSUBSCRIBE_S + 0.2).commands
    ok = frame("ok", BOOK_SID, 50, {"market_tickers": [A, B]}, subscribe.id)
    [ending] = bench.give(ok).commands
    assert type(ending).__name__ == "Unsubscribe"
    [subscribe] = bench.give(unsubscribed(BOOK_SID, ending.id)).commands
    done = bench.give(frame("ok", BOOK_SID, 51, {}, subscribe.id))
    assert (done.commands, done.drop) == ([], "not_ended")


def test_the_third_failure_ends_the_connection() -> None:
    """If a new subscription does not bring the books either the connection is given up, and nothing was asked often."""
    bench = Bench(A).live()
    done = lose(bench)
    asked = list(done.short)
    for _ in range(120):
        done = bench.wait(0.1)
        asked += done.short
        if done.drop:
            break
    assert done.drop == "repair_failed"
    assert [action for action, _, _ in asked] == ["get_snapshot", "Unsubscribe", "subscribe"]
    assert bench.core.counts["repairs", "reconnect"] == 1


def test_a_storm_is_bounded() -> None:
    """However many losses show, one repair is under way and a handful of commands is said."""
    bench = Bench(A, B).live()
    commands, dropped = [], False
    for _ in range(500):
        done = lose(bench)
        commands += done.commands
        done = bench.give(bench.snapshot(A))
        commands += done.commands
        done = bench.wait(0.1)
        commands += done.commands
        dropped = dropped or done.drop is not None
    assert dropped
    assert len(commands) <= 4


def test_health_forgets() -> None:
    """A loss long after a repair begins with snapshots again; soon after it the next step is taken, after a pause."""
    for pause, first in ((HEALTH_S + 0.1, "get_snapshot"), (HEALTH_S / 2, "Unsubscribe")):
        bench = Bench(A).live()
        lose(bench)
        bench.give(bench.snapshot(A))
        bench.wait(pause)
        assert [action for action, _, _ in lose(bench).short] == [first]


def test_the_book_that_shows_the_end_is_not_taken() -> None:
    """A snapshot beyond a hole that makes the session subscribe anew belongs to the subscription given up."""
    bench = Bench(A, B).live()
    lose(bench)
    bench.give(bench.snapshot(A), bench.snapshot(B))
    bench.wait(PAUSE_S + 0.5)
    bench.seq += 1
    done = bench.give(bench.snapshot(A))
    assert [type(message).__name__ for message in done.books] == ["Stale", "Stale"]
    assert done.short == [("Unsubscribe", "", "")]


@pytest.mark.parametrize("code", [10, 25, None])
def test_a_dead_subscription_is_replaced_at_once(code: int | None) -> None:
    """Error 10 or 25 or an unsolicited `unsubscribed` marks all with `exchange_error` and subscribes anew at once."""
    bench = Bench(A, B).live()
    done = bench.give(unsubscribed(BOOK_SID) if code is None else bench.error(code, sid=BOOK_SID))
    assert done.stale == {A: "exchange_error", B: "exchange_error"}
    assert (done.short, done.drop) == ([("subscribe", "orderbook_delta", f"{A},{B}")], None)
    assert bench.give(bench.delta(A), bench.error(25, sid=BOOK_SID), unsubscribed(BOOK_SID)).said == []
    done = bench.give(snapshot(2, 1, B), snapshot(2, 2, A))
    assert [message.ticker for message in done.books] == [B, A]
    assert bench.core.counts["gaps", "orderbook_delta"] == 1


def test_a_subscription_that_dies_again_costs_the_connection() -> None:
    """When the new subscription dies too, soon, the connection is given up after a pause."""
    bench = Bench(A).live()
    bench.give(bench.error(25, sid=BOOK_SID))
    done = bench.give(snapshot(2, 1, A), bench.error(25, sid=2))
    assert (done.stale, done.drop) == ({A: "exchange_error"}, None)
    assert bench.wait(2 * PAUSE_S + 0.2).drop == "repair_failed"


def test_a_dead_subscription_without_markets() -> None:
    """Nothing is asked for until a market is wanted again."""
    bench = Bench().live()
    bench.give(subscribed("orderbook_delta", BOOK_SID, 1))
    done = bench.give(bench.error(25, sid=BOOK_SID))
    assert (done.commands, done.drop) == ([], None)
    assert bench.wait(HEALTH_S).drop is None


def test_a_few_books_that_do_not_come_cost_the_others_nothing() -> None:
    """When most books are back the rest is asked for by itself, then set aside, and the others stay live."""
    bench = Bench(A, B, C).live()
    lose(bench)
    bench.give(bench.snapshot(A), bench.snapshot(B))
    done = bench.wait(ATTEMPTS * PATIENCE_S + 1)
    assert done.short == [*[("get_snapshot", "[1]", C)] * (ATTEMPTS - 1), PROBE]
    assert (done.stale, done.drop, len(done.notes)) == ({}, None, 1)
    bench.give(listed(done.commands[-1]))
    assert bench.wait(SET_ASIDE_S).short == [("get_snapshot", "[1]", C)]


def test_a_subscribe_that_is_never_acknowledged_ends_the_connection() -> None:
    """A connection on which nothing answers is replaced."""
    bench = Bench(A)
    bench.open()
    assert bench.wait(8.5).drop is None
    assert bench.wait(1.0).drop == "not_acknowledged"


@pytest.mark.parametrize("channel", ["trade", "ticker", LIFECYCLE])
def test_another_channel_is_replaced_alone(channel: str) -> None:
    """The end of a channel without books costs no book and no connection; again at once, it waits."""
    bench = Bench(A, channels=("orderbook_delta", channel)).live()
    bench.give(subscribed(channel, 2, 2))
    done = bench.give(bench.error(25, sid=2))
    assert (done.stale, done.drop) == ({}, None)
    assert [(action, what) for action, what, _ in done.short] == [("subscribe", channel)]
    bench.give(subscribed(channel, 3, done.commands[0].id))
    assert bench.give(unsubscribed(3)).commands == []
    assert [what for _, what, _ in bench.wait(2.0).short] == [channel]
    assert bench.core.counts["resubscriptions", channel] == 2


def test_a_refused_subscribe_of_books_does_not_end_the_wish() -> None:
    """A refused second step is not repeated at once: the third follows."""
    bench = Bench(A, B).live()
    [ending] = climbed(bench).commands
    [subscribe] = bench.give(unsubscribed(BOOK_SID, ending.id)).commands
    assert bench.give(bench.error(18, command_id=subscribe.id)).commands == []
    assert bench.wait(PATIENCE_S + UNSUBSCRIBE_S + 0.2).drop == "repair_failed"
