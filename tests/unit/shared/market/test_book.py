"""A book does what a plain dict of prices would do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proto.units import Ladder
from shared.market.book import Book, BookSide, NegativeLevel

PRICES = st.integers(1, 9)
LADDERS = st.dictionaries(PRICES, st.integers(1, 5)).map(lambda levels: tuple(sorted(levels.items(), reverse=True)))
APPLIES = st.tuples(PRICES, st.integers(-6, 6))


@settings(max_examples=80)
@given(steps=st.lists(APPLIES | LADDERS, max_size=40), looks=st.integers(1, 5))
def test_side_equals_a_plain_dict(steps: list[tuple[int, int] | Ladder], looks: int) -> None:
    """After any loads and changes, looked at often or seldom, every view equals that of a dict of prices."""
    side, oracle = BookSide(), dict[int, int]()
    for number, step in enumerate(steps):
        if step and isinstance(step[0], int):
            _apply(side, oracle, step[0], step[1])
        else:
            oracle = dict(step)
            side.load(tuple(oracle.items()))
        if number % looks == 0:
            _check(side, oracle)
    _check(side, oracle)


def _apply(side: BookSide, oracle: dict[int, int], price: int, delta: int) -> None:
    expected = oracle.get(price, 0) + delta
    assert side.apply(price, delta) == expected
    if expected > 0:
        oracle[price] = expected
    elif expected == 0:
        oracle.pop(price, None)


def _check(side: BookSide, oracle: dict[int, int]) -> None:
    ordered = sorted(oracle.items(), reverse=True)
    best, second, *_ = (*(price for price, _ in ordered), None, None)
    assert side.best_two() == (best, second)
    assert side.levels == oracle
    assert side.quantity == sum(oracle.values())
    assert side.ladder() == tuple(ordered)
    assert side.ladder(2) == tuple(ordered[:2])


def test_book_keeps_its_sides_apart() -> None:
    """A change of one side leaves the other as it was."""
    book = Book()
    book.load(((5000, 10),), ((4000, 20),))
    book.apply("yes", 5100, 7)
    book.apply("no", 4000, -20)
    assert book.ladder("yes") == ((5100, 7), (5000, 10))
    assert book.ladder("no") == ()
    assert book.side("yes") is book.yes
    assert book.side("no") is book.no


def test_negative_level_changes_nothing() -> None:
    """A change that takes more than rests there is refused with its facts, and the book stays as it was."""
    book = Book()
    book.load(((5000, 10),), ())
    with pytest.raises(NegativeLevel, match="yes level at 5000 would hold -1") as caught:
        book.apply("yes", 5000, -11)
    assert (caught.value.side, caught.value.price, caught.value.quantity) == ("yes", 5000, -1)
    assert book.ladder("yes") == ((5000, 10),)
    assert book.yes.quantity == 10
    assert book.yes.best_two() == (5000, None)
