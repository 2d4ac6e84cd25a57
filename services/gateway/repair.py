"""How lost books come back: which are asked for and when, and what is tried next if that fails. Pure."""

from collections.abc import Collection, Iterable
from enum import Enum
from itertools import islice
from math import inf

#: Books in one request, and how many may be on their way at once.
CHUNK = 100
IN_FLIGHT = 400
#: Between two requests.
SPACING_S = 0.02
#: A book that was asked for is late after this time without any other having come either.
PATIENCE_S = 3.0
#: A book that does not come is asked for so often, and then only after a while.
ATTEMPTS = 2
SET_ASIDE_S = 30.0
#: An `unsubscribed` that does not come is not waited for any longer.
UNSUBSCRIBE_S = 1.0
#: The second step waits this long after the first, each further one twice as long.
PAUSE_S = 0.5
MOST_PAUSE_S = 60.0
#: After so long without a loss the next one is the first again.
HEALTH_S = 10.0


class Step(Enum):
    """What is tried, the mildest first."""

    SNAPSHOT = "snapshot"
    RESUBSCRIBE = "resubscribe"
    RECONNECT = "reconnect"


STEPS = tuple(Step)


class Attempts:
    """How often something was tried of late, and so when it may be tried again."""

    __slots__ = ("_began_at", "_well_at", "count")

    def __init__(self) -> None:
        self.count = 0
        self._began_at = self._well_at = -inf

    def next_at(self, at: float) -> float:
        """Return when the next one may begin: at once if it is the first, else after a growing pause."""
        if at - self._well_at >= HEALTH_S:
            self.count = 0
        pause = min(PAUSE_S * 2 ** (self.count - 1), MOST_PAUSE_S) if self.count else 0.0
        return max(at, self._began_at + pause)

    def begin(self, at: float) -> None:
        """Count one; until `well` is told, its failure goes on."""
        self.count += 1
        self._began_at = at
        self._well_at = inf

    def well(self, at: float) -> None:
        """Note that it has helped."""
        self._well_at = at


class _Request:
    """A book that is to come: from when on it is late, how often it was asked for, and whether it was set aside."""

    __slots__ = ("aside", "at", "attempts")

    def __init__(self, at: float, *, aside: bool = False) -> None:
        self.at = at
        self.attempts = 0
        self.aside = aside


class Requests:
    """The books that are to come to one connection: asked for, waiting for their turn to be, or coming unasked."""

    def __init__(self) -> None:
        self._requests: dict[str, _Request] = {}
        self._queue: dict[str, None] = {}
        self._flying: set[str] = set()
        self._ask_at = self._came_at = -inf

    def __contains__(self, ticker: object) -> bool:
        return ticker in self._requests or ticker in self._queue

    def expect(self, tickers: Iterable[str], at: float) -> None:
        """Wait for books that come unasked."""
        for ticker in tickers:
            if ticker not in self:
                self._requests[ticker] = _Request(at + PATIENCE_S)

    def ask(self, tickers: Iterable[str]) -> None:
        """Have books asked for when it is their turn."""
        self._queue.update(dict.fromkeys(tickers))
        self._flying -= self._queue.keys()

    def ask_anew(self, tickers: Collection[str]) -> None:
        """Have books asked for as if they never had been."""
        self.forget(tickers)
        self.ask(tickers)

    def turn(self, at: float) -> list[str]:
        """Return the books to ask for now; none while enough are on their way."""
        size = min(len(self._queue), CHUNK)
        if at < self._ask_at or len(self._flying) + size > IN_FLIGHT:
            return []
        chunk = list(islice(self._queue, size))
        if chunk:
            self._ask_at = at + SPACING_S
        self._flying.update(chunk)
        for ticker in chunk:
            del self._queue[ticker]
            request = self._requests.setdefault(ticker, _Request(at))
            request.attempts += 1
            request.at = at + PATIENCE_S
        return chunk

    def came(self, ticker: str, at: float) -> None:
        """Note that a book is here."""
        self._came_at = at
        self.forget([ticker])

    def late(self, at: float) -> tuple[list[str], list[str]]:
        """Return the books to ask for again, and those that were asked for in vain."""
        # While books come in, the others are only waiting for their turn.
        if at < self._came_at + PATIENCE_S:
            return [], []
        late = [t for t, request in self._requests.items() if request.at <= at and t not in self._queue]
        again = [ticker for ticker in late if self._requests[ticker].attempts < ATTEMPTS]
        return again, [ticker for ticker in late if self._requests[ticker].attempts >= ATTEMPTS]

    def set_aside(self, tickers: Iterable[str], at: float) -> None:
        """Ask for these only after a while."""
        for ticker in tickers:
            self.forget([ticker])
            self._requests[ticker] = _Request(at + SET_ASIDE_S, aside=True)

    def aside(self) -> set[str]:
        """Return the books that nobody expects for now."""
        return {ticker for ticker, request in self._requests.items() if request.aside and not request.attempts}

    def forget(self, tickers: Iterable[str]) -> None:
        """Wait for these no longer."""
        for ticker in tickers:
            self._requests.pop(ticker, None)
            self._queue.pop(ticker, None)
            self._flying.discard(ticker)

    def keep(self, tickers: Collection[str]) -> None:
        """Wait for none but these."""
        self.forget([ticker for ticker in (*self._requests, *self._queue) if ticker not in tickers])

    def clear(self) -> None:
        """Wait for nothing."""
        self.keep(())


class Ladder:
    """What is tried about a loss on a subscription: its snapshots, then a new subscription, then a new connection.

    One `step` is under way at a time, and the next is dropped if the books come before its pause is over. `missing` are
    the books that have not come back.
    """

    def __init__(self) -> None:
        self.step: Step | None = None
        self.missing: set[str] = set()
        self._attempts = Attempts()
        self._least = 0
        self._lost_at = 0.0
        self._lost = 0
        self._next_at: float | None = None
        self._came = False
        self._patience = 0.0

    @property
    def _busy(self) -> bool:
        return self.step is not None or self._next_at is not None

    def lost(self, tickers: Collection[str], at: float, *, dead: bool) -> None:
        """Take a loss of these books; of a subscription that is dead nothing can be asked any longer."""
        if not (tickers or dead):
            return
        if not self._busy:
            self._lost_at = at
        self.missing.update(tickers)
        self._lost = len(self.missing)
        self._least = max(self._least, 1 if dead else 0)
        # Books that were asked for before a further loss still come, unless some had come before it.
        if self._next_at is None and (self.step is None or self._came or dead):
            self._next_at = self._attempts.next_at(at)

    def due(self, at: float) -> Step | None:
        """Return the step to take now."""
        if self._next_at is None or at < self._next_at:
            return None
        self.step = STEPS[min(max(self._attempts.count, self._least), len(STEPS) - 1)]
        self._attempts.begin(at)
        self._attempts.count = STEPS.index(self.step) + 1
        self._next_at = None
        self._least = 0
        self._came = False
        self._patience = at + PATIENCE_S + (UNSUBSCRIBE_S if self.step is Step.RESUBSCRIBE else 0.0)
        return self.step

    def came(self, ticker: str, at: float) -> None:
        """Note that a book is back."""
        if ticker in self.missing:
            self.missing.discard(ticker)
            self._came = True
            self._patience = at + PATIENCE_S

    def keep(self, tickers: Collection[str]) -> None:
        """Miss none but these."""
        self.missing.intersection_update(tickers)

    def expire(self, at: float) -> None:
        """Prepare the next step if the one under way has run out of time."""
        if self.step is None or self._next_at is not None or at < self._patience:
            return
        if 2 * len(self.missing) > self._lost:
            self._next_at = self._attempts.next_at(at)
        else:
            # So few have another reason, and a new subscription would cost the others their books.
            self.missing.clear()

    def done(self, at: float) -> tuple[Step | None, float] | None:
        """Return, once, the step that brought all books back and the seconds since they were lost."""
        if not self._busy or self.missing or self._least:
            return None
        step, self.step, self._next_at = self.step, None, None
        self._attempts.well(at)
        return step, at - self._lost_at
