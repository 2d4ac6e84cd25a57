"""Events and series."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.simulator.http.replies import reply
from services.simulator.rest import lists
from services.simulator.rest.listings import Listings
from services.simulator.rest.queries import (
    GetEventParams,
    GetEventsParams,
    GetMultivariateEventsParams,
    GetSeriesListParams,
    GetSeriesParams,
    read,
)


def router(listings: Listings) -> APIRouter:
    """Return the routes."""
    world = listings.world
    routes = APIRouter()

    @routes.get("/events")
    async def get_events(request: Request) -> Response:
        return reply(lists.events(listings, read(GetEventsParams, request.query_params.multi_items())))

    @routes.get("/events/multivariate")
    async def get_multivariate_events(request: Request) -> Response:
        params = read(GetMultivariateEventsParams, request.query_params.multi_items())
        return reply(lists.multivariate_events(listings, params))

    @routes.get("/events/fee_changes")
    async def get_event_fee_changes() -> Response:
        return reply({"event_fee_changes": [], "cursor": ""})

    @routes.get("/events/{event_ticker}")
    async def get_event(event_ticker: str, request: Request) -> Response:
        params = read(GetEventParams, request.query_params.multi_items())
        return reply(lists.event(world, event_ticker, with_nested_markets=params.with_nested_markets))

    @routes.get("/events/{event_ticker}/metadata")
    async def get_event_metadata(event_ticker: str) -> Response:
        return reply(lists.event_metadata(world, event_ticker))

    @routes.get("/series")
    async def get_series_list(request: Request) -> Response:
        return reply(lists.series_list(world, read(GetSeriesListParams, request.query_params.multi_items())))

    @routes.get("/series/fee_changes")
    async def get_series_fee_changes() -> Response:
        return reply({"series_fee_change_arr": []})

    @routes.get("/series/{series_ticker}")
    async def get_series(series_ticker: str, request: Request) -> Response:
        params = read(GetSeriesParams, request.query_params.multi_items())
        return reply(lists.series(world, series_ticker, include_volume=params.include_volume))

    @routes.get("/search/tags_by_categories")
    async def get_tags_by_categories() -> Response:
        return reply(lists.tags_by_categories(world))

    return routes
