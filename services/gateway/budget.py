"""How often the exchange may be dialled: one budget for all lines of the process.

Each line waits on its own, longer after each failure. That does not bound many lines together: a process whose lines
are all refused would knock as often as it has lines.
"""

from collections import deque
from collections.abc import Callable, Iterator

from shared.market.backoff import delays

#: Dials within a minute, of all lines together.
DIALS = 60
WINDOW_S = 60.0
#: After a refusal that only the operator can end, one attempt a minute of the whole process is enough.
HARD_PAUSE_S = 60.0
#: A connection that held for this long starts the backoff of its line anew.
SETTLED_S = 30.0
#: After the maintenance all clients come back: not all in the same moment.
RETURN_S = 5.0


class Budget:
    """Grants dials; of those who knock at a door that only the operator can open, it lets one try again at a time."""

    def __init__(self, dials: int = DIALS, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._granted: deque[float] = deque(maxlen=dials)
        self._hard_until: float | None = None

    def ask(self, at: float) -> float:
        """Return 0 if a line may dial now, which is counted, else the seconds after which to ask again."""
        wait = 0.0
        if len(self._granted) == self._granted.maxlen:
            wait = self._granted[0] + self._window_s - at
        if self._hard_until is not None:
            wait = max(wait, self._hard_until - at)
        if wait > 0:
            return wait
        self._granted.append(at)
        if self._hard_until is not None:
            # The one that tries it for all; the others wait for what it finds.
            self._hard_until = at + HARD_PAUSE_S
        return 0.0

    def refused(self, at: float, *, hard: bool) -> None:
        """Note a failed dial; a hard one keeps all lines from dialling for a while."""
        self._hard_until = at + HARD_PAUSE_S if hard else None

    def admitted(self) -> None:
        """Note that a line was let in."""
        self._hard_until = None


class Pauses:
    """One line's pauses between its dials: full jitter, from a second to a minute; random is in [0, 1)."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._delays: Iterator[float] = delays(random)

    def settled(self) -> None:
        """Begin anew."""
        self._delays = delays(self._random)

    def next(self, maintenance_left_s: float | None = None) -> float:
        """Return the seconds to wait; a wait over the end of the maintenance is cut short, and begins anew then."""
        pause = next(self._delays)
        if maintenance_left_s is None:
            return pause
        if pause < maintenance_left_s:
            return pause
        self.settled()
        return maintenance_left_s + self._random() * RETURN_S
