"""The bus: the one home of the NATS client.

Publishing is a plain call that waits for nothing: messages of one loop turn are handed to NATS together. Handlers are
plain calls too; an error one raises ends the `connect` block. When the client dropped messages because we were slow, or
was connected anew, listeners that registered with `on_break` are told, for from then on something may be missing.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import nats
import nats.errors
import nats.micro
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.client import JetStreamContext
from nats.micro.request import Request, ServiceError
from nats.micro.service import EndpointConfig, ServiceConfig

from proto.subjects import Subjects
from shared.runtime.errors import BusUnreachable, NobodyAnswers, RequestError, SettingsError

CONNECT_TIMEOUT_S = 5.0
RECONNECT_WAIT_S = 1
FLUSH_TIMEOUT_S = 5.0
FLUSH_RETRY_S = 0.1
FINISH_TIMEOUT_S = 1.0
JETSTREAM_TIMEOUT_S = 2.0
#: Messages that wait for one subscription's handler; more are dropped, which counts as a break.
PENDING_MESSAGES = 65_536
PENDING_BYTES = 64 * 2**20
#: Messages that wait to be handed to NATS; more are dropped, which consumers see as a gap.
OUTBOX_MESSAGES = 65_536

#: What a service says in /readyz while it has lost the server.
BUS_AWAY = "nats-server is away: start it, or set NATS_URL to where it is"

Handler = Callable[[str, bytes], None]
#: Takes a request and returns the reply; None leaves it to another instance.
Answer = Callable[[bytes], Awaitable[bytes | None]]


class Bus:
    """A connection to NATS under one subject prefix; made by `connect`."""

    def __init__(self, client: Client, url: str, subjects: Subjects) -> None:
        self.subjects = subjects
        self._url = url
        self.dropped = 0
        self._client = client
        self._outbox: deque[tuple[str, bytes]] = deque()
        self._wake = asyncio.Event()
        self._on_break: list[Callable[[], None]] = []
        self._lost_messages = False
        self._bug: Exception | None = None
        self._echo_subject = client.new_inbox()
        self._echoes: dict[bytes, asyncio.Future[None]] = {}
        self._tokens = count()

    @property
    def connected(self) -> bool:
        """Whether the server is there right now."""
        return bool(self._client.is_connected)

    def jetstream(self) -> JetStreamContext:
        """Return what reaches the server's streams; for shared.runtime.kv."""
        return self._client.jetstream(timeout=JETSTREAM_TIMEOUT_S)

    def publish(self, subject: str, payload: bytes) -> None:
        """Hand a message over; dropped and counted if the outbox is full."""
        if len(self._outbox) >= OUTBOX_MESSAGES:
            self.dropped += 1
            return
        self._outbox.append((subject, payload))
        self._wake.set()

    def on_break(self, callback: Callable[[], None]) -> None:
        """Have callback called whenever messages to us may have been lost."""
        self._on_break.append(callback)

    def off_break(self, callback: Callable[[], None]) -> None:
        """Undo `on_break`."""
        self._on_break.remove(callback)

    async def flush(self) -> None:
        """Wait until the server has processed all that was published and subscribed before, however long it is away."""
        # By an echo of our own, which comes back behind all that went before it. The client's flush sends its PING
        # ahead of what it has buffered; and one that is cancelled ends the client's reading when the PONG comes.
        while not self._client.is_closed:
            await self._hand_over()
            token = b"%d" % next(self._tokens)
            echo = self._echoes[token] = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(FLUSH_TIMEOUT_S):
                    await self._client.publish(self._echo_subject, token)
                    await echo
            except (nats.errors.Error, TimeoutError):
                await asyncio.sleep(FLUSH_RETRY_S)
            else:
                return
            finally:
                del self._echoes[token]

    async def finish(self) -> None:
        """Hand over what is left before the end, unless the server is away."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_TIMEOUT_S):
                await self.flush()

    async def subscribe(self, subject: str, handler: Handler) -> Subscription:
        """Have handler called with each message's subject and payload, in order, until `end`."""

        async def deliver(message: Msg) -> None:
            handler(message.subject, message.data)

        return await self._client.subscribe(
            subject, cb=deliver, pending_msgs_limit=PENDING_MESSAGES, pending_bytes_limit=PENDING_BYTES
        )

    async def request(self, name: str, payload: bytes, *, timeout_s: float = 2.0) -> bytes:
        """Ask a service and return its answer; raises NobodyAnswers or RequestError."""
        subject = self.subjects.rpc(name)
        try:
            reply = await self._client.request(subject, payload, timeout=timeout_s)
        except nats.errors.NoRespondersError as error:
            raise NobodyAnswers(subject, "no service listens there") from error
        except nats.errors.TimeoutError as error:
            raise NobodyAnswers(subject, f"no answer within {timeout_s} s") from error
        except nats.errors.Error as error:
            raise NobodyAnswers(subject, f"the bus failed: {error}") from error
        headers = reply.headers or {}
        if "Nats-Service-Error-Code" in headers:
            raise RequestError(subject, int(headers["Nats-Service-Error-Code"]), headers.get("Nats-Service-Error", ""))
        return reply.data

    async def is_alive(self, service: str, *, timeout_s: float = 1.0) -> bool:
        """Whether some instance of a service answers; `answering` makes it do so."""
        try:
            await self._client.request(f"$SRV.PING.{service}", b"", timeout=timeout_s)
        except nats.errors.Error:
            return False
        return True

    @contextlib.asynccontextmanager
    async def answering(
        self, service: str, endpoints: Mapping[str, Answer], *, description: str, group: str
    ) -> AsyncIterator[None]:
        """Answer requests while the block runs; several services of one queue group share the requests.

        Args:
            service: name as the usual tools list it, with hyphens.
            endpoints: what answers `{prefix}.v1.rpc.{key}`; a RequestError it raises becomes the reply.
            description: one sentence for the same tools.
            group: queue group.
        """
        micro = await nats.micro.add_service(
            self._client, ServiceConfig(name=service, version="0.1.0", description=description, queue_group=group)
        )
        for name, answer in endpoints.items():
            await micro.add_endpoint(
                EndpointConfig(name=name.replace(".", "-"), subject=self.subjects.rpc(name), handler=_endpoint(answer))
            )
        try:
            yield
        finally:
            # It waits ten seconds for a server that goes away at the same moment.
            with contextlib.suppress(nats.errors.Error, TimeoutError):
                async with asyncio.timeout(FINISH_TIMEOUT_S):
                    await micro.stop()

    async def open(self) -> None:
        """Begin to hear the echoes that `flush` waits for."""

        def hear(_: str, token: bytes) -> None:
            echo = self._echoes.get(token)
            if echo is not None and not echo.done():
                echo.set_result(None)

        await self.subscribe(self._echo_subject, hear)

    async def send(self) -> None:
        """Hand the outbox to NATS whenever there is something in it; runs until cancelled or a handler failed."""
        while self._bug is None:
            await self._wake.wait()
            if self._lost_messages:
                self._lost_messages = False
                await self.broken()
            await self._hand_over()
        raise self._bug

    async def failed(self, error: Exception) -> None:
        """Take what the NATS client reports: its own trouble, or an error that one of our handlers raised."""
        if isinstance(error, nats.errors.SlowConsumerError):
            # One break for all that were dropped together: listeners look at every book.
            self._lost_messages = True
            self._wake.set()
        elif not isinstance(error, (nats.errors.Error, OSError)):
            self._bug = error
            self._wake.set()

    async def closed(self) -> None:
        """Take note that the client has given the connection up for good, as it does when the server forbids it."""
        cause = str(self._client.last_error or "") or "it closed the connection"
        self._bug = self._bug or BusUnreachable(self._url, cause)
        self._wake.set()

    async def broken(self) -> None:
        """Tell the listeners that messages may be missing."""
        for callback in self._on_break:
            callback()

    async def _hand_over(self) -> None:
        self._wake.clear()
        while self._outbox:
            subject, payload = self._outbox.popleft()
            try:
                await self._client.publish(subject, payload)
            except nats.errors.Error:
                # Not connected and NATS's own buffer is full: consumers see the gap by its seq.
                self.dropped += 1


@contextlib.asynccontextmanager
async def connect(
    url: str = "nats://127.0.0.1:4222", *, prefix: str = "kalshi", creds: str = "", name: str = "kalshi-fanout"
) -> AsyncIterator[Bus]:
    """Connect to the bus while the block runs; raises BusUnreachable if no server answers within five seconds.

    A connection lost later is made again for as long as the block runs.

    Args:
        url: where nats-server listens.
        prefix: first token of every subject.
        creds: path of a credentials file, if the server wants one.
        name: the client's name as the server lists it.
    """
    _check(url, creds)
    client = Client()
    bus = Bus(client, url, Subjects(prefix))
    await _open(client, bus, url, creds, name)
    try:
        async with asyncio.TaskGroup() as group:
            await bus.open()
            sender = group.create_task(bus.send(), name="bus")
            yield bus
            await bus.finish()
            sender.cancel()
    finally:
        await _close(client)


async def end(subscription: Subscription) -> None:
    """End a subscription; one whose connection is gone has ended already."""
    with contextlib.suppress(nats.errors.Error):
        await subscription.unsubscribe()


def _check(url: str, creds: str) -> None:
    problems = []
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"nats", "tls", "ws", "wss"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        problems.append(f"NATS_URL={url!r} is no address: it should look like nats://127.0.0.1:4222.")
    if creds and not Path(creds).is_file():
        problems.append(f"NATS_CREDS={creds!r} can not be read: give the path of your credentials file.")
    if problems:
        raise SettingsError(problems)


async def _open(client: Client, bus: Bus, url: str, creds: str, name: str) -> None:
    refusals: list[Exception] = []

    async def failed(error: Exception) -> None:
        refusals.append(error)
        await bus.failed(error)

    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await client.connect(
                url,
                name=name,
                error_cb=failed,
                disconnected_cb=bus.broken,
                reconnected_cb=bus.broken,
                closed_cb=bus.closed,
                max_reconnect_attempts=-1,
                reconnect_time_wait=RECONNECT_WAIT_S,
                user_credentials=creds or None,
                # Subjects come from proto.subjects, which makes only legal ones.
                skip_subject_validation=True,
            )
    except (TimeoutError, OSError, nats.errors.Error) as error:
        await _close(client)
        cause = refusals[-1] if refusals else error
        raise BusUnreachable(url, str(cause) or type(cause).__name__) from error


async def _close(client: Client) -> None:
    # The client writes its last even to a connection that is gone, which uvloop takes for a RuntimeError.
    with contextlib.suppress(nats.errors.Error, OSError, RuntimeError):
        await client.close()


def _endpoint(answer: Answer) -> Callable[[Request], Awaitable[None]]:
    async def handle(request: Request) -> None:
        try:
            reply = await answer(request.data)
        except RequestError as error:
            raise ServiceError(str(error.code), error.message) from error
        if reply is not None:
            await request.respond(reply)

    return handle


__all__ = ["BUS_AWAY", "Answer", "Bus", "Handler", "Subscription", "connect", "end"]
