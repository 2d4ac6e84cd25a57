"""What an order does to a book: changes and trades are returned, nothing is applied.

Books hold bids only. A bid for yes at p meets the bid for no at a dollar less p, so a taker who buys yes consumes bids
for no, the highest first.
"""

from bisect import bisect_left
from typing import NamedTuple

from proto.units import DOLLAR, Side
from services.simulator.world.ticks import Ticks
from shared.market.book import Book


class OrderRefused(Exception):
    """An order that the exchange would not take."""

    def __init__(self, side: Side, price: int, quantity: int, problem: str) -> None:
        super().__init__(side, price, quantity, problem)
        self.side = side
        self.price = price
        self.quantity = quantity
        self.problem = problem

    def __str__(self) -> str:
        return f"An order of {self.quantity} for {self.side} at {self.price} is refused: {self.problem}."


class Change(NamedTuple):
    """One delta of one level."""

    side: Side
    price: int
    delta: int


class Print(NamedTuple):
    """One trade."""

    yes_price: int
    quantity: int
    taker_side: Side


class Sweep(NamedTuple):
    """What a market order does: one change and one print per level, best first."""

    changes: tuple[Change, ...]
    prints: tuple[Print, ...]


def limit(book: Book, ticks: Ticks, side: Side, price: int, quantity: int) -> Change:
    """Return the change by which an order comes to rest; raises OrderRefused, also if it would trade at once."""
    opposite, _ = (book.no if side == "yes" else book.yes).best_two()
    if quantity <= 0:
        raise OrderRefused(side, price, quantity, "it is for nothing")
    if opposite is not None and price + opposite >= DOLLAR:
        raise OrderRefused(side, price, quantity, "it would cross the book")
    below = bisect_left(ticks.prices, price)
    if below == len(ticks.prices) or ticks.prices[below] != price:
        raise OrderRefused(side, price, quantity, "the price is not on the grid")
    return Change(side, price, quantity)


def cancel(book: Book, side: Side, price: int, quantity: int) -> Change:
    """Return the change by which so much leaves a level, or all of it if less rests there; raises OrderRefused."""
    resting = (book.yes if side == "yes" else book.no).levels.get(price, 0)
    if quantity <= 0 or not resting:
        raise OrderRefused(side, price, quantity, "nothing to cancel")
    return Change(side, price, -resting if quantity > resting else -quantity)


def move(book: Book, ticks: Ticks, side: Side, *, price: int, to: int, quantity: int) -> tuple[Change, Change]:
    """Return the two changes by which so much, or all there is, goes from one level to another; raises OrderRefused."""
    left = cancel(book, side, price, quantity)
    return left, limit(book, ticks, side, to, -left.delta)


def take(book: Book, taker_side: Side, quantity: int) -> Sweep:
    """Return what a market order does; what it can not fill is gone."""
    side: Side = "no" if taker_side == "yes" else "yes"
    bids = book.side(side)
    best, _ = bids.best_two()
    if best is None or quantity <= 0:
        return Sweep((), ())
    # Sorting the ladder is worth it only for an order that takes more than the best level.
    ladder = bids.ladder() if quantity > bids.levels[best] else ((best, quantity),)
    changes: list[Change] = []
    prints: list[Print] = []
    for price, resting in ladder:
        filled = min(resting, quantity)
        changes.append(Change(side, price, -filled))
        prints.append(Print(price if side == "yes" else DOLLAR - price, filled, taker_side))
        quantity -= filled
        if not quantity:
            break
    return Sweep(tuple(changes), tuple(prints))
