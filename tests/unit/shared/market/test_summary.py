"""The views of a book say what an exact recomputation says."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proto.book import Snapshot
from proto.market import SideStats, Ticker1s
from proto.units import CONTRACT, DOLLAR, SECOND, Ladder
from shared.market.replica import Replica
from shared.market.summary import depth, image, ticker1s, top

LADDERS = st.dictionaries(st.integers(1, DOLLAR - 1), st.integers(1, 2_000_000_000), max_size=6).map(
    lambda levels: tuple(sorted(levels.items(), reverse=True))
)
MICROS = st.integers(1_500_000_000 * SECOND, 2_500_000_000 * SECOND)


def replica_of(yes: Ladder, no: Ladder) -> Replica:
    """Return a live replica with this book."""
    replica = Replica("KXA-1")
    replica.snapshot(Snapshot("KXA-1", 7, 3, 11, 12, 1, yes, no))
    return replica


@settings(max_examples=100)
@given(yes=LADDERS, no=LADDERS)
def test_top_is_the_best_two_of_both_sides(yes: Ladder, no: Ladder) -> None:
    """Bids are the first two of each ladder, and asks are the other side's bids seen from a dollar."""
    told = top(replica_of(yes, no))
    (yes_1, yes_qty), (yes_2, _), *_ = (*yes, (None, None), (None, None))
    (no_1, no_qty), (no_2, _), *_ = (*no, (None, None), (None, None))
    assert (told.yes_bid, told.yes_bid_qty, told.yes_bid_2) == (yes_1, yes_qty, yes_2)
    assert (told.no_bid, told.no_bid_qty, told.no_bid_2) == (no_1, no_qty, no_2)
    assert (told.yes_ask, told.yes_ask_qty) == (no_1 and DOLLAR - no_1, no_qty)
    assert (told.no_ask, told.no_ask_qty) == (yes_1 and DOLLAR - yes_1, yes_qty)
    assert told.yes_ask_2 == (no_2 and DOLLAR - no_2)
    assert (told.epoch, told.seq, told.status, told.exchange_ts, told.received_ts) == (7, 3, "live", 11, 12)


@settings(max_examples=100)
@given(yes=LADDERS, no=LADDERS, now_ts=MICROS)
def test_ticker1s_prints_exact_decimals(yes: Ladder, no: Ladder, now_ts: int) -> None:
    """In JSON every number is the exact decimal of its integer: at most four digits for dollars, two for contracts."""
    told = ticker1s(replica_of(yes, no), now_ts)
    printed = msgspec.json.decode(msgspec.json.encode(told), type=_Printed)
    volume = Fraction(sum(quantity for _, quantity in yes + no), CONTRACT)
    bids = [Fraction(ladder[0][0], DOLLAR) if ladder else None for ladder in (yes, no)]
    asks = [None if bid is None else 1 - bid for bid in reversed(bids)]
    for stats, bid, ask in zip((printed.summary_stats.yes, printed.summary_stats.no), bids, asks, strict=True):
        assert (_fraction(stats.bid), _fraction(stats.ask), _fraction(stats.volume)) == (bid, ask, volume)
    assert _fraction(printed.timestamp) == Fraction(now_ts, SECOND)


@pytest.mark.parametrize(
    ("yes", "no", "expected_yes", "expected_no"),
    [
        ((), (), SideStats(None, None, 0.0), SideStats(None, None, 0.0)),
        (((5200, 100_000),), (), SideStats(0.52, None, 1000.0), SideStats(None, 0.48, 1000.0)),
        ((), ((4600, 3),), SideStats(None, 0.54, 0.03), SideStats(0.46, None, 0.03)),
        (((5200, 100_000),), ((4600, 90_000),), SideStats(0.52, 0.54, 1900.0), SideStats(0.46, 0.48, 1900.0)),
    ],
)
def test_ticker1s_of_one_sided_books(yes: Ladder, no: Ladder, expected_yes: SideStats, expected_no: SideStats) -> None:
    """Where nobody bids there is no bid and no ask on the other side, and the volume is that of both ladders."""
    told = ticker1s(replica_of(yes, no), 1_703_123_456_789_000)
    assert (told.summary_stats.yes, told.summary_stats.no) == (expected_yes, expected_no)
    assert (told.market_id, told.platform, told.timestamp) == ("KXA-1", "kalshi", 1703123456.789)


def test_views_say_that_a_book_is_stale() -> None:
    """A stale replica is shown as it was, with its status."""
    replica = replica_of(((5200, 1),), ())
    replica.mark("gap", 1)
    views = (top(replica), depth(replica), image(replica), ticker1s(replica, 1))
    assert [view.status for view in views] == ["stale"] * 4


def test_depth_and_image_hold_the_book() -> None:
    """Depth has every level; an image as many as were asked for, where 0 means all."""
    yes, no = ((5200, 1), (5100, 2), (5000, 3)), ((4600, 4),)
    replica = replica_of(yes, no)
    assert (depth(replica).yes, depth(replica).no) == (yes, no)
    assert (image(replica).yes, image(replica).no) == (yes, no)
    assert (image(replica, 2).yes, image(replica, 2).no) == (yes[:2], no)


class _PrintedStats(msgspec.Struct):
    bid: Decimal | None
    ask: Decimal | None
    volume: Decimal


class _PrintedSummary(msgspec.Struct):
    yes: _PrintedStats
    no: _PrintedStats


class _Printed(msgspec.Struct, tag=Ticker1s.__struct_config__.tag):
    summary_stats: _PrintedSummary
    timestamp: Decimal


def _fraction(value: Decimal | None) -> Fraction | None:
    return None if value is None else Fraction(value)
