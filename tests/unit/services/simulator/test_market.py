"""A market is told in the exchange's REST forms."""

import pytest

from services.simulator.market import Market


@pytest.fixture
def market() -> Market:
    """A market with three bids."""
    market = Market("KXA-26JAN01-B12.5", "id", legacy=False)
    market.book.load(((9600, 5400), (9500, 3)), ((300, 100),))
    return market


def test_orderbook_ascends(market: Market) -> None:
    """Best levels come last, in fixed-point strings, and depth keeps the best."""
    assert market.rest_orderbook(0) == {
        "orderbook_fp": {
            "yes_dollars": [("0.9500", "0.03"), ("0.9600", "54.00")],
            "no_dollars": [("0.0300", "1.00")],
        }
    }
    assert market.rest_orderbook(1) == {
        "orderbook_fp": {"yes_dollars": [("0.9600", "54.00")], "no_dollars": [("0.0300", "1.00")]}
    }


def test_market_object(market: Market) -> None:
    """Event and series follow from the ticker, and the no quotes from the yes quotes."""
    body = market.rest_market()
    assert (body["event_ticker"], market.series_ticker) == ("KXA-26JAN01", "KXA")
    assert (body["yes_bid_dollars"], body["yes_ask_dollars"]) == ("0.9600", "0.9700")
    assert (body["no_bid_dollars"], body["no_ask_dollars"]) == ("0.0300", "0.0400")


def test_an_empty_book_has_the_widest_quote() -> None:
    """Without bids the quote is 0 and 1 dollar with nothing resting."""
    body = Market("KXA-1", "", legacy=False).rest_market()
    assert (body["yes_bid_dollars"], body["yes_ask_dollars"]) == ("0.0000", "1.0000")
    assert (body["yes_bid_size_fp"], body["yes_ask_size_fp"]) == ("0.00", "0.00")
