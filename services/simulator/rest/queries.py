"""The parameters of each request, and how the exchange words what is wrong with one of them.

A struct is named like the exchange's own, because its errors tell that name.
"""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from services.simulator.rest.errors import RequestRefused, invalid

Seconds: TypeAlias = int
_Params = TypeVar("_Params", bound=msgspec.Struct)


class GetMarketsParams(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows the list of markets; a limit of 0 means the default."""

    limit: Annotated[int, Meta(ge=0, le=1000)] = 100
    cursor: str = ""
    event_ticker: str = ""
    series_ticker: str = ""
    tickers: str = ""
    status: Literal["", "unopened", "open", "paused", "closed", "settled"] = ""
    mve_filter: Literal["", "only", "exclude"] = ""
    min_created_ts: Seconds | None = None
    max_created_ts: Seconds | None = None
    min_close_ts: Seconds | None = None
    max_close_ts: Seconds | None = None
    min_settled_ts: Seconds | None = None
    max_settled_ts: Seconds | None = None
    min_updated_ts: Seconds | None = None
    max_updated_ts: Seconds | None = None


class GetMarketOrderbookParams(msgspec.Struct, frozen=True, kw_only=True):
    """How many levels of each side are wanted; 0 means all."""

    depth: Annotated[int, Meta(ge=0, le=100)] = 0


class GetTradesParams(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows the list of trades."""

    limit: Annotated[int, Meta(ge=0, le=1000)] = 100
    cursor: str = ""
    ticker: str = ""
    min_ts: Seconds | None = None
    max_ts: Seconds | None = None
    is_block_trade: bool | None = None


class GetEventsParams(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows the list of events."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 200
    cursor: str = ""
    series_ticker: str = ""
    tickers: str = ""
    status: Literal["", "unopened", "open", "closed", "settled"] = ""
    min_close_ts: Seconds | None = None
    min_updated_ts: Seconds | None = None
    with_nested_markets: bool = False
    with_milestones: bool = False


class GetMultivariateEventsParams(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows the list of combos' events."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 100
    cursor: str = ""
    series_ticker: str = ""
    collection_ticker: str = ""
    tickers: str = ""
    with_nested_markets: bool = False


class GetEventParams(msgspec.Struct, frozen=True, kw_only=True):
    """How an event is shown."""

    with_nested_markets: bool = False


class GetSeriesParams(msgspec.Struct, frozen=True, kw_only=True):
    """How a series is shown."""

    include_volume: bool = False


class GetSeriesListParams(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows the list of series."""

    category: str = ""
    tags: str = ""
    include_product_metadata: bool = False
    include_volume: bool = False
    min_updated_ts: Seconds | None = None


class GetFillsParams(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows the list of fills."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    cursor: str = ""
    ticker: str = ""
    order_id: str = ""
    min_ts: Seconds | None = None
    max_ts: Seconds | None = None
    subaccount: int | None = None


class GetOrdersParams(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows the list of orders."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    cursor: str = ""
    ticker: str = ""
    event_ticker: str = ""
    status: Literal["", "resting", "canceled", "executed"] = ""
    min_ts: Seconds | None = None
    max_ts: Seconds | None = None
    subaccount: int | None = None


class GetPositionsParams(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows the list of positions, which are always those of one subaccount."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    cursor: str = ""
    count_filter: str = ""
    ticker: str = ""
    event_ticker: str = ""
    subaccount: int = 0


class TruthParams(msgspec.Struct, frozen=True, kw_only=True):
    """Of which moment a book is wanted: by a sequence number of somebody's subscription, or by its change."""

    at_seq: int | None = None
    at_change: int | None = None
    session: int | None = None
    sid: int | None = None


def read(kind: type[_Params], members: Iterable[tuple[str, str]]) -> _Params:
    """Return a query string's members as parameters; empty and unknown ones are ignored. Raises RequestRefused."""
    known = {name: value for name, value in members if value}
    try:
        return msgspec.convert(known, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(kind.__name__, str(error), known) from error


def names(text: str) -> list[str]:
    """Return the names of a comma list, each once."""
    return list(dict.fromkeys(filter(None, text.split(","))))


_PLACE = re.compile(r"`\$\.(\w+)`$")
_BINDING = "error binding string parameter"


def _refusal(params: str, problem: str, known: dict[str, Any]) -> RequestRefused:
    found = _PLACE.search(problem)
    name = found[1] if found else ""
    if " <= " in problem:
        tag = "lte"
    elif " >= " in problem:
        tag = "gte"
    elif problem.startswith("Invalid enum value"):
        tag = "oneof"
    else:
        return RequestRefused(
            400, {"msg": f"Invalid format for parameter {name}: {_BINDING}: parsing {known.get(name, '')!r}"}
        )
    field = "".join(word.title() for word in name.split("_"))
    violation = f"Key: '{params}.{field}' Error:Field validation for '{field}' failed on the '{tag}' tag"
    return invalid(params.removesuffix("Params"), violation)
