"""WebSocket connections of a server, for thousands of clients: uvicorn accepts them, `websockets` speaks the protocol.

uvicorn hands a connection over at the upgrade, so HTTP and WebSockets share one port. Frames are written straight to
the transport, all frames of one loop turn in a single write: one write per message would cost more than everything
else together. A client that does not read is not waited for: its frames queue here, and `queued_bytes` tells how many,
so that the handler can decide what to do about it.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import msgspec
from websockets.datastructures import Headers
from websockets.exceptions import ProtocolError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from shared.runtime.frames import text_frame

CLOSE_TIMEOUT_S = 2.0
FLUSH_BYTES = 64 * 2**10
#: A client that leaves more than this unread is not listened to meanwhile: its commands would only add answers.
UNREAD_BYTES = 2**20


class Rejection(msgspec.Struct, frozen=True):
    """An HTTP answer instead of a WebSocket."""

    status: int
    reason: str
    body: bytes
    content_type: str = "application/json"


class Handler(Protocol):
    """What a service does with the clients of one path."""

    def authorise(self, request: Request) -> Rejection | None:
        """Refuse the handshake, or let it pass with None."""

    def opened(self, peer: "Peer") -> None:
        """Take note of a new client."""

    def received(self, peer: "Peer", message: str | bytes) -> None:
        """Take a text (str) or binary (bytes) message."""

    def closed(self, peer: "Peer") -> None:
        """Take note that a client has gone."""


class Endpoint(msgspec.Struct, frozen=True):
    """One WebSocket path with its limits; a client silent for two ping intervals is cut if `cut_silent`."""

    handler: Handler
    max_message_bytes: int = 2**20
    ping_interval_s: float = 20.0
    ping_payload: bytes = b""
    cut_silent: bool = True


class Peer(asyncio.Protocol):
    """One connected client."""

    def __init__(self, endpoints: Mapping[str, Endpoint], server_state: Any) -> None:
        self.path = ""
        #: Of the handshake, by upper-case name.
        self.headers: Mapping[str, str] = {}
        self._endpoints = endpoints
        self._connections: set[Any] = server_state.connections
        self._protocol = ServerProtocol(max_size=None)
        self._loop = asyncio.get_running_loop()
        self._endpoint: Endpoint | None = None
        self._transport = cast(asyncio.Transport, None)
        self._outbox: list[bytes] = []
        self._outbox_bytes = 0
        self._flush_planned = False
        self._writable = True
        self._message = bytearray()
        self._message_is_text = False
        self._heard_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._muted = False
        self._deaf = False

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait for the client to read: here and in the transport."""
        return self._outbox_bytes + self._transport.get_write_buffer_size()

    @property
    def address(self) -> str:
        """The client's address, for logs."""
        peer = self._transport.get_extra_info("peername")
        return f"{peer[0]}:{peer[1]}" if peer else "unknown"

    def send(self, *payloads: bytes) -> None:
        """Queue text messages; they leave together at the end of this loop turn, if the client reads."""
        for payload in payloads:
            self.write(text_frame(payload))

    def write(self, frame: bytes) -> None:
        """Queue a prepared frame, unless the connection is about to close."""
        if self._muted or self._protocol.state is not OPEN:
            return
        self._outbox.append(frame)
        self._outbox_bytes += len(frame)
        if self._outbox_bytes > FLUSH_BYTES:
            # Without delay, so that it shows within the loop turn whether the client reads.
            self._flush()
            if self._outbox_bytes > UNREAD_BYTES:
                self._transport.pause_reading()
        elif not self._flush_planned and self._writable:
            self._flush_planned = True
            self._loop.call_soon(self._flush)

    def ping(self, payload: bytes = b"") -> None:
        """Send a ping now."""
        if self._protocol.state is OPEN:
            self._protocol.send_ping(payload)
            self._write_protocol()

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake; what is queued and the client does not read is dropped."""
        if self._protocol.state is not OPEN:
            if self._deaf:  # the client's goodbye was not answered
                self._transport.abort()
            return
        self._deaf = False
        self._flush()
        self._outbox.clear()
        self._outbox_bytes = 0
        self._protocol.send_close(code, reason)
        self._write_protocol()
        self._loop.call_later(CLOSE_TIMEOUT_S, self._transport.abort)

    def abort(self) -> None:
        """Cut the connection without a close frame."""
        self._transport.abort()

    def mute(self, *, pongs: bool) -> None:
        """Lose what is written from now on; without `pongs` answer no pings, send none, and ignore what is read."""
        self._flush()
        self._muted = True
        self._deaf = not pongs

    def unmute(self) -> None:
        """Speak again; a client that said goodbye meanwhile is cut."""
        self._muted = self._deaf = False
        self._heard_at = self._loop.time()
        if self._protocol.state is not OPEN:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Feed the protocol."""
        self._heard_at = self._loop.time()
        self._protocol.receive_data(data)
        self._drain_events()

    def eof_received(self) -> None:
        """Feed the end to the protocol."""
        self._protocol.receive_eof()
        self._drain_events()

    def connection_lost(self, _: Exception | None) -> None:
        """Tell the handler that the client has gone."""
        self._connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._endpoint is not None:
            self._endpoint.handler.closed(self)
            self._endpoint = None

    def pause_writing(self) -> None:
        """The client reads too slowly: keep frames here."""
        self._writable = False

    def resume_writing(self) -> None:
        """The client has caught up: send what was kept."""
        self._writable = True
        self._transport.resume_reading()
        self._flush()

    def shutdown(self) -> None:
        """Close because the server stops; uvicorn calls this."""
        if self._endpoint is None:
            self._transport.close()
        else:
            self.close(CloseCode.GOING_AWAY, "the server stops")

    def _drain_events(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._handshake(event)
            elif isinstance(event, Frame):
                self._frame(event)
        self._write_protocol()

    def _handshake(self, request: Request) -> None:
        self.path = urlsplit(request.path).path
        self.headers = {name.upper(): value for name, value in request.headers.raw_items()}
        endpoint = self._endpoints.get(self.path)
        rejection = (
            endpoint.handler.authorise(request)
            if endpoint is not None
            else Rejection(404, "Not Found", b'{"error":"there is no WebSocket at this path"}')
        )
        if rejection is not None:
            self._protocol.send_response(_http_response(rejection))
            return
        response = self._protocol.accept(request)
        self._protocol.send_response(response)
        if endpoint is None or response.status_code != 101:
            return
        self._endpoint = endpoint
        self._protocol.max_message_size = endpoint.max_message_bytes
        self._write_protocol()
        self._plan_ping()
        endpoint.handler.opened(self)

    def _frame(self, frame: Frame) -> None:
        if frame.opcode not in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT} or self._endpoint is None:
            return
        if frame.opcode is not Opcode.CONT:
            self._message_is_text = frame.opcode is Opcode.TEXT
        self._message += frame.data
        if not frame.fin:
            return
        message = bytes(self._message)
        self._message.clear()
        if self._deaf:
            return
        if not self._message_is_text:
            self._endpoint.handler.received(self, message)
            return
        try:
            text = message.decode()
        except UnicodeDecodeError:
            self._protocol.fail(CloseCode.INVALID_DATA, "text messages are UTF-8")
        else:
            self._endpoint.handler.received(self, text)

    def _write_protocol(self) -> None:
        # Who is deaf reads on, to find the frames again when it no longer is, but lets no answer out.
        answers = self._protocol.data_to_send()
        if self._deaf:
            return
        for chunk in answers:
            if chunk:
                self._transport.write(chunk)
            elif self._transport.can_write_eof():
                self._transport.write_eof()
        if self._protocol.close_expected():
            self._loop.call_later(CLOSE_TIMEOUT_S, self._transport.abort)

    def _flush(self) -> None:
        self._flush_planned = False
        if not self._outbox or not self._writable or self._protocol.state is not OPEN:
            return
        data = b"".join(self._outbox)
        self._outbox.clear()
        self._outbox_bytes = 0
        self._transport.write(data)

    def _plan_ping(self) -> None:
        if self._endpoint is not None:
            self._timer = self._loop.call_later(self._endpoint.ping_interval_s, self._ping_now)

    def _ping_now(self) -> None:
        endpoint = self._endpoint
        if endpoint is None:
            return
        silent_s = self._loop.time() - self._heard_at
        if endpoint.cut_silent and not self._deaf and silent_s > 2 * endpoint.ping_interval_s:
            self._transport.abort()
            return
        self.ping(endpoint.ping_payload)
        self._plan_ping()


def _http_response(rejection: Rejection) -> Response:
    length = str(len(rejection.body))
    headers = Headers({"Content-Type": rejection.content_type, "Content-Length": length, "Connection": "close"})
    return Response(rejection.status, rejection.reason, headers, rejection.body)


__all__ = ["Endpoint", "Handler", "Peer", "ProtocolError", "Rejection", "Request"]
