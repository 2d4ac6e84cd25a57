"""Plain counters that a pure core keeps and its shell exports."""

from collections import Counter


class Counts(Counter[tuple[str, str]]):
    """Counts by name and one label value, which is empty for a counter without label."""

    def add(self, name: str, label: str = "") -> None:
        """Count one more."""
        self[name, label] += 1
