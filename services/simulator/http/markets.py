"""Markets, their books, and what was traded."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.simulator.http.replies import reply
from services.simulator.rest import lists, markets, shapes
from services.simulator.rest.errors import flat
from services.simulator.rest.listings import Listings
from services.simulator.rest.queries import GetMarketOrderbookParams, GetMarketsParams, GetTradesParams, read
from services.simulator.world.world import World

_MOST_BOOKS = 100


def router(listings: Listings) -> APIRouter:
    """Return the routes."""
    world = listings.world
    routes = APIRouter()

    @routes.get("/markets")
    async def get_markets(request: Request) -> Response:
        found, cursor = markets.find(listings, read(GetMarketsParams, request.query_params.multi_items()))
        return reply({"markets": [shapes.market(market) for market in found], "cursor": cursor})

    @routes.get("/markets/trades")
    async def get_trades(request: Request) -> Response:
        return reply(lists.trades(world, read(GetTradesParams, request.query_params.multi_items())))

    @routes.get("/markets/orderbooks")
    async def get_orderbooks(request: Request) -> Response:
        tickers = [ticker for ticker in request.query_params.getlist("tickers") if ticker]
        if not 1 <= len(tickers) <= _MOST_BOOKS:
            raise flat(400, "invalid_parameters", "invalid parameters", f"tickers: give 1 to {_MOST_BOOKS}")
        books = [{"ticker": ticker, "orderbook_fp": _orderbook(world, ticker)} for ticker in tickers]
        return reply({"orderbooks": books})

    @routes.get("/markets/{ticker}")
    async def get_market(ticker: str) -> Response:
        return reply({"market": shapes.market(markets.known(world, ticker))})

    @routes.get("/markets/{ticker}/orderbook")
    async def get_orderbook(ticker: str, request: Request) -> Response:
        params = read(GetMarketOrderbookParams, request.query_params.multi_items())
        return reply({"orderbook_fp": _orderbook(world, ticker, params.depth)})

    return routes


def _orderbook(world: World, ticker: str, depth: int = 0) -> dict[str, object]:
    return shapes.orderbook(markets.known(world, ticker).book, depth)
