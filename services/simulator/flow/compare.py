"""How two streams of deltas compare, as numbers side by side."""

from collections.abc import Iterable, Sequence

from proto.units import CONTRACT
from services.simulator.flow.survey import Survey

#: A line of the comparison: what is measured, and its values.
Row = tuple[str, tuple[float, ...]]

_FAR = 10_000
_BINS = ((-_FAR, -1), (0, 0), (1, 2), (3, 5), (6, 10), (11, 20), (21, _FAR))


def rows(seen: Survey) -> list[Row]:
    """Return what is worth comparing; quantities in contracts, gaps in means, distances as per cent."""
    adds = [single for single in seen.deltas if single.delta > 0]
    cancels = [single for single in seen.deltas if single.delta < 0]
    mean_gap = sum(seen.gaps) / len(seen.gaps)
    return [
        ("deltas", (len(seen.deltas),)),
        ("gaps of nothing, %", (_percent(seen.gaps.count(0), len(seen.gaps)),)),
        ("gap between deltas, means: p50 p75 p90 p99", _quantiles(seen.gaps, mean_gap, (0.5, 0.75, 0.9, 0.99))),
        ("adds, % of deltas", (_percent(len(adds), len(seen.deltas)),)),
        ("deltas that are part of a move, %", (_percent(2 * len(seen.moves), len(seen.deltas)),)),
        ("size, contracts: p10 p50 p90 p99", _quantiles([abs(one.delta) for one in seen.deltas], CONTRACT)),
        ("sizes that are no whole contracts, %", (_fractional(seen),)),
        (f"distance of adds, %: {_names()}", _histogram(one.distance for one in adds)),
        (f"distance of cancels, %: {_names()}", _histogram(one.distance for one in cancels)),
        ("levels per side: p10 p50 p90", _quantiles(seen.levels, 1, (0.1, 0.5, 0.9))),
        ("contracts per side: p10 p50 p90", _quantiles(seen.quantities, CONTRACT, (0.1, 0.5, 0.9))),
        ("spread, ticks: p10 p50 p90", _quantiles(seen.spreads, 1, (0.1, 0.5, 0.9))),
        ("best bid for yes, cents: lowest, median, highest", _quantiles(seen.bests, 100, (0, 0.5, 1))),
    ]


def table(columns: Sequence[tuple[str, Survey]]) -> str:
    """Return the streams side by side as Markdown."""
    measured = [rows(seen) for _, seen in columns]
    lines = ["| | " + " | ".join(name for name, _ in columns) + " |", "| --- " * (len(columns) + 1) + "|"]
    for line in zip(*measured, strict=True):
        cells = [" ".join(f"{_short(value)}" for value in values) for _, values in line]
        lines.append(f"| {line[0][0]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _quantiles(
    values: Sequence[float], unit: float, points: tuple[float, ...] = (0.1, 0.5, 0.9, 0.99)
) -> tuple[float, ...]:
    ordered = sorted(values) or [0]
    return tuple(ordered[min(int(point * len(ordered)), len(ordered) - 1)] / unit for point in points)


def _histogram(distances: Iterable[int | None]) -> tuple[float, ...]:
    known = [distance for distance in distances if distance is not None]
    return tuple(round(_percent(sum(low <= distance <= high for distance in known), len(known))) for low, high in _BINS)


def _names() -> str:
    return " ".join(_name(low, high) for low, high in _BINS)


def _name(low: int, high: int) -> str:
    if low < 0:
        return "<0"
    if high == _FAR:
        return f">{low - 1}"
    return f"{low}" if low == high else f"{low}-{high}"


def _fractional(seen: Survey) -> float:
    return _percent(sum(single.delta % CONTRACT != 0 for single in seen.deltas), len(seen.deltas))


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0
