"""What the account holds and did."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.simulator.http.replies import reply
from services.simulator.rest import portfolio
from services.simulator.rest.queries import GetFillsParams, GetOrdersParams, GetPositionsParams, read
from services.simulator.world.world import World


def router(world: World) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/portfolio")

    @routes.get("/fills")
    async def get_fills(request: Request) -> Response:
        return reply(portfolio.fills(world, read(GetFillsParams, request.query_params.multi_items())))

    @routes.get("/orders")
    async def get_orders(request: Request) -> Response:
        return reply(portfolio.orders(world, read(GetOrdersParams, request.query_params.multi_items())))

    @routes.get("/orders/{order_id}")
    async def get_order(order_id: str) -> Response:
        return reply(portfolio.order(world.ledger, order_id))

    @routes.get("/positions")
    async def get_positions(request: Request) -> Response:
        return reply(portfolio.positions(world, read(GetPositionsParams, request.query_params.multi_items())))

    return routes
