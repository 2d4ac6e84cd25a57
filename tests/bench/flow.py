"""The flow model beside the recordings it was fitted to: `python -m tests.bench.flow [capture …]`."""

import sys
from pathlib import Path
from random import Random
from typing import NamedTuple

from proto.units import Ladder
from services.simulator.flow.compare import rows, table
from services.simulator.flow.flow import Flow
from services.simulator.flow.shape import fit
from services.simulator.flow.survey import Survey
from services.simulator.replay.capture import Capture, parse, play
from services.simulator.world.ticks import Ticks, ticks
from shared.market.book import Book

DATA = Path(__file__).parents[2] / "services" / "simulator" / "data"
#: Recordings of one market, with its price level structure, which no frame tells.
CAPTURES = {
    "inxd-2023-08-31-morning-cents.jsonl.gz": "linear_cent",
    "kxbtc15m-2026-05-14.jsonl": "tapered_deci_cent",
}
#: One of so many deltas passes before the comparison starts: a book just opened has no levels to compare.
WARM_UP = 10
#: Deltas of the second run of the model, which shows what is chance and whether the book stays what it was.
LONGER = 200_000


class Market(NamedTuple):
    """A market of the model."""

    book: Book
    ticks: Ticks


def compare(name: str, structure: str, seed: int = 1) -> list[tuple[str, Survey]]:
    """Return what is seen in a capture, and in the model that was fitted to it, by name."""
    capture = parse(name, (DATA / name).read_bytes())
    grid = ticks(structure)
    start, recorded, seconds = _recorded(capture, grid)
    count = len(recorded.deltas)
    shape = fit(capture.steps, grid)

    def made(deltas: int) -> Survey:
        flow: Flow[Market] = Flow(Random(seed).random, shape, rate=count / seconds)
        return _made(flow, start, grid, deltas)

    return [(capture.name, recorded), ("model", made(count)), ("model, longer", made(LONGER))]


def _recorded(capture: Capture, grid: Ticks) -> tuple[tuple[Ladder, Ladder], Survey, float]:
    """Return the book after the warm-up, and what came then in how many seconds."""
    changes = [index for index, step in enumerate(capture.steps) if step.change is not None]
    first = changes[len(changes) // WARM_UP]
    book = Book()
    for step in capture.steps[:first]:
        play(step, book)
    start = book.ladder("yes"), book.ladder("no")
    seen = Survey(grid)
    seen.load(*start)
    for step in capture.steps[first:]:
        if step.change is not None:
            seen.change(step.at, *step.change)
        elif step.ladders is not None:
            seen.load(*step.ladders)
    seen.end()
    return start, seen, capture.steps[-1].at - capture.steps[first].at


def _made(flow: Flow[Market], start: tuple[Ladder, Ladder], grid: Ticks, count: int) -> Survey:
    book, seen, at = Book(), Survey(grid), 0.0
    book.load(*start)
    seen.load(*start)
    flow.add(Market(book, grid), 1)
    while len(seen.deltas) < count:
        action = flow.next(at)
        if action is None:
            at = flow.next_at()
            continue
        for change in action.changes:
            book.apply(*change)
            seen.change(at, *change)
        flow.spent(len(action.changes))
    seen.end()
    return seen


def main(*names: str) -> dict[str, dict[str, dict[str, tuple[float, ...]]]]:
    """Write the tables of some captures, or of all, and return their numbers."""
    found = {}
    for name in names or CAPTURES:
        columns = compare(name, CAPTURES[name])
        sys.stdout.write(f"{table(columns)}\n\n")
        found[name] = {title: dict(rows(seen)) for title, seen in columns}
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
