"""The web application: who may ask, how often, and how errors look."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint

from services.simulator.core import Exchange
from services.simulator.errors import BadRequest
from services.simulator.http import account, empty, events, markets, own, portfolio
from services.simulator.http import exchange as exchange_routes
from services.simulator.http.own import Controls
from services.simulator.http.replies import API, reply
from services.simulator.rest.errors import RequestRefused, nested, not_found
from services.simulator.rest.limits import Limits, Tier
from services.simulator.rest.listings import Listings
from shared.kalshi.signing import HEADERS, Refusal
from shared.market.clock import Now

__all__ = ["API", "Check", "Controls", "application"]

#: Takes upper-case headers, method and path, and returns why the request is refused.
Check: TypeAlias = Callable[[Mapping[str, str], str, str], Refusal | None]

#: What only an account can ask for; the rest can be read unsigned.
_SIGNED = (f"{API}/account/limits", f"{API}/markets/orderbooks", f"{API}/portfolio")
#: What still answers during an outage.
_ALWAYS = (f"{API}/exchange/", f"{API}/account/")


def application(
    exchange: Exchange, check: Check, controls: Controls, *, now: Callable[[], Now], tier: Tier = "basic"
) -> FastAPI:
    """Return the routes; a signature is not needed everywhere, but must be good where there is one.

    Args:
        exchange: What is shown.
        check: Verifies a signature.
        controls: What the simulator's own routes reach.
        now: The clocks.
        tier: How much an account may ask.
    """
    app = FastAPI(title="Kalshi, simulated", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    limits = Limits(tier)
    listings = Listings(exchange.world)
    _guard(app, check, limits, exchange, now)
    _answer_errors(app)
    routers = (
        markets.router(listings),
        events.router(listings),
        exchange_routes.router(exchange.world, now),
        account.router(limits),
        portfolio.router(exchange.world),
        empty.router(now),
    )
    for router in routers:
        app.include_router(router, prefix=API)
    app.include_router(own.router(exchange, controls), prefix="/sim")
    return app


def _guard(app: FastAPI, check: Check, limits: Limits, exchange: Exchange, now: Callable[[], Now]) -> None:
    @app.middleware("http")
    async def guard(request: Request, call_next: RequestResponseEndpoint) -> Response:
        headers = {name.upper(): value for name, value in request.headers.items()}
        path = request.url.path
        if any(name in headers for name in HEADERS) or path.startswith(_SIGNED):
            refusal = check(headers, request.method, path)
            if refusal is not None:
                return Response(refusal.body(), 401, media_type="application/json")
            if path.startswith(API) and not limits.take(headers.get(HEADERS.key, ""), request.method, now().at):
                return reply({"error": "too many requests"}, 429)
        if path.startswith(API) and not path.startswith(_ALWAYS) and not exchange.world.exchange_active:
            return _refused(nested(503, "service_unavailable", "service unavailable", "the exchange is not active"))
        return await call_next(request)


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(RequestRefused)
    async def refused(_: Request, error: RequestRefused) -> Response:
        return _refused(error)

    @app.exception_handler(BadRequest)
    async def bad_request(_: Request, error: BadRequest) -> Response:
        return reply({"error": error.problem}, 400)

    @app.exception_handler(HTTPException)
    async def unroutable(_: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return _refused(not_found())
        return _refused(nested(error.status_code, "method_not_allowed", error.detail))


def _refused(error: RequestRefused) -> Response:
    return reply(error.body, error.status)
