"""What takes time in a gateway, and how much of it was taken."""

from collections.abc import Iterable

from shared.kalshi import wire
from shared.market.histogram import Histograms

#: The name under which the core tells how long a frame was on its way; every other name is a kind of repair.
EXCHANGE_HOP = "exchange_hop"
MILLISECOND = 1000

Message = wire.Frame


def sent_ts(message: Message) -> int | None:
    """Return the microsecond in which the exchange sent a message, as far as it tells; `ts_ms` is when it happened."""
    sending_ts_ms: int | None = message.sending_ts_ms
    if sending_ts_ms is None and isinstance(message, (wire.OrderbookDelta, wire.Ticker, wire.Trade)):
        sending_ts_ms = message.msg.ts_ms
    return None if sending_ts_ms is None else sending_ts_ms * MILLISECOND


class Measures:
    """Sorts times into histograms."""

    def __init__(self) -> None:
        self.histograms = Histograms()

    def take(self, timings: Iterable[tuple[str, float]]) -> None:
        """Count what the core has timed, in seconds."""
        for name, seconds in timings:
            if name == EXCHANGE_HOP:
                # A clock of ours that is behind the exchange's makes no negative time.
                self.histograms.add("exchange_to_received_seconds", max(0.0, seconds))
            else:
                self.histograms.add("repair_seconds", seconds, name)

    def published(self, seconds: float) -> None:
        """Count how long frames took from the socket to the bus."""
        self.histograms.add("received_to_published_seconds", seconds)

    def lag(self, seconds: float) -> None:
        """Count how late a timer was."""
        self.histograms.add("loop_lag_seconds", max(0.0, seconds))
