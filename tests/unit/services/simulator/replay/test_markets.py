"""The markets of captures are listed with what the recordings tell."""

import pytest

from proto.units import SECOND
from services.simulator.errors import BadCapture
from services.simulator.replay.capture import parse
from services.simulator.replay.markets import facts, markets
from services.simulator.world.listing import market_id
from tests.unit.services.simulator.harness import BOOK, TICKERS, captures
from tests.unit.services.simulator.replay.recorded import carried


def test_listings() -> None:
    """A market is open for ever, belongs to what its ticker says, and has the id it was recorded with."""
    found = {market.ticker: market for market in markets(captures())}
    assert list(found) == ["KXA-1-B", "KXA-1-C", "KXL-1", "KXT-1", "KXT-2"]
    listing = found["KXA-1-B"].listing
    assert (listing.event_ticker, listing.series_ticker, listing.title) == ("KXA-1", "KXA", "KXA-1-B (replay)")
    assert (listing.open_ts, listing.close_ts) == (1_577_836_800 * SECOND, 4_070_908_800 * SECOND)
    assert listing.market_id == "id-b"
    assert found["KXL-1"].listing.market_id == market_id("KXL-1")


def test_first_books() -> None:
    """The book of the first snapshot is there before anything is played."""
    found = {market.ticker: market for market in markets(captures())}
    assert found["KXA-1-B"].ladders() == (((4700, 300), (100, 100)), ((4800, 200), (2000, 550)))
    assert found["KXT-1"].ladders() == ((), ())
    assert [ticker for ticker, market in found.items() if market.legacy] == ["KXL-1"]


def test_recorded_tickers_are_known() -> None:
    """The first ticker is what a new subscriber gets, also if the book was recorded too."""
    ticker = TICKERS.replace(b"KXT-1", b"KXA-1-B")
    both = {market.ticker: market for market in markets([parse("book.jsonl", BOOK + ticker)])}
    assert (both["KXA-1-B"].recorded_ticker or b"").startswith(b'{"market_id":"id-t"')
    assert both["KXA-1-C"].recorded_ticker is None


@pytest.mark.parametrize(
    ("name", "structure"),
    [
        ("kxbtc15m-2026-05-14.jsonl", "tapered_deci_cent"),
        ("inxd-2023-08-31-morning-cents.jsonl.gz", "linear_cent"),
        ("demo-2026-06-11-no-scale.jsonl", "linear_cent"),
    ],
)
def test_price_level_structure(name: str, structure: str) -> None:
    """A market has the coarsest structure that allows what was recorded."""
    assert {market.listing.price_level_structure for market in markets([carried(name)])} == {structure}


def test_a_market_without_a_book_has_whole_cents() -> None:
    """Nothing is known against it."""
    (market,) = markets([parse("tickers.jsonl", TICKERS)])
    assert market.listing.price_level_structure == "linear_cent"


def test_facts() -> None:
    """Series and events are listed once each, under the names that the tickers begin with."""
    series, events = facts(markets(captures()))
    assert [known.ticker for known in series] == ["KXA", "KXL", "KXT"]
    assert [(known.ticker, known.series_ticker) for known in events] == [
        ("KXA-1", "KXA"),
        ("KXL", "KXL"),
        ("KXT", "KXT"),
    ]


def test_one_book_in_two_captures() -> None:
    """Two recordings of one book would contradict each other."""
    with pytest.raises(BadCapture, match=r"KXA-1-B is moved by a already.*SIM_CAPTURE"):
        markets([parse("a.jsonl", BOOK), parse("b.jsonl", BOOK)])


def test_one_market_in_two_captures() -> None:
    """Its book in one, its ticker in another: that is one market with both."""
    found = markets([parse("a.jsonl", TICKERS.replace(b"KXT-1", b"KXA-1-B")), parse("b.jsonl", BOOK)])
    (market,) = [market for market in found if market.ticker == "KXA-1-B"]
    assert market.recorded_ticker is not None
    assert market.quote().yes_bid == 4700
