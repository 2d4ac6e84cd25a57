"""Which series are let in: names, some of which end in `*`."""

from collections.abc import Iterable

from proto.subjects import series_of


class SeriesFilter:
    """Takes tickers of markets and events; without a pattern it takes all."""

    def __init__(self, patterns: Iterable[str]) -> None:
        patterns = tuple(patterns)
        self.names = tuple(pattern for pattern in patterns if not pattern.endswith("*"))
        self.prefixes = tuple(pattern[:-1] for pattern in patterns if pattern.endswith("*"))
        self._names = frozenset(self.names)

    def __bool__(self) -> bool:
        return bool(self.names or self.prefixes)

    def takes(self, ticker: str) -> bool:
        """Whether the series of this ticker is let in."""
        series = series_of(ticker)
        return not self or series in self._names or series.startswith(self.prefixes)
