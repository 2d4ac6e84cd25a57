"""Whether a connection is alive: by what was received, whatever it was, never by what was sent.

A quiet market is not a dead one, so after a while of silence a ping is asked for, whose pong is life. That a ping could
be sent proves nothing. Time in which nobody looked is no silence of the exchange: what it sent meanwhile waits unread.
"""

from enum import Enum

#: Somebody looks this often.
LOOK_S = 0.5
#: A look that is late by more than this means that the process was held up, or the machine slept.
LATE_S = 1.0


class Verdict(Enum):
    """What a look tells."""

    ALIVE = "alive"
    PING = "ping"
    DEAD = "dead"


class Liveness:
    """Ask for a ping after `ping_after_s` of total silence, and give up after `dead_after_s`."""

    def __init__(self, at: float, *, ping_after_s: float = 10.0, dead_after_s: float = 20.0) -> None:
        self._ping_after_s = ping_after_s
        self._dead_after_s = dead_after_s
        self._heard_at = self._looked_at = at
        self._asked_at: float | None = None

    def heard(self, at: float) -> None:
        """Note that bytes came."""
        self._heard_at = max(self._heard_at, at)
        self._asked_at = None

    def asked(self, at: float) -> None:
        """Note that a ping was asked for, whether or not it can be sent."""
        self._asked_at = at

    def look(self, at: float) -> Verdict:
        """Judge the silence; to be called every `LOOK_S`."""
        missed = at - self._looked_at - LOOK_S
        self._looked_at = at
        if missed > LATE_S:
            self._heard_at = min(at, self._heard_at + missed)
        silence = at - self._heard_at
        if silence >= self._dead_after_s and self._asked_at is not None:
            return Verdict.DEAD
        return Verdict.PING if silence >= self._ping_after_s and self._asked_at is None else Verdict.ALIVE
