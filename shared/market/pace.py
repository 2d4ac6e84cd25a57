"""Latest wins: at most one release per key and interval, spread over the interval, the last change never lost."""

from heapq import heappop, heappush
from zlib import crc32


class Pacer:
    """Decides when each changed key may be released.

    A key has its own phase within the interval, so that keys that change together do not leave together. Memory is
    one entry per key that was ever touched, until `forget`.
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._released: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._queue: list[tuple[float, str]] = []

    def touch(self, key: str, now: float) -> None:
        """Note that key changed; it is released once, however often it changes before."""
        if key in self._due:
            return
        slot = self._next_slot(key, now)
        due = max(slot, self._released.get(key, slot - self._interval_s) + self._interval_s)
        self._due[key] = due
        heappush(self._queue, (due, key))

    def release(self, now: float) -> list[str]:
        """Return the keys whose time has come, in order of their time."""
        released = []
        while self._queue and self._queue[0][0] <= now:
            due, key = heappop(self._queue)
            if self._due.get(key) == due:
                del self._due[key]
                self._released[key] = now
                released.append(key)
        return released

    def forget(self, key: str) -> None:
        """Drop all that is remembered of key."""
        self._due.pop(key, None)
        self._released.pop(key, None)

    def _next_slot(self, key: str, now: float) -> float:
        phase = crc32(key.encode()) / 2**32 * self._interval_s
        return now + (phase - now) % self._interval_s
