"""Lists a page at a time, newest first, with cursors that stay good while things come and go."""

import base64
import binascii
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, TypeVar

_Item = TypeVar("_Item")


class Place(NamedTuple):
    """Where something stands in a list: by a time, then by its name, the largest first as at the exchange."""

    ts: int
    name: str


def page(found: Iterable[tuple[Place, _Item]], limit: int) -> tuple[list[_Item], str]:
    """Return the first items, and the cursor behind them, which is empty if there are no more."""
    first = list(islice(found, limit + 1))
    shown = first[:limit]
    return [item for _, item in shown], _written(shown[-1][0]) if len(first) > limit else ""


def newest(items: Iterable[tuple[Place, _Item]], cursor: str) -> Iterator[tuple[Place, _Item]]:
    """Return what stands behind a cursor in order; a list that is asked for often is better kept in order."""
    after = place(cursor)
    behind = items if after is None else (item for item in items if item[0] < after)
    return iter(sorted(behind, key=lambda item: item[0], reverse=True))


def place(cursor: str) -> Place | None:
    """Return what a cursor says; as at the exchange, one that it did not make is no error."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        ts, _, name = text.partition(" ")
        return Place(int(ts), name) if name else None
    except (binascii.Error, ValueError):
        return None


def _written(place: Place) -> str:
    return base64.urlsafe_b64encode(f"{place.ts} {place.name}".encode()).decode("ascii").rstrip("=")
