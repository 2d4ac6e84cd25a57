"""The exchange's sequence numbers: one counter per subscription id, over all its markets.

Whether control replies (`ok`, `unsubscribed`, `error`) share the counter with data is not documented. Both are held
possible until a frame contradicts one of them; a frame that contradicts both is a hole, and the question is open again.
"""

from enum import Enum


class Order(Enum):
    """How a frame stands to the one before it."""

    NEXT = "next"
    REPEATED = "repeated"
    HOLE = "hole"


class Sequence:
    """The counters of one subscription; they start at 1, and go on from the frame that showed a hole."""

    __slots__ = ("_apart", "_control", "_data", "_last", "_shared")

    def __init__(self) -> None:
        self._last = self._data = self._control = 0
        self._shared = self._apart = True

    def data(self, seq: int) -> Order:
        """Judge a data frame."""
        if seq == self._data:
            return Order.REPEATED
        order = self._judge(shared=seq == self._last + 1, apart=seq == self._data + 1)
        self._last = self._data = seq
        return order

    def control(self, seq: int | None) -> Order:
        """Judge a control reply; one without a number says nothing."""
        if seq is None:
            return Order.NEXT
        order = self._judge(shared=seq == self._last + 1, apart=seq <= self._last or seq == self._control + 1)
        self._last = max(self._last, seq)
        self._control = seq
        return order

    def _judge(self, *, shared: bool, apart: bool) -> Order:
        shared, apart = shared and self._shared, apart and self._apart
        if not (shared or apart):
            self._shared = self._apart = True
            return Order.HOLE
        self._shared, self._apart = shared, apart
        return Order.NEXT
