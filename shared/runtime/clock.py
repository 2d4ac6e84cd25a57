"""The one place that reads the clocks."""

import time

from shared.market.clock import Now


def now() -> Now:
    """Read both clocks."""
    return Now(time.monotonic(), time.time_ns() // 1000)
