"""Orders: what they do to a book, and which are refused."""

import pytest

from services.simulator.flow.orders import Change, OrderRefused, Print, cancel, limit, move, take
from services.simulator.world.ticks import ticks
from shared.market.book import Book

CENTS = ticks("linear_cent")


@pytest.fixture
def book() -> Book:
    """Return a book that is 48 at 51, with three levels a side."""
    found = Book()
    found.load(((4800, 300), (4700, 250), (4500, 1)), ((4900, 500), (4800, 40), (4600, 70)))
    return found


def test_limit_rests(book: Book) -> None:
    """An order that does not meet the other side is one more quantity on its level."""
    assert limit(book, CENTS, "yes", 5000, 120) == Change("yes", 5000, 120)


@pytest.mark.parametrize(
    ("price", "quantity", "problem"),
    [
        (5100, 1, "cross"),
        (5200, 1, "cross"),
        (4850, 1, "grid"),
        (0, 1, "grid"),
        (-100, 1, "grid"),
        (4800, 0, "nothing"),
        (4800, -5, "nothing"),
    ],
)
def test_limit_is_refused(book: Book, price: int, quantity: int, problem: str) -> None:
    """An order that would trade, is off the grid or is for nothing does not come to rest."""
    with pytest.raises(OrderRefused, match=problem):
        limit(book, CENTS, "yes", price, quantity)


def test_limit_for_a_dollar_is_refused() -> None:
    """Even without anybody on the other side nobody bids a dollar."""
    with pytest.raises(OrderRefused, match="grid"):
        limit(Book(), CENTS, "no", 10_000, 1)


def test_cancel_takes_at_most_what_rests(book: Book) -> None:
    """A level never goes below nothing."""
    assert cancel(book, "yes", 4700, 100) == Change("yes", 4700, -100)
    assert cancel(book, "yes", 4700, 900) == Change("yes", 4700, -250)


def test_cancel_of_nothing_is_refused(book: Book) -> None:
    """Where nothing rests nothing is cancelled."""
    with pytest.raises(OrderRefused, match="cancel"):
        cancel(book, "no", 4700, 1)


def test_move_keeps_the_quantity(book: Book) -> None:
    """What leaves one level arrives on the other."""
    changes = move(book, CENTS, "no", price=4800, to=4700, quantity=100)
    assert changes == (Change("no", 4800, -40), Change("no", 4700, 40))


def test_move_into_the_other_side_is_refused(book: Book) -> None:
    """A moved order does not cross either."""
    with pytest.raises(OrderRefused, match="cross"):
        move(book, CENTS, "no", price=4800, to=5200, quantity=1)


def test_taker_of_yes_consumes_bids_for_no(book: Book) -> None:
    """Buying yes sells to those who bid for no, at a dollar less their price."""
    assert take(book, "yes", 200) == ((Change("no", 4900, -200),), (Print(5100, 200, "yes"),))


def test_taker_of_no_trades_at_the_bid_for_yes(book: Book) -> None:
    """Buying no sells yes to those who bid for it."""
    assert take(book, "no", 300) == ((Change("yes", 4800, -300),), (Print(4800, 300, "no"),))


def test_market_order_sweeps_levels(book: Book) -> None:
    """A large order takes level after level, with a print for each, and what is left of it is gone."""
    swept = take(book, "no", 9_999)
    assert swept.changes == (Change("yes", 4800, -300), Change("yes", 4700, -250), Change("yes", 4500, -1))
    assert swept.prints == (Print(4800, 300, "no"), Print(4700, 250, "no"), Print(4500, 1, "no"))


def test_nobody_to_trade_with() -> None:
    """A market order in an empty book does nothing."""
    assert take(Book(), "yes", 100) == ((), ())
