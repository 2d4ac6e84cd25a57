"""Which markets a list holds."""

from collections.abc import Iterator

from proto.units import SECOND
from services.simulator.rest.errors import conflicting, not_found
from services.simulator.rest.listings import Listings, market_place
from services.simulator.rest.pages import Place, newest, page
from services.simulator.rest.queries import GetMarketsParams, Seconds, names
from services.simulator.world.market import Market, Phase
from services.simulator.world.world import World

_PHASES = {
    "": frozenset(Phase),
    "unopened": frozenset({Phase.INITIALIZED}),
    "open": frozenset({Phase.ACTIVE}),
    "paused": frozenset({Phase.INACTIVE}),
    "closed": frozenset({Phase.CLOSED, Phase.DETERMINED}),
    "settled": frozenset({Phase.FINALIZED}),
}
#: With which statuses the filters on a time can be combined; each of them excludes the others.
_STATUSES = {
    "created": {"", "unopened", "open"},
    "close": {"", "closed"},
    "settled": {"", "settled"},
    "updated": {""},
}


def find(listings: Listings, params: GetMarketsParams) -> tuple[list[Market], str]:
    """Return a page of markets, the newest first, and the next cursor; raises RequestRefused."""
    check(params)
    allowed = phases(listings.world, params.status)
    found = (
        (place, market)
        for place, market in _candidates(listings, params)
        if market.phase in allowed and _fits(market, params)
    )
    return page(found, params.limit or GetMarketsParams().limit)


def known(world: World, ticker: str) -> Market:
    """Return a market; raises RequestRefused."""
    if ticker not in world.markets:
        raise not_found()
    return world.markets[ticker]


def phases(world: World, status: str) -> frozenset[Phase]:
    """Return the phases that a list's filter means; while the exchange trades, a paused market counts as open."""
    paused_too = status == "open" and world.trading_active
    return _PHASES[status] | {Phase.INACTIVE} if paused_too else _PHASES[status]


def check(params: GetMarketsParams) -> None:
    """Raise RequestRefused if filters do not go together."""
    used = [kind for kind, (least, most) in _times(params).items() if least is not None or most is not None]
    if len(used) > 1:
        raise conflicting(f"{used[0]} and {used[1]} timestamp filters are mutually exclusive")
    if used and params.status not in _STATUSES[used[0]]:
        raise conflicting(f"{used[0]} timestamp filters can not be combined with status {params.status}")
    if used == ["updated"]:
        _check_updated(params)


def _check_updated(params: GetMarketsParams) -> None:
    if params.event_ticker or params.tickers or params.mve_filter == "only":
        raise conflicting("updated timestamp filters can only be combined with mve_filter=exclude and series_ticker")
    if params.series_ticker and params.mve_filter != "exclude":
        raise conflicting("updated timestamp filters with series_ticker need mve_filter=exclude")


def _times(params: GetMarketsParams) -> dict[str, tuple[Seconds | None, Seconds | None]]:
    return {
        "created": (params.min_created_ts, params.max_created_ts),
        "close": (params.min_close_ts, params.max_close_ts),
        "settled": (params.min_settled_ts, params.max_settled_ts),
        "updated": (params.min_updated_ts, params.max_updated_ts),
    }


def _candidates(listings: Listings, params: GetMarketsParams) -> Iterator[tuple[Place, Market]]:
    world = listings.world
    if params.tickers or params.event_ticker:
        named = [world.markets[ticker] for ticker in names(params.tickers) if ticker in world.markets]
        markets = named if params.tickers else world.markets_of(params.event_ticker)
        return newest(((market_place(market), market) for market in markets), params.cursor)
    return ((place, world.markets[place.name]) for place in listings.markets.after(params.cursor))


def _fits(market: Market, params: GetMarketsParams) -> bool:
    listing = market.listing
    return (
        params.event_ticker in {"", listing.event_ticker}
        and params.series_ticker in {"", listing.series_ticker}
        and (not params.mve_filter or market.is_combo == (params.mve_filter == "only"))
        and within(listing.created_ts, params.min_created_ts, params.max_created_ts)
        and within(listing.close_ts, params.min_close_ts, params.max_close_ts)
        and within(market.settled_ts, params.min_settled_ts, params.max_settled_ts)
        and within(market.updated_ts, params.min_updated_ts, params.max_updated_ts)
    )


def within(ts: int | None, least: Seconds | None, most: Seconds | None) -> bool:
    """Tell whether a time in microseconds is between two in seconds; one that has not come is in no such time."""
    if least is None and most is None:
        return True
    if ts is None:
        return False
    return (least is None or ts >= least * SECOND) and (most is None or ts <= most * SECOND)
