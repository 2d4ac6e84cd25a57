"""Lists a page at a time, newest first, with cursors that stay good while things come and go."""

import base64
import binascii
from collections.abc import Callable, Iterable
from heapq import nlargest
from typing import NamedTuple, TypeVar

_Item = TypeVar("_Item")


class Place(NamedTuple):
    """Where something stands in a list: by a time, then by its name, the largest first as at the exchange."""

    ts: int
    name: str


def page(
    items: Iterable[_Item], place: Callable[[_Item], Place], cursor: str, limit: int
) -> tuple[list[_Item], str]:
    """Return the items after the cursor and the cursor behind them, which is empty behind the last."""
    after = _read(cursor)
    placed = ((place(item), item) for item in items)
    rest = placed if after is None else (found for found in placed if found[0] < after)
    found = nlargest(limit + 1, rest, key=lambda entry: entry[0])
    shown = found[:limit]
    return [item for _, item in shown], _written(shown[-1][0]) if len(found) > limit else ""


def _written(place: Place) -> str:
    return base64.urlsafe_b64encode(f"{place.ts} {place.name}".encode()).decode("ascii").rstrip("=")


def _read(cursor: str) -> Place | None:
    """Return what a cursor says; as at the exchange, one that it did not make is no error."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        ts, _, name = text.partition(" ")
        return Place(int(ts), name) if name else None
    except (binascii.Error, ValueError):
        return None
