"""What happened to the books, so that a book can be shown as it was."""

from collections import deque
from typing import NamedTuple

from proto.units import Ladder, Side
from shared.market.book import Book

#: Changes of all books together that are remembered.
CHANGES = 2**18


class Before(NamedTuple):
    """Both ladders of a market before they were replaced."""

    ticker: str
    yes: Ladder
    no: Ladder


class History:
    """The last changes of all books, numbered from 1 in the order in which they happened."""

    def __init__(self, limit: int = CHANGES) -> None:
        self.number = 0
        self._changes: deque[tuple[str, Side, int, int] | Before] = deque(maxlen=limit)

    def changed(self, ticker: str, side: Side, price: int, delta: int) -> None:
        """Remember a change of one level."""
        self.number += 1
        self._changes.append((ticker, side, price, delta))

    def replaced(self, ticker: str, book: Book) -> None:
        """Remember a book that is about to be replaced."""
        self.number += 1
        self._changes.append(Before(ticker, book.ladder("yes"), book.ladder("no")))

    def remembers(self, number: int) -> bool:
        """Whether the books can be shown as they were after this change."""
        return self.number - len(self._changes) <= number <= self.number

    def before(self, ticker: str, changes: int) -> int:
        """Return the number at which a market had yet to see its last so many changes, as far as is remembered."""
        number = self.number
        for change in reversed(self._changes):
            if not changes:
                break
            number -= 1
            changes -= change[0] == ticker
        return number

    def book_at(self, ticker: str, book: Book, number: int) -> Book:
        """Return a market's book as it was after a change that is remembered, from what it is now."""
        was = Book()
        was.load(book.ladder("yes"), book.ladder("no"))
        for change, _ in zip(reversed(self._changes), range(self.number - number), strict=False):
            if change[0] != ticker:
                continue
            if isinstance(change, Before):
                was.load(change.yes, change.no)
            else:
                _, side, price, delta = change
                was.apply(side, price, -delta)
        return was
