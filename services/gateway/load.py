"""How much a connection carries."""

from typing import NamedTuple

WINDOW_S = 1.0


class Load(NamedTuple):
    """The markets whose books a connection was asked for, and its open subscriptions."""

    markets: int
    subscriptions: int


class Rate:
    """Events per second, over the last whole second."""

    def __init__(self) -> None:
        self.per_second = 0.0
        self._count = 0
        self._begin: float | None = None

    def add(self) -> None:
        """Count an event."""
        self._count += 1

    def tick(self, at: float) -> None:
        """Let time pass; to be called several times a second."""
        if self._begin is None:
            self._begin = at
        elapsed = at - self._begin
        if elapsed >= WINDOW_S:
            self.per_second = self._count / elapsed
            self._count, self._begin = 0, at
