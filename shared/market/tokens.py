"""A bucket of tokens: how long to wait so that no more than so much is asked in a second."""


class Tokens:
    """Holds up to `capacity` tokens, full at first, of which `rate` come back in a second."""

    def __init__(self, rate: float, capacity: float) -> None:
        self._rate = rate
        self._capacity = capacity
        self._tokens = capacity
        self._at: float | None = None

    def take(self, at: float) -> float:
        """Take one token, on credit if there is none, and return the seconds to wait until it is there."""
        elapsed = 0.0 if self._at is None else max(0.0, at - self._at)
        self._at = at
        self._tokens = min(self._capacity, self._tokens + elapsed * self._rate) - 1
        return max(0.0, -self._tokens / self._rate)
