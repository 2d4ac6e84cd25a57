"""A WebSocket that tells when bytes came, and how it is made."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from services.gateway.budget import Budget
from services.gateway.dialling import Refusal, refusal, unreachable
from shared.kalshi.signing import Signer
from shared.market.clock import Now
from shared.runtime.clock import now

DIAL_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 1.0
MAX_FRAME_BYTES = 64 * 2**20
#: No proxy of the environment leads back to this machine.
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
#: The kernel's own watch, where it has these: seconds of silence, between probes, and how many of them.
KEEP_ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}


def _nothing(_: float) -> None:
    pass


class Connection(ClientConnection):
    """Calls `heard` with the time when bytes came, whatever they are, and `turned` when they have been handled."""

    heard: Callable[[float], None] = staticmethod(_nothing)
    turned: Callable[[float], None] = staticmethod(_nothing)

    def data_received(self, data: bytes) -> None:
        """Take bytes off the socket."""
        at = now().at
        self.heard(at)
        super().data_received(data)
        # Whoever waits for a frame is woken before this, and reads all that is there.
        self.loop.call_soon(self._turned, at)

    def _turned(self, at: float) -> None:
        self.turned(at)


class Dialler:
    """Connects to the exchange, for all lines, within one budget."""

    def __init__(self, url: str, signer: Signer, budget: Budget, clock: Callable[[], Now] = now) -> None:
        self.url = url
        self.budget = budget
        self.clock = clock
        self._signer = signer

    async def permission(self) -> None:
        """Wait until a line may dial."""
        while True:
            wait = self.budget.ask(now().at)
            if wait <= 0:
                return
            # In small steps: what another line finds out may end the wait.
            await asyncio.sleep(min(wait, 1.0))

    async def dial(self) -> Connection | Refusal:
        """Return a connection, or why there is none."""
        try:
            async with asyncio.timeout(DIAL_TIMEOUT_S):
                connection = await self._connect()
        except InvalidStatus as error:
            return refusal(error.response.status_code, bytes(error.response.body or b""), self.url)
        except (OSError, TimeoutError, WebSocketException) as error:
            return unreachable(_kind(error), str(error) or type(error).__name__, self.url)
        _keep_alive(connection)
        return connection

    async def _connect(self) -> Connection:
        parts = urlsplit(self.url)
        # Signed afresh each time: a signature lives for seconds only.
        headers = self._signer.headers("GET", parts.path, self.clock().ts // 1000)
        connection = connect(
            self.url,
            create_connection=Connection,
            additional_headers=headers,
            compression=None,
            max_size=MAX_FRAME_BYTES,
            open_timeout=None,
            proxy=None if parts.hostname in LOOPBACK else True,
            # The library's own keep-alive waits for the socket it should watch.
            ping_interval=None,
            close_timeout=CLOSE_TIMEOUT_S,
        )
        return cast(Connection, await connection)


async def close(connection: ClientConnection) -> None:
    """End a connection in good order if that can be done at once, else without."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await connection.close()
    connection.transport.abort()


def _kind(error: Exception) -> str:
    match error:
        case socket.gaierror():
            return "name_not_resolved"
        case ConnectionRefusedError():
            return "refused"
        case TimeoutError():
            return "timeout"
        case ssl.SSLError():
            return "tls"
        case WebSocketException():
            return "no_websocket"
        case _:
            return "unreachable"


def _keep_alive(connection: ClientConnection) -> None:
    found = connection.transport.get_extra_info("socket")
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEP_ALIVE.items():
        if hasattr(socket, name):
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
