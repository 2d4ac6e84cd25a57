"""A market knows its quote, its last trades and how its book is written."""

import msgspec
import pytest

from services.simulator.world.market import Market, Quote
from services.simulator.world.messages import Stamps
from tests.asyncapi import check
from tests.unit.services.simulator.harness import START, listing, market

STAMP = Stamps().at(START.ts)


def test_quote() -> None:
    """Best bid and ask for yes with what rests there; the ask is the other side of the best bid for no."""
    assert market("KXA-1", ((9600, 5400), (9500, 3)), ((300, 100),)).quote() == Quote(9600, 5400, 9700, 100)


def test_an_empty_book_has_the_widest_quote() -> None:
    """Without bids the quote is 0 and 1 dollar with nothing resting."""
    assert market("KXA-1").quote() == Quote(0, 0, 10_000, 0)
    assert market("KXA-1", ((100, 1),)).quote() == Quote(100, 1, 10_000, 0)
    assert market("KXA-1", (), ((100, 1),)).quote() == Quote(0, 0, 9900, 1)


def test_moved() -> None:
    """A market has moved if price or size of its best levels differ from when this was last asked."""
    moving = market("KXA-1", ((5000, 100), (4000, 100)))
    for delta, moved in ((1, True), (0, False)):
        if delta:
            moving.book.apply("yes", 5000, delta)
        assert moving.moved() == moved
    moving.book.apply("yes", 4000, 1)
    assert not moving.moved()


def test_trades_add_up() -> None:
    """A ticker tells the last trade and the volume since ever."""
    traded = market("KXA-1", ((4000, 100),))
    traded.traded(4000, 250)
    traded.traded(4100, 30)
    msg = msgspec.json.decode(traded.ticker_msg(STAMP))
    told = (msg["price_dollars"], msg["last_trade_size_fp"], msg["volume_fp"], msg["open_interest_fp"])
    assert told == ("0.4100", "0.30", "2.80", "1.40")
    assert (msg["dollar_volume"], msg["dollar_open_interest"]) == (1, 0)


@pytest.mark.parametrize("yes_scale", [False, True])
def test_snapshot_ascends(yes_scale: bool) -> None:
    """Levels ascend by the price that is written; an empty side has no key."""
    book = market("KXA-1", ((9600, 5400), (9500, 3)), ((300, 100), (200, 7)))
    msg = msgspec.json.decode(book.snapshot(yes_scale=yes_scale))
    assert msg["yes_dollars_fp"] == [["0.9500", "0.03"], ["0.9600", "54.00"]]
    no_side = [["0.9700", "1.00"], ["0.9800", "0.07"]] if yes_scale else [["0.0200", "0.07"], ["0.0300", "1.00"]]
    assert msg["no_dollars_fp"] == no_side
    empty = msgspec.json.decode(market("KXA-1").snapshot(yes_scale=yes_scale))
    assert set(empty) == {"market_ticker", "market_id"}


def test_the_first_ticker_of_a_recorded_market() -> None:
    """What was recorded is told, whatever the book says: it has no volume, and no last price."""
    recorded = Market(listing("KXA-1"))
    recorded.recorded_ticker = b'{"recorded":true}'
    assert recorded.last_ticker_msg(STAMP) == b'{"recorded":true}'
    recorded.book.load(((4000, 1),), ())
    assert recorded.last_ticker_msg(STAMP) == b'{"recorded":true}'


def test_listeners_are_per_channel() -> None:
    """Nobody hears a market by name until somebody does."""
    quiet = market("KXA-1")
    assert not quiet.is_heard()
    assert quiet.listeners("ticker") is quiet.listeners("ticker")
    assert quiet.listeners("ticker") is not quiet.listeners("trade")


def test_messages_are_the_exchanges() -> None:
    """The prepared parts make whole messages."""
    known = market("KXA-1", ((4000, 1),))
    delta = known.phrases.delta("no", 1, -12_345_678_901, STAMP)
    assert check({"type": "orderbook_delta", "sid": 1, "seq": 1, "msg": msgspec.json.decode(delta)}) == "orderbookDelta"
    assert b'"delta_fp":"-123456789.01"' in delta
    assert check({"type": "ticker", "sid": 1, "msg": msgspec.json.decode(known.ticker_msg(STAMP))}) == "ticker"
