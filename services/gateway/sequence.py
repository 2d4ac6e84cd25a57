"""The exchange's sequence numbers: one counter per subscription id, over all its markets.

Whether control replies (`ok`, `unsubscribed`, `error`) share the counter with data is not documented. The rule here is
right both ways: a control reply that is next advances the counter, one that is not newer proves a counter of its own,
and data that repeats the number which a control reply had taken proves the same.
"""

from enum import Enum


class Order(Enum):
    """How a frame stands to the one before it."""

    NEXT = "next"
    REPEATED = "repeated"
    HOLE = "hole"


class Sequence:
    """The counter of one subscription; it starts at 1."""

    __slots__ = ("_advanced_by_control", "_control_apart", "last")

    def __init__(self) -> None:
        self.last = 0
        self._control_apart = False
        self._advanced_by_control = False

    def data(self, seq: int) -> Order:
        """Judge a data frame; after a hole the count goes on from there."""
        if seq == self.last + 1:
            self._advanced_by_control = False
            self.last = seq
            return Order.NEXT
        if seq == self.last and self._advanced_by_control:
            self._control_apart = True
            self._advanced_by_control = False
            return Order.NEXT
        if seq == self.last:
            return Order.REPEATED
        self.last = seq
        self._advanced_by_control = False
        return Order.HOLE

    def control(self, seq: int | None) -> Order:
        """Judge a control reply; one without a number says nothing."""
        if seq is None or self._control_apart:
            return Order.NEXT
        if seq <= self.last:
            self._control_apart = True
            return Order.NEXT
        order = Order.NEXT if seq == self.last + 1 else Order.HOLE
        self.last = seq
        self._advanced_by_control = True
        return order
