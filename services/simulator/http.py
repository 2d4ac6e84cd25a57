"""The REST side: the part of the Trade API that the other services read, and the state of the replay."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

import msgspec
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.middleware.base import RequestResponseEndpoint

from services.simulator.core import Exchange
from services.simulator.market import Market
from shared.kalshi.signing import HEADERS, Refusal

API = "/trade-api/v2"
_DEFAULT_LIMIT = 100

#: Takes upper-case headers, method and path, and returns why the request is refused.
Check = Callable[[Mapping[str, str], str, str], Refusal | None]
StatusFilter = Literal["", "unopened", "open", "paused", "closed", "settled"]


def application(exchange: Exchange, check: Check) -> FastAPI:
    """Return the routes; as at the exchange they can be read unsigned, but a signature must be good."""
    app = FastAPI(title="Kalshi, simulated", docs_url=None, redoc_url=None, openapi_url=None)
    _check_signatures(app, check)
    _add_markets(app, exchange)

    @app.get("/sim/replay")
    async def replay() -> Response:
        return _json(exchange.status())

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        problems = "; ".join(f"{problem['loc'][-1]}: {problem['msg']}" for problem in error.errors())
        return _json({"msg": f"Parameter validation failed: {problems}"}, 400)

    return app


def _check_signatures(app: FastAPI, check: Check) -> None:
    @app.middleware("http")
    async def refuse(request: Request, call_next: RequestResponseEndpoint) -> Response:
        headers = {name.upper(): value for name, value in request.headers.items()}
        if HEADERS.key in headers:
            refusal = check(headers, request.method, request.url.path)
            if refusal is not None:
                return Response(refusal.body(), 401, media_type="application/json")
        return await call_next(request)


def _add_markets(app: FastAPI, exchange: Exchange) -> None:
    @app.get(API + "/markets")
    async def markets(
        limit: Annotated[int, Query(ge=0, le=1000)] = _DEFAULT_LIMIT,
        cursor: str = "",
        tickers: str = "",
        status: StatusFilter = "",
        event_ticker: str = "",
        series_ticker: str = "",
    ) -> Response:
        wanted = set(tickers.split(",")) if tickers else exchange.markets.keys()
        found = [
            market
            for ticker, market in sorted(exchange.markets.items())
            if ticker in wanted
            and status in {"", "open"}  # every market is open
            and event_ticker in {"", market.event_ticker}
            and series_ticker in {"", market.series_ticker}
        ]
        page, next_cursor = _page(found, cursor, limit or _DEFAULT_LIMIT)
        return _json({"markets": [market.rest_market() for market in page], "cursor": next_cursor})

    @app.get(API + "/markets/{ticker}")
    async def market(ticker: str) -> Response:
        known = exchange.markets.get(ticker)
        return _not_found() if known is None else _json({"market": known.rest_market()})

    @app.get(API + "/markets/{ticker}/orderbook")
    async def orderbook(ticker: str, depth: Annotated[int, Query(ge=0, le=100)] = 0) -> Response:
        known = exchange.markets.get(ticker)
        return _not_found() if known is None else _json(known.rest_orderbook(depth))


def _page(found: list[Market], cursor: str, limit: int) -> tuple[list[Market], str]:
    after = _ticker_of(cursor)
    rest = [market for market in found if market.ticker > after]
    page = rest[:limit]
    return page, _cursor_of(page[-1].ticker) if len(rest) > limit else ""


def _cursor_of(ticker: str) -> str:
    return base64.urlsafe_b64encode(ticker.encode()).decode("ascii")


def _ticker_of(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor.encode()).decode()
    except (binascii.Error, UnicodeError):
        return ""  # as at the exchange, a cursor that it did not make is no error


def _not_found() -> Response:
    return _json({"error": {"code": "not_found", "message": "not found", "details": ""}}, 404)


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
