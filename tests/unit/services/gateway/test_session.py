"""One connection's conversation: order, holes, repairs, and frames that are not understood."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from proto.book import Delta, Snapshot
from proto.market import Event, Lifecycle, Ticker, Trade
from services.gateway.session import ODD_PAUSE_S, SNAPSHOT_ATTEMPTS, SNAPSHOT_TIMEOUT_S
from tests.unit.services.gateway.harness import BOOK_SID, A, B, Bench, C, frame, subscribed

EVERY_CHANNEL = ("orderbook_delta", "ticker", "trade", "market_lifecycle_v2")


def test_frames_become_book_messages() -> None:
    """A snapshot and a delta come out in the bus's units, the no side on its own scale, with both sequence numbers."""
    bench = Bench(A)
    bench.open()
    opening, change = bench.snapshot(A), bench.delta(A, side="no", price_dollars="0.4500", delta_fp="-5.50", ts_ms=1234)
    done = bench.give(subscribed("orderbook_delta", BOOK_SID, 1), opening, change)
    ts = bench.now.ts
    assert done.books == [
        Snapshot(A, ts - 1000, 0, None, ts - 1000, 1, ((4000, 1000),), ((5500, 2000),)),
        Delta(A, ts - 1000, 1, 1_234_000, ts, 2, "no", 5500, -550),
    ]


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


def test_unknown_markets_advance_the_sequence() -> None:
    """Frames about a market that is not followed say nothing but keep their place in the sequence."""
    bench = Bench(A).live()
    done = bench.give(bench.delta("KXZ-1"), bench.snapshot("KXZ-1"), bench.delta(A))
    assert [(message.ticker, message.seq) for message in done.books] == [(A, 1)]


def test_frames_of_a_sid_that_is_not_ours_are_dropped() -> None:
    """A frame of a subscription that this connection does not have says nothing."""
    bench = Bench(A, channels=EVERY_CHANNEL).live()
    done = bench.give(
        frame("orderbook_delta", 77, 1, {"market_ticker": A, "side": "yes", "price_dollars": "0.4", "delta_fp": "1"})
    )
    assert (done.books, done.quarantined, done.stale) == ([], [], {})


@pytest.mark.parametrize(
    "members",
    [
        {"delta_fp": "0.005"},
        {"price_dollars": "0.40001"},
        {"price_dollars": "1.2"},
        {"delta_fp": "many"},
        {"ts": "noon"},
    ],
)
def test_a_change_that_does_not_fit_marks_its_market(members: dict[str, str]) -> None:
    """A delta that can not be taken over exactly goes to quarantine, and only its market is stale and repaired."""
    bench = Bench(A, B).live()
    bad = bench.delta(A, **members)
    done = bench.give(bad, bench.delta(B))
    assert [payload for _, payload in done.quarantined] == [bad]
    assert done.stale == {A: "exchange_error"}
    assert done.short == [("get_snapshot", "[1]", A)]
    assert [message.ticker for message in done.books] == [A, B]
    assert len(bench.give(bench.snapshot(A, command_id=2), bench.delta(A)).books) == 2


def test_a_book_that_does_not_fit_is_asked_for_later() -> None:
    """A snapshot that can not be taken over marks its market and is asked for again only after a while."""
    bench = Bench(A, B).live()
    bad = frame(
        "orderbook_snapshot", BOOK_SID, bench.seq + 1, {"market_ticker": A, "yes_dollars_fp": [["0.00001", "1"]]}
    )
    bench.seq += 1
    done = bench.give(bad)
    assert done.stale == {A: "exchange_error"}
    assert [reason for reason, _ in done.quarantined] == ["inexact"]
    assert bench.wait(ODD_PAUSE_S - 1).commands == []
    later = bench.wait(2)
    assert later.short == [("get_snapshot", "[1]", A)]
    assert later.drop is None


def test_a_frame_that_is_no_frame_marks_all_that_it_could_mean() -> None:
    """A book frame of which only the envelope is readable makes every market of its sid stale with `exchange_error`."""
    bench = Bench(A, B).live()
    bad = frame("orderbook_delta", BOOK_SID, bench.seq + 1, {"market_ticker": 5})
    bench.seq += 1
    done = bench.give(bad)
    assert [reason for reason, _ in done.quarantined] == ["invalid"]
    assert done.stale == {A: "exchange_error", B: "exchange_error"}
    assert done.short == [("get_snapshot", "[1]", f"{A},{B}")]


def test_an_unreadable_frame_shows_as_a_hole() -> None:
    """What is no JSON is kept for study; that it had a number shows at the next frame."""
    bench = Bench(A).live()
    done = bench.give(b"\x00\xff{")
    assert ([reason for reason, _ in done.quarantined], done.stale) == (["not_json"], {})
    bench.seq += 1
    assert bench.give(bench.delta(A)).stale == {A: "gap"}


def test_an_unknown_type_is_only_kept() -> None:
    """A message type that is not known goes to quarantine and has its place in the sequence; no book is in doubt."""
    bench = Bench(A).live()
    bench.seq += 1
    new = frame("orderbook_weather", BOOK_SID, bench.seq, {"sun": True})
    done = bench.give(new, bench.delta(A), frame("news", None, None, {}))
    assert [reason for reason, _ in done.quarantined] == ["unknown_type", "unknown_type"]
    assert (done.stale, len(done.books)) == ({}, 1)


def test_an_unknown_type_beyond_the_next_number_is_a_hole() -> None:
    """What is not known still shows that something before it was lost."""
    bench = Bench(A).live()
    assert bench.give(frame("orderbook_weather", BOOK_SID, bench.seq + 2, {})).stale == {A: "gap"}


@pytest.mark.parametrize("code", [10, 25])
@pytest.mark.parametrize("sid", [BOOK_SID, None])
def test_a_terminal_error_ends_the_connection(code: int, sid: int | None) -> None:
    """After error 10 or 25 the sid is dead: all is stale with `exchange_error` and the connection dropped."""
    bench = Bench(A, B).live()
    done = bench.give(bench.error(code, sid=sid))
    assert done.stale == {A: "exchange_error", B: "exchange_error"}
    assert done.drop == f"error_{code}"


def test_an_unsolicited_unsubscribed_ends_the_connection() -> None:
    """The exchange ended a subscription that we want: all is stale with `exchange_error` and the connection dropped."""
    bench = Bench(A).live()
    done = bench.give(frame("unsubscribed", BOOK_SID, bench.seq + 1, None))
    assert (done.stale, done.drop) == ({A: "exchange_error"}, "unsolicited_unsubscribed")


def test_a_dead_trade_channel_does_not_mark_books_by_itself() -> None:
    """The end of another channel drops the connection, which then marks the books."""
    bench = Bench(A, channels=("orderbook_delta", "trade")).live()
    bench.give(subscribed("trade", 2, 2))
    done = bench.give(bench.error(25, sid=2))
    assert (done.stale, done.drop) == ({}, "error_25")
    assert bench.close().stale == {A: "disconnected"}


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
    assert ("get_snapshot", "[1]", A) in bench.wait(SNAPSHOT_TIMEOUT_S + 0.1).short


def test_an_answered_request_for_a_book_is_over() -> None:
    """A snapshot with the id of its command ends the command: an error with that id concerns nothing."""
    bench = Bench(A).live()
    bench.seq += 1
    [command] = bench.give(bench.delta(A)).commands
    bench.give(bench.snapshot(A, command_id=command.id))
    [note] = bench.give(bench.error(18, command_id=command.id)).notes
    assert "a command" in note


def test_a_book_that_does_not_come_is_asked_for_again_then_given_up() -> None:
    """A missing snapshot is asked for as often as planned, then the connection is dropped."""
    bench = Bench(A).live()
    bench.seq += 1
    asked = bench.give(bench.delta(A)).short
    for _ in range(SNAPSHOT_ATTEMPTS - 1):
        quiet = bench.wait(SNAPSHOT_TIMEOUT_S - 0.2)
        assert (quiet.commands, quiet.drop) == ([], None)
        asked += bench.wait(0.3).short
    assert asked == [("get_snapshot", "[1]", A)] * SNAPSHOT_ATTEMPTS
    assert bench.wait(SNAPSHOT_TIMEOUT_S + 0.1).drop == "repair_failed"


def test_a_market_without_a_book_does_not_end_the_connection_of_others() -> None:
    """A market that the exchange never tells while it tells others is noted, and asked for again after a while."""
    bench = Bench(A, B)
    bench.open()
    bench.give(subscribed("orderbook_delta", BOOK_SID, 1), bench.snapshot(A))
    done = bench.wait((SNAPSHOT_ATTEMPTS + 1) * SNAPSHOT_TIMEOUT_S + 0.5)
    assert done.short == [("get_snapshot", "[1]", B)] * SNAPSHOT_ATTEMPTS
    assert (done.drop, len(done.notes), done.stale) == (None, 1, {})
    assert bench.wait(ODD_PAUSE_S - 1).commands == []
    assert bench.wait(2).short == [("get_snapshot", "[1]", B)]


def test_a_first_book_that_does_not_come_is_asked_for() -> None:
    """A market that was subscribed to but sent nothing is asked for by itself."""
    bench = Bench(A)
    bench.open()
    bench.give(subscribed("orderbook_delta", BOOK_SID, 1))
    assert bench.wait(SNAPSHOT_TIMEOUT_S + 1.2).short == [("get_snapshot", "[1]", A)]


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


def test_a_second_hole_asks_again() -> None:
    """A hole while books are on their way asks for all of them anew."""
    bench = Bench(A, B).live()
    bench.seq += 1
    bench.give(bench.delta(A))
    bench.give(bench.snapshot(A))
    bench.seq += 1
    done = bench.give(bench.delta(B))
    assert done.stale == {A: "gap"}
    assert done.short == [("get_snapshot", "[1]", f"{A},{B}")]


def test_other_channels_are_passed_on() -> None:
    """Ticker, trade, lifecycle and event frames are said in the bus's units; fees only keep their place."""
    bench = Bench(A, channels=EVERY_CHANNEL)
    bench.open()
    quotes = {"price_dollars": "0.5", "yes_bid_dollars": "0.48", "yes_ask_dollars": "0.52"}
    done = bench.give(
        frame("ticker", 2, None, {"market_ticker": A, **quotes, "volume_fp": "7.00", "open_interest_fp": "3.00"}),
        frame(
            "trade",
            3,
            1,
            {
                "trade_id": "t-1",
                "market_ticker": A,
                "yes_price_dollars": "0.4",
                "no_price_dollars": "0.6",
                "count_fp": "2.5",
                "taker_outcome_side": "no",
            },
        ),
        frame("market_lifecycle_v2", 4, 1, {"market_ticker": A, "event_type": "determined", "result": "yes"}),
        frame("event_fee_update", 4, 2, {"event_ticker": "KXA"}),
        frame("event_lifecycle", 4, 3, {"event_ticker": "KXA", "title": "Who?"}),
    )
    ticker, trade, lifecycle, event = done.said
    assert isinstance(ticker, Ticker)
    assert (ticker.yes_bid, ticker.no_bid, ticker.volume) == (4800, 4800, 700)
    assert isinstance(trade, Trade)
    assert (trade.yes_price, trade.qty, trade.taker_side) == (4000, 250, "no")
    assert isinstance(lifecycle, Lifecycle)
    assert (lifecycle.event_type, lifecycle.source) == ("determined", "exchange")
    assert isinstance(event, Event)
    assert event.title == "Who?"
    assert bench.core.counts["gaps", "market_lifecycle_v2"] == 0


def test_a_hole_among_trades_marks_no_book() -> None:
    """Trades are told at least once: a hole in their sequence is counted and nothing more."""
    bench = Bench(A, channels=("orderbook_delta", "trade")).live()
    trade = {"market_ticker": A, "yes_price": 40, "no_price": 60, "count": 2, "taker_side": "yes"}
    done = bench.give(*(frame("trade", 2, seq, {**trade, "trade_id": f"t-{seq}"}) for seq in (1, 2, 5, 5)))
    assert (len(done.said), done.stale) == (3, {})
    assert bench.core.counts["gaps", "trade"] == 1


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**20) | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "sid", "seq"]), inner, max_size=3)
    ),
    max_leaves=5,
)
_MEMBERS = (
    "market_ticker",
    "side",
    "price_dollars",
    "delta_fp",
    "price",
    "delta",
    "ts",
    "ts_ms",
    "code",
    "channel",
    "sid",
)
_KINDS = (
    "orderbook_delta",
    "orderbook_snapshot",
    "ticker",
    "trade",
    "market_lifecycle_v2",
    "ok",
    "error",
    "subscribed",
)


@hypothesis_settings(max_examples=80)
@given(
    kind=st.sampled_from(_KINDS),
    sid=st.none() | st.integers(-1, 5),
    seq=st.none() | st.integers(-1, 9),
    msg=st.dictionaries(st.sampled_from(_MEMBERS), _JSON | st.sampled_from([A, "0.4000", "1.00", "yes", 5])),
    raw=st.none() | st.binary(max_size=20),
)
def test_no_frame_ends_the_gateway(
    kind: str, sid: int | None, seq: int | None, msg: dict[str, object], raw: bytes | None
) -> None:
    """Whatever the exchange sends is taken without an exception, and what was wrong with it is in quarantine."""
    bench = Bench(A, channels=EVERY_CHANNEL).live()
    bench.give(raw if raw is not None else frame(kind, sid, seq, msg))
    bench.wait(0.1)
