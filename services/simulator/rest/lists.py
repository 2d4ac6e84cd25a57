"""Which events, series and trades a list holds, and what their markets add up to."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from services.simulator.rest import shapes
from services.simulator.rest.errors import conflicting, not_found
from services.simulator.rest.listings import Listings, event_place
from services.simulator.rest.markets import phases, within
from services.simulator.rest.pages import Place, newest, page
from services.simulator.rest.queries import (
    GetEventsParams,
    GetMultivariateEventsParams,
    GetSeriesListParams,
    GetTradesParams,
    names,
)
from services.simulator.world.listing import Event, Series
from services.simulator.world.market import Market
from services.simulator.world.world import World
from shared.kalshi.numbers import format_count

#: An event is what the first of these says that one of its markets is.
_EVENT_STATUSES = ("open", "unopened", "closed", "settled")


def events(listings: Listings, params: GetEventsParams) -> dict[str, Any]:
    """Return a page of events that are no combos."""
    world = listings.world
    found = (
        (place, event)
        for place, event, markets in _with_markets(world, _candidates(listings, params))
        if params.series_ticker in {"", event.series_ticker}
        and params.status in {"", _status(world, markets)}
        and any(within(market.listing.close_ts, params.min_close_ts, None) for market in markets)
        and within(_updated(markets), params.min_updated_ts, None)
    )
    body = _events(world, found, params)
    return body | {"milestones": []} if params.with_milestones else body


def multivariate_events(listings: Listings, params: GetMultivariateEventsParams) -> dict[str, Any]:
    """Return a page of the events of combos; raises RequestRefused."""
    if params.series_ticker and params.collection_ticker:
        raise conflicting("collection_ticker can not be combined with series_ticker")
    world = listings.world
    tickers = set(names(params.tickers))
    found = (
        (place, event)
        for place, event, markets in _with_markets(world, listings.combo_events.after(params.cursor))
        if (not tickers or event.ticker in tickers)
        and params.series_ticker in {"", event.series_ticker}
        and params.collection_ticker in {"", markets[0].listing.mve_collection_ticker}
    )
    return _events(world, found, params)


def event(world: World, ticker: str, *, with_nested_markets: bool) -> dict[str, Any]:
    """Return an event, and its markets beside it as they once were; raises RequestRefused."""
    if ticker not in world.events:
        raise not_found()
    markets = [shapes.market(market) for market in world.markets_of(ticker)]
    return {"event": _event(world, world.events[ticker], nested=with_nested_markets), "markets": markets}


def event_metadata(world: World, ticker: str) -> dict[str, Any]:
    """Return how an event and its markets are decorated, which is not at all; raises RequestRefused."""
    if ticker not in world.events:
        raise not_found()
    details = [
        {"market_ticker": market.ticker, "image_url": "", "color_code": ""} for market in world.markets_of(ticker)
    ]
    return {"image_url": "", "settlement_sources": [], "market_details": details}


def series_list(world: World, params: GetSeriesListParams) -> dict[str, Any]:
    """Return series; there are no pages."""
    tags = set(names(params.tags))
    sums = _Sums(world.markets.values())
    found = [
        _series(known, sums, params.include_volume, params.include_product_metadata)
        for known in world.series.values()
        if params.category in {"", known.category}
        and (not tags or tags.intersection(known.tags))
        and within(sums.updated_ts.get(known.ticker, 0), params.min_updated_ts, None)
    ]
    return {"series": found}


def series(world: World, ticker: str, *, include_volume: bool) -> dict[str, Any]:
    """Return a series; raises RequestRefused."""
    if ticker not in world.series:
        raise not_found()
    sums = _Sums(market for market in world.markets.values() if market.listing.series_ticker == ticker)
    return {"series": _series(world.series[ticker], sums, include_volume, metadata=False)}


def tags_by_categories(world: World) -> dict[str, Any]:
    """Return the tags of each category's series."""
    tags: dict[str, dict[str, None]] = {}
    for known in world.series.values():
        tags.setdefault(known.category, {}).update(dict.fromkeys(known.tags))
    return {"tags_by_categories": {category: list(known) for category, known in tags.items()}}


def trades(world: World, params: GetTradesParams) -> dict[str, Any]:
    """Return a page of trades, the newest first; none of them is a block trade."""
    found = (
        (Place(trade.ts, trade.trade_id), trade)
        for trade in world.tape.newest_first()
        if params.ticker in {"", trade.ticker}
        and within(trade.ts, params.min_ts, params.max_ts)
        and not params.is_block_trade
    )
    shown, cursor = page(newest(found, params.cursor), params.limit or GetTradesParams().limit)
    return {"trades": [shapes.trade(trade) for trade in shown], "cursor": cursor}


class _Sums:
    """What the markets of each series add up to."""

    def __init__(self, markets: Iterable[Market]) -> None:
        self.volume: dict[str, int] = {}
        self.updated_ts: dict[str, int] = {}
        for market in markets:
            ticker = market.listing.series_ticker
            self.volume[ticker] = self.volume.get(ticker, 0) + market.volume
            self.updated_ts[ticker] = max(self.updated_ts.get(ticker, 0), market.updated_ts)


def _events(
    world: World, found: Iterable[tuple[Place, Event]], params: GetEventsParams | GetMultivariateEventsParams
) -> dict[str, Any]:
    shown, cursor = page(found, params.limit)
    return {"events": [_event(world, event, nested=params.with_nested_markets) for event in shown], "cursor": cursor}


def _event(world: World, event: Event, *, nested: bool) -> dict[str, Any]:
    markets = world.markets_of(event.ticker)
    series = world.series.get(event.series_ticker)
    shown = shapes.event(event, category=series.category if series else "", updated_ts=_updated(markets))
    return shown | {"markets": [shapes.market(market) for market in markets]} if nested else shown


def _series(known: Series, sums: _Sums, volume: bool, metadata: bool) -> dict[str, Any]:
    shown = shapes.series(known)
    if known.ticker in sums.updated_ts:
        shown["last_updated_ts"] = shapes.time(sums.updated_ts[known.ticker])
    if volume:
        shown["volume_fp"] = format_count(sums.volume.get(known.ticker, 0))
    if metadata:
        shown["product_metadata"] = {}
    return shown


def _candidates(listings: Listings, params: GetEventsParams) -> Iterable[Place]:
    if not params.tickers:
        return listings.events.after(params.cursor)
    world = listings.world
    named = ((ticker, world.markets_of(ticker)) for ticker in names(params.tickers) if ticker in world.events)
    places = (event_place(ticker, markets) for ticker, markets in named if markets and not markets[0].is_combo)
    return [place for place, _ in newest(((place, None) for place in places), params.cursor)]


def _with_markets(world: World, places: Iterable[Place]) -> Iterator[tuple[Place, Event, list[Market]]]:
    return ((place, world.events[place.name], world.markets_of(place.name)) for place in places)


def _status(world: World, markets: Sequence[Market]) -> str:
    is_any = {status: any(market.phase in phases(world, status) for market in markets) for status in _EVENT_STATUSES}
    # An event whose markets are paused is still open.
    return next((status for status in _EVENT_STATUSES if is_any[status]), "open")


def _updated(markets: Sequence[Market]) -> int:
    return max((market.updated_ts for market in markets), default=0)
