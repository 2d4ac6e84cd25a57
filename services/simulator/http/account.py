"""What an account is told about itself."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.simulator.http.replies import reply
from services.simulator.rest.limits import Limits, endpoint_costs


def router(limits: Limits) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    @routes.get("/account/limits")
    async def get_account_limits() -> Response:
        return reply(limits.account())

    @routes.get("/account/endpoint_costs")
    async def get_account_endpoint_costs() -> Response:
        return reply(endpoint_costs())

    return routes
