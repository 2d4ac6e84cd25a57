"""One connection's conversation: order, holes, repairs and endings."""

import pytest

from proto.requests import Resync
from services.gateway.recovery import PROBE_S
from services.gateway.repair import ATTEMPTS, PATIENCE_S, SET_ASIDE_S
from tests.unit.services.gateway.harness import BOOK_SID, PROBE, A, B, Bench, C, frame, listed, subscribed


def test_data_before_the_acknowledgement_count() -> None:
    """Frames that come before `subscribed` are taken, and the acknowledgement changes nothing about them."""
    bench = Bench(A, B)
    bench.open()
    done = bench.give(
        bench.snapshot(A), bench.delta(A), subscribed("orderbook_delta", BOOK_SID, 1), bench.snapshot(B), bench.delta(A)
    )
    assert [(message.ticker, message.seq) for message in done.books] == [(A, 0), (A, 1), (B, 0), (A, 2)]
    assert done.stale == {}


@pytest.mark.parametrize("counted", ["shared", "apart", "not at all"])
def test_replies_before_any_snapshot(counted: str) -> None:
    """Acknowledgements of added markets, ahead of every snapshot and out of order, are no hole."""
    bench = Bench(*(f"KXA-{number:04}" for number in range(1100)))
    bench.open()
    added = bench.give(subscribed("orderbook_delta", BOOK_SID, 1)).commands
    replies = [bench.ok(command.id) for command in reversed(added)]
    if counted == "apart":
        bench.seq = 0
    if counted == "not at all":
        replies = [frame("ok", BOOK_SID, None, {}, command.id) for command in reversed(added)]
        bench.seq = 0
    done = bench.give(*replies, bench.snapshot("KXA-0900"), bench.snapshot("KXA-0001"), bench.delta("KXA-0900"))
    assert len(added) == 2
    assert [(message.ticker, message.seq) for message in done.books] == [
        ("KXA-0900", 0),
        ("KXA-0001", 0),
        ("KXA-0900", 1),
    ]
    assert all(bench.explain(ticker).acknowledged for ticker in ("KXA-0000", "KXA-1099"))


def test_a_hole_marks_and_repairs_the_whole_subscription() -> None:
    """In the same call as the hole every live market of the sid is stale with `gap`, and its book is asked for."""
    bench = Bench(A, B, C).live()
    bench.seq += 1
    done = bench.give(bench.delta(A))
    assert done.stale == {A: "gap", B: "gap", C: "gap"}
    assert [type(message).__name__ for message in done.books] == ["Stale"] * 3
    assert done.short == [("get_snapshot", "[1]", f"{A},{B},{C}")]
    assert bench.core.counts["gaps", "orderbook_delta"] == 1


def test_no_delta_between_mark_and_snapshot() -> None:
    """After a hole nothing but a snapshot is said of a market; then its deltas count from 1 in a larger epoch."""
    bench = Bench(A, B).live()
    before = bench.core.markets.get(A)
    assert before is not None
    old_epoch = before.epoch
    bench.seq += 1
    bench.give(bench.delta(A))
    assert bench.give(bench.delta(A), bench.delta(B)).books == []
    done = bench.give(bench.snapshot(A, command_id=2), bench.delta(B), bench.delta(A))
    assert [(message.ticker, message.seq) for message in done.books] == [(A, 0), (A, 1)]
    assert done.books[0].epoch > old_epoch
    assert done.books[1].epoch == done.books[0].epoch


def test_a_snapshot_that_shows_a_hole_is_still_taken() -> None:
    """A snapshot is whole by itself: it marks the others and makes its own market live."""
    bench = Bench(A, B).live()
    bench.seq += 1
    done = bench.give(bench.snapshot(A))
    assert done.stale == {A: "gap", B: "gap"}
    assert [type(message).__name__ for message in done.books] == ["Stale", "Stale", "Snapshot"]


def test_a_lost_reply_is_a_hole_too() -> None:
    """An acknowledgement beyond the next number means that data before it was lost."""
    bench = Bench(A).live()
    bench.seq += 1
    assert bench.give(bench.ok(9)).stale == {A: "gap"}


def test_a_repeated_frame_is_dropped() -> None:
    """The same number again is not applied twice, and counted."""
    bench = Bench(A).live()
    delta = bench.delta(A)
    assert len(bench.give(delta, delta).books) == 1
    assert bench.core.counts["repeated_frames", ""] == 1


@pytest.mark.parametrize("code", [10, 25])
def test_a_terminal_error_of_nobody_knows_what_ends_the_connection(code: int) -> None:
    """Without a sid error 10 or 25 may mean any subscription: all is stale and the connection dropped."""
    bench = Bench(A, B).live()
    done = bench.give(bench.error(code))
    assert done.stale == {A: "exchange_error", B: "exchange_error"}
    assert done.drop == f"error_{code}"


def test_other_errors_end_nothing() -> None:
    """An error that is not terminal is noted and counted; books go on."""
    bench = Bench(A).live()
    done = bench.give(bench.error(18, command_id=1, sid=BOOK_SID), bench.delta(A))
    assert (done.stale, done.drop, len(done.books), len(done.notes)) == ({}, None, 1, 1)
    assert bench.core.counts["exchange_errors", "18"] == 1


def test_a_refused_market_is_not_live() -> None:
    """A live market whose subscribing turns out refused is stale with `exchange_error` until it is held again."""
    bench = Bench(A, B)
    bench.open()
    done = bench.give(bench.snapshot(A), bench.error(11, command_id=1, market_ticker=B))
    assert done.stale == {A: "exchange_error"}
    assert ("add_markets", "[1]", A) in bench.wait(1.1).short
    assert ("get_snapshot", "[1]", A) in bench.wait(PATIENCE_S + 0.1).short


def test_an_answered_request_for_a_book_is_over() -> None:
    """A snapshot with the id of its command ends the command: an error with that id concerns nothing."""
    bench = Bench(A).live()
    bench.seq += 1
    [command] = bench.give(bench.delta(A)).commands
    bench.give(bench.snapshot(A, command_id=command.id))
    [note] = bench.give(bench.error(18, command_id=command.id)).notes
    assert "a command" in note


def test_a_market_without_a_book_does_not_end_the_connection_of_others() -> None:
    """A market that the exchange never tells while it tells others is noted, and asked for again after a while."""
    bench = Bench(A, B)
    bench.open()
    bench.give(subscribed("orderbook_delta", BOOK_SID, 1), bench.snapshot(A))
    done = bench.wait((ATTEMPTS + 1) * PATIENCE_S + 0.5)
    assert done.short == [*[("get_snapshot", "[1]", B)] * ATTEMPTS, PROBE]
    assert (done.drop, len(done.notes), done.stale) == (None, 1, {})
    bench.give(listed(done.commands[-1]))
    assert bench.wait(SET_ASIDE_S - 1).commands == []
    assert bench.wait(2).short == [("get_snapshot", "[1]", B)]


def test_a_first_book_that_does_not_come_is_asked_for() -> None:
    """A market that was subscribed to but sent nothing is asked for by itself."""
    bench = Bench(A)
    bench.open()
    bench.give(subscribed("orderbook_delta", BOOK_SID, 1))
    assert bench.wait(PATIENCE_S + 1.2).short == [("get_snapshot", "[1]", A)]


def test_arriving_books_buy_time_for_the_others() -> None:
    """While snapshots come in, those that are still missing are not asked for again."""
    bench = Bench(*(f"KXA-{number}" for number in range(10)))
    bench.open()
    bench.give(subscribed("orderbook_delta", BOOK_SID, 1))
    for number in range(10):
        done = bench.wait(2.5)
        assert (done.commands, done.drop) == ([], None)
        bench.give(bench.snapshot(f"KXA-{number}"))
    assert bench.core.markets.stale_count() == 0


def test_a_connection_that_answers_nothing_is_given_up() -> None:
    """Who does not even answer what is always answered is gone, though its books may be live and pongs may come."""
    bench = Bench(A, B).live()
    bench.resync(Resync((A,), reason="operator"))
    done = bench.wait(ATTEMPTS * PATIENCE_S + 1)
    assert done.short[-1] == PROBE
    assert done.drop is None
    assert bench.wait(PROBE_S).drop == "unanswered"
