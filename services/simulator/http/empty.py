"""What the exchange lists and the simulator has none of: history beyond its cutoff, and money."""

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import Response

from proto.units import SECOND
from services.simulator.http.replies import reply
from shared.market.clock import Now


def router(now: Callable[[], Now]) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    @routes.get("/portfolio/settlements")
    async def get_settlements() -> Response:
        return reply({"settlements": [], "cursor": ""})

    @routes.get("/portfolio/balance")
    async def get_balance() -> Response:
        updated_ts = now().ts // SECOND
        return reply({"balance": 0, "balance_dollars": "0.0000", "portfolio_value": 0, "updated_ts": updated_ts})

    @routes.get("/historical/markets")
    async def get_historical_markets() -> Response:
        return reply({"markets": [], "cursor": ""})

    @routes.get("/historical/trades")
    async def get_historical_trades() -> Response:
        return reply({"trades": [], "cursor": ""})

    @routes.get("/incentive_programs")
    async def get_incentive_programs() -> Response:
        return reply({"incentive_programs": []})

    @routes.get("/milestones")
    async def get_milestones() -> Response:
        return reply({"milestones": [], "cursor": ""})

    return routes
