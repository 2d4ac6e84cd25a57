"""One reading of the account over REST: which reads it takes, in which order, and what they tell.

First it waits until the exchange vouches for the time at which the channels were acknowledged: what was done before is
then listed, and what is done after is said. Nothing here waits or asks; the shell does each read and brings the reply.
"""

from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import TypeAlias, TypeVar
from urllib.parse import quote

import msgspec

from proto.private import Fill, Order, Position
from proto.units import SECOND
from services.gateway.holdings import Holdings, key
from shared.kalshi.account import lists, normalise
from shared.kalshi.errors import Malformed

PAGE = 1000
#: More pages than any account fills: a list that goes on is going round.
MOST_PAGES = 1000
#: How often, and after which pauses, it is asked whether the lists are up to date; they are a second behind at most.
AS_OF_ATTEMPTS = 10
AS_OF_PAUSE_S = 0.5
#: Orders that are looked up one by one; beyond that they are `unknown`.
LOOK_UPS = 200
VANISHED = "vanished"

_T = TypeVar("_T")
_Row = TypeVar("_Row")
_Told = TypeVar("_Told")


class Read(msgspec.Struct, frozen=True, eq=False):
    """A GET that is wanted after a pause; one that is `optional` may be answered with "there is no such"."""

    path: str
    params: tuple[tuple[str, str], ...] = ()
    pause_s: float = 0.0
    optional: bool = False


class Reply(msgspec.Struct, frozen=True):
    """What was answered, None if there is no such, and when."""

    body: bytes | None
    received_ts: int


class Found(msgspec.Struct):
    """What a reading told.

    `orders` are those that rest and those that no longer do, `places` all listed positions, whether or not they were
    understood, and `unreadable` what was not.
    """

    as_of_ts: int | None = None
    fills: list[Fill] = []
    orders: dict[str, Order] = {}
    positions: dict[tuple[str, int], Position] = {}
    places: set[tuple[str, int]] = set()
    unreadable: list[tuple[Malformed, bytes]] = []


Steps: TypeAlias = Generator[Read, Reply, _T]


def reading(holdings: Holdings, *, generation: int, fills_since_ts: int, acknowledged_ts: int) -> Steps[Found]:
    """Read everything; raises Malformed if a reply as a whole is not understood."""
    found = Found()
    found.as_of_ts = yield from _up_to_date(acknowledged_ts)
    listed = yield from _listed_orders(found, generation)
    yield from _missing_orders(found, holdings, listed, generation)
    for subaccount in sorted(holdings.subaccounts):
        yield from _listed_positions(found, subaccount, generation)
    since = ("min_ts", str(fills_since_ts // SECOND))
    rows = yield from _pages("/portfolio/fills", (since,), lists.Fills, lambda page: (page.fills, page.cursor))
    # The exchange lists the newest first.
    for row, ts in reversed(rows):
        fill = _understood(found, row, ts, generation, normalise.listed_fill)
        if fill is not None:
            found.fills.append(fill)
    return found


def _up_to_date(acknowledged_ts: int) -> Steps[int | None]:
    as_of_ts = None
    for attempt in range(AS_OF_ATTEMPTS):
        reply = yield Read("/exchange/user_data_timestamp", pause_s=AS_OF_PAUSE_S if attempt else 0.0)
        as_of_ts = normalise.as_of(lists.decode(reply.body or b"", lists.AsOf))
        if as_of_ts >= acknowledged_ts:
            break
    return as_of_ts


def _listed_orders(found: Found, generation: int) -> Steps[set[str]]:
    resting = (("status", "resting"),)
    rows = yield from _pages("/portfolio/orders", resting, lists.Orders, lambda page: (page.orders, page.cursor))
    for row, ts in rows:
        order = _understood(found, row, ts, generation, normalise.listed_order)
        if order is not None:
            found.orders[order.order_id] = order
    return {row.order_id for row, _ in rows}


def _missing_orders(found: Found, holdings: Holdings, listed: set[str], generation: int) -> Steps[None]:
    for place, order in enumerate(holdings.missing_orders(listed)):
        told = None
        if place < LOOK_UPS:
            reply = yield Read(f"/portfolio/orders/{quote(order.order_id, safe='')}", optional=True)
            if reply.body is not None:
                row = lists.decode(reply.body, lists.OneOrder).order
                told = _understood(found, row, reply.received_ts, generation, normalise.listed_order)
        unknown = msgspec.structs.replace(order, status="unknown", reason=VANISHED, generation=generation)
        found.orders[order.order_id] = told or unknown


def _listed_positions(found: Found, subaccount: int, generation: int) -> Steps[None]:
    params = (("subaccount", str(subaccount)),) if subaccount else ()
    rows = yield from _pages(
        "/portfolio/positions", params, lists.Positions, lambda page: (page.market_positions, page.cursor)
    )
    read = partial(normalise.listed_position, subaccount=subaccount)
    found.places.update((row.ticker, subaccount) for row, _ in rows)
    for row, ts in rows:
        position = _understood(found, row, ts, generation, read)
        if position is not None:
            found.positions[key(position)] = position


def _pages(
    path: str, params: tuple[tuple[str, str], ...], kind: type[_T], parts: Callable[[_T], tuple[Iterable[_Row], str]]
) -> Steps[list[tuple[_Row, int]]]:
    """Return all rows of a list, each with the time at which it came."""
    rows: list[tuple[_Row, int]] = []
    cursor = ""
    for _ in range(MOST_PAGES):
        further = (("cursor", cursor),) if cursor else ()
        reply = yield Read(path, (*params, ("limit", str(PAGE)), *further))
        page, cursor = parts(lists.decode(reply.body or b"", kind))
        rows += [(row, reply.received_ts) for row in page]
        if not cursor:
            return rows
    raise Malformed("out_of_range", f"{path} has more than {MOST_PAGES} pages")


def _understood(
    found: Found, row: _Row, ts: int, generation: int, read: Callable[[_Row, int, int], _Told]
) -> _Told | None:
    try:
        return read(row, ts, generation)
    except Malformed as error:
        found.unreadable.append((error, msgspec.json.encode(row)))
        return None
