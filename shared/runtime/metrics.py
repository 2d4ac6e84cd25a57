"""Exports what a service's core counts to Prometheus, read at the moment of the scrape."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from shared.market.counts import Counts


class Exporter(Collector):
    """Metrics `fanout_{service}_{name}`; `labels` names the label of each counter that has one.

    Args:
        service: the service's name.
        counts: its counters.
        labels: counter name → label name.
        gauges: returns gauge name → value now.
    """

    def __init__(
        self,
        service: str,
        counts: Counts,
        labels: Mapping[str, str],
        gauges: Callable[[], Mapping[str, float]],
    ) -> None:
        self._prefix = f"fanout_{service}"
        self._counts = counts
        self._labels = labels
        self._gauges = gauges

    def collect(self) -> Iterable[CounterMetricFamily | GaugeMetricFamily]:
        """Return all metrics as they are now."""
        families: dict[str, CounterMetricFamily] = {}
        for (name, label), value in sorted(self._counts.items()):
            label_names = [self._labels[name]] if name in self._labels else []
            family = families.setdefault(
                name, CounterMetricFamily(f"{self._prefix}_{name}", name.replace("_", " "), labels=label_names)
            )
            family.add_metric([label] if label_names else [], value)
        yield from families.values()
        for name, gauge in self._gauges().items():
            yield GaugeMetricFamily(f"{self._prefix}_{name}", name.replace("_", " "), value=gauge)


def export(exporter: Exporter) -> None:
    """Make /metrics tell what the exporter collects."""
    REGISTRY.register(exporter)


@contextlib.contextmanager
def exporting(exporter: Exporter) -> Iterator[None]:
    """Offer a service's metrics while the block runs, so that it can run several times in one process."""
    export(exporter)
    try:
        yield
    finally:
        REGISTRY.unregister(exporter)
