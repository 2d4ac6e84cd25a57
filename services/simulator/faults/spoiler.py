"""What stands between a subscription and its client's outbox, and spoils frames that pass."""

from collections import deque
from collections.abc import Callable
from math import inf

from services.simulator.faults.script import Delay, Drop, Duplicate, Frames, OnFrames, Reorder
from services.simulator.feed.subscription import Outlet, Subscription


class Spoiler:
    """Takes the place of a subscription's outlet, and goes when it has spoilt what it was to spoil.

    Several can stand behind each other; the last that came meets a frame first.
    """

    def __init__(self, subscription: Subscription, fault: OnFrames, uniform: Callable[[], float]) -> None:
        self.subscription = subscription
        self.hits = 0
        self.outlet: Outlet = subscription.outlet
        self.present = True
        self._limit = inf if fault.limit is None else fault.limit
        self._skip = fault.skip
        self._chance = fault.chance
        self._uniform = uniform
        subscription.outlet = self

    def append(self, frame: bytes, /) -> None:
        """Let a frame pass, or spoil it."""
        self.take(frame)
        if self.present and self.hits >= self._limit and not self.holds():
            self.leave()

    def take(self, frame: bytes) -> None:
        """Do with a frame what this spoiler does."""
        raise NotImplementedError

    def holds(self) -> bool:
        """Whether frames wait here."""
        return False

    def next_at(self) -> float:
        """Return when `release` is wanted."""
        return inf

    def release(self, at: float) -> None:
        """Let frames go whose time has come."""

    def leave(self) -> None:
        """Give the outlet back."""
        self.present = False
        holder: Subscription | Spoiler = self.subscription
        while isinstance(holder.outlet, Spoiler) and holder.outlet is not self:
            holder = holder.outlet
        holder.outlet = self.outlet

    def chooses(self) -> bool:
        """Whether the frame that passes now is to be spoilt, which is then counted."""
        if self.hits >= self._limit:
            return False
        if self._skip:
            self._skip -= 1
            return False
        if self._chance < 1 and self._uniform() >= self._chance:
            return False
        self.hits += 1
        return True


class Dropper(Spoiler):
    """Loses frames."""

    def take(self, frame: bytes) -> None:
        """Pass a frame on or not."""
        if not self.chooses():
            self.outlet.append(frame)


class Duplicator(Spoiler):
    """Says frames twice."""

    def take(self, frame: bytes) -> None:
        """Pass a frame on once or twice."""
        self.outlet.append(frame)
        if self.chooses():
            self.outlet.append(frame)


class Reorderer(Spoiler):
    """Swaps frames with the one after them."""

    def __init__(self, subscription: Subscription, fault: OnFrames, uniform: Callable[[], float]) -> None:
        super().__init__(subscription, fault, uniform)
        self._held: bytes | None = None

    def take(self, frame: bytes) -> None:
        """Hold a frame back until the next has passed."""
        held, self._held = self._held, None
        if held is not None:
            self.outlet.append(frame)
            self.outlet.append(held)
        elif self.chooses():
            self._held = frame
        else:
            self.outlet.append(frame)

    def holds(self) -> bool:
        """Whether a frame waits for the one after it."""
        return self._held is not None

    def leave(self) -> None:
        """Let go what waits, and give the outlet back."""
        if self._held is not None:
            self.outlet.append(self._held)
        super().leave()


class Delayer(Spoiler):
    """Lets frames wait; their time is counted from the first release after they came."""

    def __init__(self, subscription: Subscription, fault: Delay, uniform: Callable[[], float]) -> None:
        super().__init__(subscription, fault, uniform)
        self._delay_s = fault.delay_ms / 1000
        self._in_order = fault.in_order
        self._new: list[tuple[bytes, bool]] = []
        self._waiting: deque[tuple[float, bytes]] = deque()

    def take(self, frame: bytes) -> None:
        """Let a frame wait, and in order also what comes behind it."""
        chosen = self.chooses()
        if chosen or (self._in_order and self.holds()):
            self._new.append((frame, chosen))
        else:
            self.outlet.append(frame)

    def holds(self) -> bool:
        """Whether frames wait."""
        return bool(self._new or self._waiting)

    def next_at(self) -> float:
        """Return when frames have to go; at once if some came that were not timed yet."""
        return -inf if self._new else self._waiting[0][0] if self._waiting else inf

    def release(self, at: float) -> None:
        """Let frames go whose time has come."""
        for frame, chosen in self._new:
            behind = self._waiting[-1][0] if self._waiting else at
            self._waiting.append((max(behind, at + self._delay_s if chosen else at), frame))
        self._new.clear()
        while self._waiting and self._waiting[0][0] <= at:
            self.outlet.append(self._waiting.popleft()[1])
        if self.present and self.hits >= self._limit and not self._waiting:
            super().leave()

    def leave(self) -> None:
        """Let go what waits, and give the outlet back."""
        for frame in [*(frame for _, frame in self._waiting), *(frame for frame, _ in self._new)]:
            self.outlet.append(frame)
        self._waiting.clear()
        self._new.clear()
        super().leave()


def spoiler(subscription: Subscription, fault: Frames, uniform: Callable[[], float]) -> Spoiler:
    """Put the spoiler of a fault in a subscription's way and return it."""
    match fault:
        case Drop():
            return Dropper(subscription, fault, uniform)
        case Duplicate():
            return Duplicator(subscription, fault, uniform)
        case Reorder():
            return Reorderer(subscription, fault, uniform)
        case Delay():
            return Delayer(subscription, fault, uniform)
