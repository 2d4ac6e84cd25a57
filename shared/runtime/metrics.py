"""Exports what a service's core counts to Prometheus, read at the moment of the scrape."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from shared.market.counts import Counts
from shared.market.histogram import Histograms

#: A value, or values by the gauge's label.
Gauge = float | Mapping[str, float]
Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


class Exporter(Collector):
    """Metrics `fanout_{service}_{name}`; `labels` names the label of each metric that has one.

    Args:
        service: the service's name.
        counts: its counters.
        labels: name of a metric → label name.
        gauges: returns gauge name → value now.
        histograms: its histograms.
    """

    def __init__(
        self,
        service: str,
        counts: Counts,
        labels: Mapping[str, str],
        gauges: Callable[[], Mapping[str, Gauge]],
        histograms: Histograms | None = None,
    ) -> None:
        self._prefix = f"fanout_{service}"
        self._counts = counts
        self._labels = labels
        self._gauges = gauges
        self._histograms = Histograms() if histograms is None else histograms

    def collect(self) -> Iterable[Family]:
        """Return all metrics as they are now."""
        yield from self._counters()
        for name, gauge in self._gauges().items():
            family = GaugeMetricFamily(*self._named(name), labels=self._label(name))
            for label, value in gauge.items() if isinstance(gauge, Mapping) else [("", gauge)]:
                family.add_metric([label] if name in self._labels else [], value)
            yield family
        yield from self._distributions()

    def _counters(self) -> Iterable[Family]:
        families: dict[str, CounterMetricFamily] = {}
        for (name, label), value in sorted(self._counts.items()):
            family = families.setdefault(name, CounterMetricFamily(*self._named(name), labels=self._label(name)))
            family.add_metric([label] if name in self._labels else [], value)
        return families.values()

    def _distributions(self) -> Iterable[Family]:
        families: dict[str, HistogramMetricFamily] = {}
        for (name, label), histogram in sorted(self._histograms.items()):
            family = families.setdefault(name, HistogramMetricFamily(*self._named(name), labels=self._label(name)))
            buckets = [("+Inf" if bound == inf else repr(bound), count) for bound, count in histogram.cumulative()]
            family.add_metric([label] if name in self._labels else [], buckets, sum_value=histogram.total)
        return families.values()

    def _named(self, name: str) -> tuple[str, str]:
        return f"{self._prefix}_{name}", name.replace("_", " ")

    def _label(self, name: str) -> list[str]:
        return [self._labels[name]] if name in self._labels else []


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
