"""What takes time in a gateway, and how much of it was taken."""

from collections.abc import Iterable

from shared.kalshi import wire
from shared.market.histogram import Histogram, Histograms

#: The name under which the core tells how long a frame was on its way.
EXCHANGE_HOP = "exchange_to_received"
NAMES = (f"{EXCHANGE_HOP}_seconds", "received_to_published_seconds", "repair_seconds", "loop_lag_seconds")
MILLISECOND = 1000


def sent_ts(message: wire.Frame) -> int | None:
    """Return the microsecond in which the exchange sent a message, as far as it tells; `ts_ms` is when it happened."""
    sending_ts_ms: int | None = message.sending_ts_ms
    if sending_ts_ms is None and isinstance(message, (wire.OrderbookDelta, wire.Ticker, wire.Trade)):
        sending_ts_ms = message.msg.ts_ms
    return None if sending_ts_ms is None else sending_ts_ms * MILLISECOND


class Measures:
    """Sorts times into histograms, which are there before there is anything to count."""

    def __init__(self) -> None:
        self.histograms = Histograms({(name, ""): Histogram() for name in NAMES})

    def take(self, timings: Iterable[tuple[str, float]]) -> None:
        """Count what the core has timed: names without `_seconds`, and seconds."""
        for name, seconds in timings:
            # A clock of ours that is behind the exchange's makes no negative time.
            self.histograms.add(f"{name}_seconds", max(0.0, seconds))

    def published(self, seconds: float) -> None:
        """Count how long frames took from the socket to the bus."""
        self.histograms.add("received_to_published_seconds", seconds)

    def lag(self, seconds: float) -> None:
        """Count how late a timer was."""
        self.histograms.add("loop_lag_seconds", max(0.0, seconds))
