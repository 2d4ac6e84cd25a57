"""What each frame becomes on the bus, and what is done about one that is not understood."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from proto.book import Delta, Snapshot
from proto.market import Event, Lifecycle, Ticker, Trade
from services.gateway.repair import SET_ASIDE_S
from tests.unit.services.gateway.harness import BOOK_SID, A, B, Bench, frame, subscribed

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
    assert {label: n for (name, label), n in bench.core.counts.items() if name == "frames"} == {
        "subscribed": 1,
        "orderbook_snapshot": 1,
        "orderbook_delta": 1,
    }


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
    assert bench.wait(SET_ASIDE_S - 1).commands == []
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
