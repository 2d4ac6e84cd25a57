"""The simulator's own routes: what it knows, and the hands that reach into it."""

from collections.abc import Callable
from typing import NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.simulator.core import Exchange
from services.simulator.http.replies import reply
from services.simulator.rest.queries import TruthParams, read
from services.simulator.rest.truth import sessions, truth


class Controls(NamedTuple):
    """What the routes call: a request's body goes in, that of the reply comes out; may raise BadRequest.

    `replays` and `faults` return lists; `clear_faults` ends all faults.
    """

    replays: Callable[[], object]
    private: Callable[[bytes], object]
    faults: Callable[[], object]
    add_fault: Callable[[bytes], object]
    clear_faults: Callable[[], object]
    lifecycle: Callable[[bytes], object]


def router(exchange: Exchange, controls: Controls) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    @routes.get("/replay")
    async def get_replay() -> Response:
        return reply(controls.replays())

    @routes.get("/sessions")
    async def get_sessions() -> Response:
        return reply(sessions(exchange))

    @routes.get("/truth/{ticker}")
    async def get_truth(ticker: str, request: Request) -> Response:
        return reply(truth(exchange, ticker, read(TruthParams, request.query_params.multi_items())))

    @routes.post("/private")
    async def post_private(request: Request) -> Response:
        return reply(controls.private(await request.body()))

    @routes.get("/faults")
    async def get_faults() -> Response:
        return reply(controls.faults())

    @routes.post("/faults")
    async def post_fault(request: Request) -> Response:
        return reply(controls.add_fault(await request.body()))

    @routes.delete("/faults")
    async def delete_faults() -> Response:
        return reply(controls.clear_faults())

    @routes.post("/lifecycle")
    async def post_lifecycle(request: Request) -> Response:
        return reply(controls.lifecycle(await request.body()))

    return routes
