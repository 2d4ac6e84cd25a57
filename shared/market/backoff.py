"""Delays between attempts: exponential with full jitter, so that many clients do not return at once."""

from collections.abc import Callable, Iterator


def delays(random: Callable[[], float], *, first: float = 1.0, cap: float = 60.0) -> Iterator[float]:
    """Yield seconds to wait: uniform between 0 and first, 2 x first, 4 x first… up to cap; random is in [0, 1)."""
    ceiling = first
    while True:
        yield random() * ceiling
        ceiling = min(cap, ceiling * 2)
