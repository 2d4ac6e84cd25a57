"""Plays a capture against the clock."""

from collections.abc import Sequence
from math import inf

from services.simulator.replay import Capture, Step

#: Rest after a pass, whatever the speed, in which books can be compared.
REST_S = 2.0


class Player:
    """Plays a capture from its first start on, pass after pass, with a rest of REST_S after each."""

    def __init__(self, capture: Capture, *, speed: float, loop: bool) -> None:
        self.capture = capture
        self.passes = 0
        self.played = 0
        self.resting = False
        self._speed = speed
        self._loop = loop
        self._pass_at = inf
        self._rest_until = inf

    @property
    def started(self) -> bool:
        """Whether it ever began."""
        return self._pass_at < inf

    def start(self, at: float) -> None:
        """Begin the first pass."""
        self._pass_at = at

    def next_at(self) -> float:
        """Return when there is something to play; infinity means never."""
        return self._rest_until if self.resting else self._due_at(self.played)

    def due(self, now: float, limit: int) -> Sequence[Step]:
        """Return up to `limit` steps whose time has come, and count them as played."""
        if self.next_at() > now:
            return ()
        if self.resting:
            self._pass_at, self.resting, self.played = now, False, 0
        first, frames = self.played, len(self.capture.steps)
        while self.played < min(frames, first + limit) and self._due_at(self.played) <= now:
            self.played += 1
        if self.played == frames:
            self.passes += 1
            self.resting = True
            self._rest_until = now + REST_S if self._loop else inf
        return self.capture.steps[first : self.played]

    def _due_at(self, position: int) -> float:
        return self._pass_at + self.capture.steps[position].at / self._speed
