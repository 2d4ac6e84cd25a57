"""What the exchange lists and the simulator has none of: history beyond its cutoff, and an account that trades."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from fastapi.responses import Response

from proto.units import SECOND
from services.simulator.http.replies import reply
from shared.market.clock import Now

#: Lists of the account, by path.
_PORTFOLIO = {
    "/portfolio/fills": {"fills": [], "cursor": ""},
    "/portfolio/orders": {"orders": [], "cursor": ""},
    "/portfolio/positions": {"market_positions": [], "event_positions": [], "cursor": ""},
    "/portfolio/settlements": {"settlements": [], "cursor": ""},
}


def router(now: Callable[[], Now]) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    for path, body in _PORTFOLIO.items():
        routes.add_api_route(path, _always(body))

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


def _always(body: object) -> Callable[[], Awaitable[Response]]:
    async def get() -> Response:
        return reply(body)

    return get
