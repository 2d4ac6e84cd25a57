"""When each message of a subscription was sent, counted in changes of the books."""

from array import array
from bisect import bisect_right

#: Messages whose moment is remembered.
MOMENTS = 2**16


class Moments:
    """Up to which change of the books each message of a subscription tells."""

    def __init__(self, limit: int = MOMENTS) -> None:
        self._limit = limit
        self._seqs = array("Q")
        self._numbers = array("Q")

    def note(self, seq: int, number: int) -> None:
        """Remember that the message with this sequence number was sent after this change."""
        self._seqs.append(seq)
        self._numbers.append(number)
        if len(self._seqs) >= 2 * self._limit:
            del self._seqs[: self._limit]
            del self._numbers[: self._limit]

    def at(self, seq: int) -> int | None:
        """Return the number of the change, None if the message is forgotten or was never sent."""
        position = bisect_right(self._seqs, seq)
        return self._numbers[position - 1] if position else None
