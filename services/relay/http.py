"""The relay's HTTP side: markets, books, the contract and the page."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from proto.requests import BookReply
from services.relay.directory import Listed
from shared.runtime.health import Health

WEB = Path(__file__).parent / "web"
CONTRACT = Path(__file__).parents[2] / "proto" / "generated"


def application(
    health: Health, markets: Callable[[], list[Listed]], book: Callable[[str], Awaitable[BookReply | None]]
) -> FastAPI:
    """Return the application; `book` answers None if no book_builder does."""
    app = FastAPI(title="kalshi-fanout relay", openapi_url="/openapi.json", docs_url=None, redoc_url=None)
    app.router.routes.extend(health.routes())

    @app.get("/api/markets")
    async def list_markets() -> Response:
        """List every market that a gateway follows."""
        return _json({"markets": markets()})

    @app.get("/api/markets/{ticker}/book")
    async def get_book(ticker: str) -> Response:
        """Return one market's book as it is now, best levels first."""
        reply = await book(ticker)
        if reply is None:
            return _json({"error": {"code": 503, "message": "no book_builder answers: start one, or try again"}}, 503)
        if reply.books:
            return _json(reply.books[0])
        error = reply.errors[0]
        return _json({"error": {"code": error.code, "message": error.message}}, error.code)

    @app.get("/asyncapi.json")
    async def asyncapi() -> Response:
        """Return the contract of the bus and of `/ws`."""
        return FileResponse(CONTRACT / "asyncapi.json")

    @app.get("/messages.d.ts")
    async def types() -> Response:
        """Return the messages as TypeScript declares them."""
        return FileResponse(CONTRACT / "messages.d.ts", media_type="text/plain")

    @app.exception_handler(404)
    async def not_found(request: Request, _: Exception) -> Response:
        """Answer as every other error is answered."""
        return _json({"error": {"code": 404, "message": f"there is nothing at {request.url.path}"}}, 404)

    app.mount("/", StaticFiles(directory=WEB, html=True))
    return app


def _json(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
