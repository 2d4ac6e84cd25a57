"""One reading of both clocks, handed to pure code."""

from typing import NamedTuple


class Now(NamedTuple):
    """`at` counts seconds and never steps back, for deadlines; `ts` is microseconds since 1970, for messages."""

    at: float
    ts: int
