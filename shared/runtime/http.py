"""One listening port of a service: HTTP by an ASGI application and WebSockets by handlers."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from shared.runtime.errors import CannotListen
from shared.runtime.health import Health
from shared.runtime.sockets import Endpoint, Peer

STOP_TIMEOUT_S = 3


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: `run` owns the signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, *, host: str, port: int, setting: str, endpoints: Mapping[str, Endpoint] | None = None
) -> AsyncIterator[None]:
    """Serve while the block runs; raises CannotListen, which names `setting`, before anything has started."""
    listener = _listen(host, port, setting)
    config = uvicorn.Config(
        app,
        ws=_peer_factory(endpoints) if endpoints else "none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
    )
    server = _Server(config)
    async with asyncio.TaskGroup() as group:
        group.create_task(_serve(server, listener), name="http")
        try:
            yield
        finally:
            server.should_exit = True


@contextlib.asynccontextmanager
async def serving_health(health: Health, *, host: str, port: int) -> AsyncIterator[None]:
    """Serve /livez, /readyz and /metrics alone."""
    async with serving(Starlette(routes=health.routes()), host=host, port=port, setting="HTTP_PORT"):
        yield


async def _serve(server: _Server, listener: socket.socket) -> None:
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        # The block was left by an error: uvicorn still closes its connections in good order.
        server.should_exit = True
        await serving
        raise


def _listen(host: str, port: int, setting: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise CannotListen(setting, host, port, error) from error
    listener.listen(1024)
    return listener


def _peer_factory(endpoints: Mapping[str, Endpoint]) -> Any:
    def make(*, server_state: Any, **_: Any) -> Peer:
        return Peer(endpoints, server_state)

    return make
