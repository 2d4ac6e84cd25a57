"""What a core counts is exported as Prometheus reads it."""

from prometheus_client import CollectorRegistry, generate_latest

from shared.market.counts import Counts
from shared.market.histogram import Histogram, Histograms
from shared.runtime.metrics import Exporter


def exported(counts: Counts, labels: dict[str, str], gauges: dict[str, float]) -> str:
    """Return the text of a scrape."""
    registry = CollectorRegistry()
    registry.register(Exporter("relay", counts, labels, lambda: gauges))
    return generate_latest(registry).decode()


def test_counters_with_and_without_label() -> None:
    """A labelled counter has one line per value; names carry the service and end in `_total`."""
    counts = Counts()
    for channel in ("book", "book", "trade"):
        counts.add("events", channel)
    counts.add("restarts")
    assert exported(counts, {"events": "channel"}, {}) == (
        "# HELP fanout_relay_events_total events\n"
        "# TYPE fanout_relay_events_total counter\n"
        'fanout_relay_events_total{channel="book"} 2.0\n'
        'fanout_relay_events_total{channel="trade"} 1.0\n'
        "# HELP fanout_relay_restarts_total restarts\n"
        "# TYPE fanout_relay_restarts_total counter\n"
        "fanout_relay_restarts_total 1.0\n"
    )


def test_gauges_are_read_at_the_scrape() -> None:
    """Each scrape tells the value of its moment."""
    gauges = {"queued_bytes": 1.5}
    registry = CollectorRegistry()
    registry.register(Exporter("relay", Counts(), {}, lambda: gauges))
    assert b"fanout_relay_queued_bytes 1.5\n" in generate_latest(registry)
    gauges["queued_bytes"] = 2
    assert b"fanout_relay_queued_bytes 2.0\n" in generate_latest(registry)


def test_counts_appear_as_they_come() -> None:
    """A counter that did not exist when the exporter was registered is in the next scrape."""
    counts = Counts()
    registry = CollectorRegistry()
    registry.register(Exporter("relay", counts, {"events": "channel"}, dict))
    assert generate_latest(registry) == b""
    counts.add("events", 'a"b\nc')
    assert b'fanout_relay_events_total{channel="a\\"b\\nc"} 1.0\n' in generate_latest(registry)


def test_a_gauge_by_label() -> None:
    """A gauge may have one value per label value."""
    registry = CollectorRegistry()
    registry.register(Exporter("relay", Counts(), {"held": "connection"}, lambda: {"held": {"0": 5, "1": 7}}))
    assert generate_latest(registry).decode().splitlines()[2:] == [
        'fanout_relay_held{connection="0"} 5.0',
        'fanout_relay_held{connection="1"} 7.0',
    ]


def test_histograms() -> None:
    """A histogram has its buckets, which count all that is not larger, its count and its sum."""
    histograms = Histograms({("repair_seconds", "snapshot"): Histogram((0.5, 1.0))})
    for value in (0.25, 0.75, 3.0):
        histograms.add("repair_seconds", value, "snapshot")
    registry = CollectorRegistry()
    registry.register(Exporter("relay", Counts(), {"repair_seconds": "kind"}, dict, histograms))
    assert generate_latest(registry).decode().splitlines()[1:] == [
        "# TYPE fanout_relay_repair_seconds histogram",
        'fanout_relay_repair_seconds_bucket{kind="snapshot",le="0.5"} 1.0',
        'fanout_relay_repair_seconds_bucket{kind="snapshot",le="1.0"} 2.0',
        'fanout_relay_repair_seconds_bucket{kind="snapshot",le="+Inf"} 3.0',
        'fanout_relay_repair_seconds_count{kind="snapshot"} 3.0',
        'fanout_relay_repair_seconds_sum{kind="snapshot"} 4.0',
    ]
