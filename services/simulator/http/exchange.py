"""The exchange as a whole: whether and when it works."""

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import Response

from services.simulator.http.replies import reply
from services.simulator.rest import hours
from services.simulator.world.world import World
from shared.market.clock import Now


def router(world: World, now: Callable[[], Now]) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    @routes.get("/exchange/status")
    async def get_exchange_status() -> Response:
        # An outage shows as an error, with the same body.
        return reply(hours.status(world, now().ts), 200 if world.exchange_active else 503)

    @routes.get("/exchange/schedule")
    async def get_exchange_schedule() -> Response:
        return reply(hours.schedule(now().ts))

    @routes.get("/exchange/announcements")
    async def get_exchange_announcements() -> Response:
        return reply({"announcements": []})

    @routes.get("/exchange/user_data_timestamp")
    async def get_user_data_timestamp() -> Response:
        return reply({"as_of_time": hours.as_of(now().ts)})

    @routes.get("/historical/cutoff")
    async def get_historical_cutoff() -> Response:
        return reply(hours.cutoff(now().ts))

    return routes
