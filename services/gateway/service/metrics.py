"""What /metrics tells of a gateway; the table in README.md explains it."""

from collections.abc import Mapping, Sequence

from services.gateway.core import Gateway
from services.gateway.leadership import Leadership, Role
from services.gateway.measures import Measures
from services.gateway.service.line import Line
from shared.runtime.bus import Bus
from shared.runtime.metrics import Exporter, Gauge

LABELS = {
    "frames": "type",
    "gaps": "channel",
    "repairs": "step",
    "repairs_done": "step",
    "repairs_failed": "step",
    "resubscriptions": "channel",
    "unsolicited_unsubscribed": "channel",
    "quarantined": "reason",
    "disconnects": "reason",
    "failed_dials": "reason",
    "resyncs": "reason",
    "rejected": "where",
    "exchange_errors": "code",
    "account_channels_lost": "channel",
    "account_quarantined": "reason",
    "account_reads_failed": "reason",
    "connection_markets": "connection",
    "connection_subscriptions": "connection",
    "connection_frames_per_second": "connection",
}


def exporter(core: Gateway, bus: Bus, leadership: Leadership, measures: Measures, lines: Sequence[Line]) -> Exporter:
    """Return what exports the metrics of these."""

    def gauges() -> Mapping[str, Gauge]:
        loads = {str(line.number): core.load(line.number) for line in lines}
        return {
            "markets": len(core.markets),
            "stale_markets": core.markets.stale_count(),
            "connected": core.connected,
            "leading": leadership.role is Role.LEADER,
            "term": leadership.term,
            "account_live": core.private.live,
            "bus_dropped": bus.dropped,
            "connection_markets": {number: load.markets for number, load in loads.items()},
            "connection_subscriptions": {number: load.subscriptions for number, load in loads.items()},
            "connection_frames_per_second": {str(line.number): line.rate.per_second for line in lines},
        }

    return Exporter("gateway", core.counts, LABELS, gauges, measures.histograms)
