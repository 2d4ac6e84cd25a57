"""The numbers of real flow, as tables of which every entry is equally likely."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from proto.units import CONTRACT
from services.simulator.flow.survey import Survey
from services.simulator.replay.capture import Step
from services.simulator.world.ticks import Ticks

#: Entries of a table.
POINTS = 256
#: Of what leaves the best level without coming back elsewhere, one in so many is taken to be traded. A recorded delta
#: does not say, and the captures of trades are not of these markets.
TRADED_EVERY = 4


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What a crowd does. Distances and steps are in ticks, quantities in 1/100 contract, gaps have the mean 1.

    A distance counts downwards from the best of its side, so an add that improves the best has a negative one; a step
    counts upwards. Where a move starts and its step are entries of the same number: who is far from the best comes
    nearer, who is near goes away. `moves`, `adds` and `takes` are shares of all actions; the rest are cancels. Sizes
    are whole contracts; `fractional` is the share of adds and market orders that are not. `spread` is the usual one;
    `levels`, `spacings` and `resting` are what books look like: levels per side, ticks between two of them, and what
    rests on one.
    """

    gaps: tuple[float, ...]
    moves: float
    adds: float
    takes: float
    add_distances: tuple[int, ...]
    cancel_distances: tuple[int, ...]
    move_distances: tuple[int, ...]
    move_steps: tuple[int, ...]
    order_sizes: tuple[int, ...]
    move_sizes: tuple[int, ...]
    take_sizes: tuple[int, ...]
    fractional: float
    spread: int
    levels: tuple[int, ...]
    spacings: tuple[int, ...]
    resting: tuple[int, ...]


_DECODER = msgspec.json.Decoder(Shape)


def read(data: bytes) -> Shape:
    """Return the shape in a file's bytes."""
    return _DECODER.decode(data)


def default_shape(*, flow: Shape, sizes: Shape, books: Shape) -> Shape:
    """Return one shape from three: when and where orders come, how large they are, and which levels a book has."""
    return msgspec.structs.replace(
        flow,
        order_sizes=sizes.order_sizes,
        move_sizes=sizes.move_sizes,
        take_sizes=sizes.take_sizes,
        fractional=sizes.fractional,
        resting=sizes.resting,
        levels=books.levels,
        spacings=books.spacings,
    )


def fit(steps: Iterable[Step], ticks: Ticks) -> Shape:
    """Measure a recording of markets with these ticks."""
    surveys: dict[str, Survey] = {}
    for step in steps:
        if step.ladders is not None:
            _survey(surveys, step.ticker, ticks).load(*step.ladders)
        elif step.change is not None:
            _survey(surveys, step.ticker, ticks).change(step.at, *step.change)
    for survey in surveys.values():
        survey.end()
    return _shape(list(surveys.values()))


def _survey(surveys: dict[str, Survey], ticker: str, ticks: Ticks) -> Survey:
    return surveys.setdefault(ticker, Survey(ticks))


def _shape(surveys: Sequence[Survey]) -> Shape:
    singles = [single for survey in surveys for single in survey.singles if single.distance is not None]
    moves = sorted(found for survey in surveys for found in survey.moves)
    adds = [(single.distance or 0, single.delta) for single in singles if single.delta > 0]
    gone = [(single.distance or 0, -single.delta) for single in singles if single.delta < 0]
    at_best = [index for index, (distance, _) in enumerate(gone) if distance == 0]
    traded = set(at_best[::TRADED_EVERY])
    cancels = [found for index, found in enumerate(gone) if index not in traded]
    actions = len(singles) + len(moves)
    return Shape(
        gaps=_gaps([gap for survey in surveys for gap in survey.action_gaps]),
        moves=round(len(moves) / actions, 4),
        adds=round(len(adds) / actions, 4),
        takes=round(len(traded) / actions, 4),
        add_distances=_table(distance for distance, _ in adds),
        cancel_distances=_table(distance for distance, _ in cancels),
        move_distances=_spread([found.distance for found in moves]),
        move_steps=_spread([found.step for found in moves]),
        order_sizes=_sizes(size for _, size in (*adds, *cancels)),
        move_sizes=_sizes(found.quantity for found in moves),
        take_sizes=_sizes(gone[index][1] for index in at_best),
        fractional=round(sum(single.delta % CONTRACT != 0 for single in singles) / len(singles), 4),
        spread=_table(spread for survey in surveys for spread in survey.spreads)[POINTS // 2],
        levels=_table(count for survey in surveys for count in survey.levels),
        spacings=_table(spacing for survey in surveys for spacing in survey.spacings),
        resting=_table(quantity for survey in surveys for quantity in survey.resting),
    )


def _table(values: Iterable[int]) -> tuple[int, ...]:
    return _spread(sorted(values))


def _spread(ordered: Sequence[int]) -> tuple[int, ...]:
    known = ordered or [0]
    return tuple(known[int((point + 0.5) / POINTS * len(known))] for point in range(POINTS))


def _sizes(values: Iterable[int]) -> tuple[int, ...]:
    return _table(-(-value // CONTRACT) * CONTRACT for value in values)


def _gaps(values: Iterable[float]) -> tuple[float, ...]:
    ordered = sorted(values) or [1.0]
    bounds = [point * len(ordered) // POINTS for point in range(POINTS + 1)]
    # A mean per entry, not a quantile, so that the rare long silences keep their share of the time.
    means = [_mean(ordered[low : max(high, low + 1)]) for low, high in pairwise(bounds)]
    mean = _mean(means)
    return tuple(round(value / mean, 5) for value in means)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
