"""The bus on a real nats-server: order, requests, breaks, and what happens without a server."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from shared.runtime import bus as bus_module
from shared.runtime.bus import Bus, connect, end
from shared.runtime.errors import BusUnreachable, NobodyAnswers, RequestError
from tests.stack import Stack, free_port

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])
#: Services run on uvloop, programs of others on asyncio's own loop: they differ where a connection ends.
on_both_loops = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])


@pytest.fixture
async def bus(nats: Stack) -> AsyncIterator[Bus]:
    """A connection to it."""
    async with connect(nats.nats_url, name="test") as connected:
        yield connected


async def until(condition: object, timeout_s: float = 30.0) -> None:
    """Wait until a condition, which is called, holds."""
    assert callable(condition)
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


@on_both_loops
async def test_messages_arrive_in_order(bus: Bus) -> None:
    """Every message of a subject reaches its handler, with its subject, in the order of publishing."""
    heard: list[tuple[str, bytes]] = []
    await bus.subscribe("numbers.>", lambda subject, payload: heard.append((subject, payload)))
    sent = [(f"numbers.{number % 3}", b"%d" % number) for number in range(20_000)]
    for subject, payload in sent:
        bus.publish(subject, payload)
    await bus.flush()
    await until(lambda: len(heard) >= len(sent))
    assert heard == sent
    assert bus.dropped == 0


async def test_ended_subscription_is_silent(bus: Bus) -> None:
    """Its handler is not called again; another one of the same subject still is."""
    heard: list[str] = []
    first = await bus.subscribe("x", lambda *_: heard.append("first"))
    await bus.subscribe("x", lambda *_: heard.append("second"))
    bus.publish("x", b"")
    await until(lambda: len(heard) == 2)
    await end(first)
    bus.publish("x", b"")
    await until(lambda: len(heard) == 3)
    assert heard[-1] == "second"


async def test_flushed_subscription_hears_everything_after_it(nats: Stack, bus: Bus) -> None:
    """Whatever anybody says once the flush is done is heard: the first step of every late join."""
    heard: list[str] = []
    async with connect(nats.nats_url) as other:
        for number in range(300):
            await bus.subscribe(f"x.{number}", lambda subject, _: heard.append(subject))
            await bus.flush()
            other.publish(f"x.{number}", b"")
            await other.flush()
        await bus.flush()
    assert heard == [f"x.{number}" for number in range(300)]


async def test_request_is_answered(bus: Bus) -> None:
    """By the service that listens for it, which the usual tools list and `is_alive` finds."""
    requests: list[bytes] = []

    async def answer(payload: bytes) -> bytes:
        requests.append(payload)
        return payload.upper()

    assert not await bus.is_alive("book-builder")
    async with bus.answering("book-builder", {"book.get": answer}, description="test", group="builders"):
        assert await bus.request("book.get", b"abc") == b"ABC"
        assert await bus.is_alive("book-builder")
        assert not await bus.is_alive("gateway")
    assert requests == [b"abc"]
    assert not await bus.is_alive("book-builder")


async def test_services_of_one_group_share_the_requests(nats: Stack, bus: Bus) -> None:
    """Each request is answered once, and some of many by each."""
    answered = {"first": 0, "second": 0}

    async def first(_: bytes) -> bytes:
        answered["first"] += 1
        return b""

    async def second(_: bytes) -> bytes:
        answered["second"] += 1
        return b""

    async with (
        connect(nats.nats_url) as other,
        bus.answering("book-builder", {"book.get": first}, description="test", group="builders"),
        other.answering("book-builder", {"book.get": second}, description="test", group="builders"),
    ):
        await bus.flush()
        await other.flush()
        for _ in range(100):
            await bus.request("book.get", b"")
    assert sum(answered.values()) == 100
    assert all(answered.values())


async def test_refusal_has_code_and_sentence(bus: Bus) -> None:
    """A RequestError that the answer raises reaches who asked; a bug of the answer is refused with 500."""

    async def refuse(payload: bytes) -> bytes:
        if payload:
            raise RequestError("book.get", 413, "that is too much")
        raise ZeroDivisionError

    async with bus.answering("book-builder", {"book.get": refuse}, description="test", group="builders"):
        with pytest.raises(RequestError) as refused:
            await bus.request("book.get", b"much")
        assert (refused.value.code, refused.value.message) == (413, "that is too much")
        assert "kalshi.v1.rpc.book.get was refused with 413" in str(refused.value)
        with pytest.raises(RequestError) as failed:
            await bus.request("book.get", b"")
        assert failed.value.code == 500


@on_both_loops
async def test_nobody_answers(nats: Stack, bus: Bus) -> None:
    """At once if no service is there, after the time given if it is silent, and likewise without a server."""

    async def think(_: bytes) -> bytes:
        await asyncio.sleep(10)
        return b""

    started = time.monotonic()
    with pytest.raises(NobodyAnswers, match="no service listens there"):
        await bus.request("book.get", b"")
    assert time.monotonic() - started < 0.5
    async with bus.answering("book-builder", {"book.get": think}, description="test", group="builders"):
        with pytest.raises(NobodyAnswers, match="no answer within") as silent:
            await bus.request("book.get", b"", timeout_s=0.1)
        assert silent.value.code == 503
    await nats.stop("nats")
    await until(lambda: not bus.connected)
    with pytest.raises(NobodyAnswers):
        await bus.request("book.get", b"", timeout_s=0.1)
    assert not await bus.is_alive("book-builder", timeout_s=0.1)


@on_both_loops
@pytest.mark.parametrize("listens", [False, True])
async def test_without_server(monkeypatch: pytest.MonkeyPatch, *, listens: bool) -> None:
    """No server, or one that says nothing: an error in time that says where, why and what to do."""
    assert bus_module.CONNECT_TIMEOUT_S < 6
    monkeypatch.setattr(bus_module, "CONNECT_TIMEOUT_S", 0.5)
    silent = asyncio.Event()

    async def server(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent.wait()
        writer.close()

    port = free_port()
    started = time.monotonic()
    async with contextlib.AsyncExitStack() as block:
        if listens:
            await block.enter_async_context(await asyncio.start_server(server, "127.0.0.1", port))
        with pytest.raises(BusUnreachable) as error:
            async with connect(f"nats://127.0.0.1:{port}"):
                pass
        silent.set()
    assert 0.4 < time.monotonic() - started < 1.5
    assert str(error.value).startswith(f"No NATS server answers at nats://127.0.0.1:{port} (")
    assert "start one there, or set NATS_URL" in str(error.value)
    assert error.value.cause


@on_both_loops
async def test_server_that_comes_back(nats: Stack, bus: Bus) -> None:
    """Listeners are told of the break, publishing waits for nothing meanwhile, and afterwards all goes on."""
    heard: list[bytes] = []
    breaks: list[str] = []

    def broken() -> None:
        breaks.append("break")

    bus.on_break(broken)
    await bus.subscribe("x", lambda _, payload: heard.append(payload))
    await bus.flush()
    await nats.stop("nats")
    await until(lambda: breaks and not bus.connected)
    bus.publish("x", b"meanwhile")
    flushed = asyncio.create_task(bus.flush())
    await asyncio.sleep(0.3)
    assert not flushed.done()
    told = len(breaks)
    await nats.start_nats()
    await until(lambda: bus.connected)
    await flushed
    assert len(breaks) > told
    bus.publish("x", b"afterwards")
    await until(lambda: heard[-1:] == [b"afterwards"])
    bus.off_break(broken)
    told = len(breaks)
    await bus.broken()
    assert len(breaks) == told


@on_both_loops
async def test_leaving_without_server(nats: Stack) -> None:
    """The block ends soon though what was published can not be handed over any more."""
    async with connect(nats.nats_url) as bus:
        await nats.stop("nats")
        await until(lambda: not bus.connected)
        bus.publish("x", b"")
        started = time.monotonic()
    assert time.monotonic() - started < 4


async def test_what_was_published_last_is_handed_over(nats: Stack, bus: Bus) -> None:
    """Leaving the block in good order loses nothing."""
    heard: list[bytes] = []
    await bus.subscribe("x", lambda _, payload: heard.append(payload))
    await bus.flush()
    async with connect(nats.nats_url) as other:
        for number in range(1000):
            other.publish("x", b"%d" % number)
    await until(lambda: len(heard) == 1000)


@on_both_loops
async def test_handler_that_fails_ends_the_block(nats: Stack) -> None:
    """A bug in a handler is not swallowed: it ends whoever works with the bus."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    async def work() -> None:
        async with asyncio.timeout(5), connect(nats.nats_url) as bus:
            await bus.subscribe("x", fail)
            bus.publish("x", b"")
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as group:
        await work()
    assert group.group_contains(ZeroDivisionError)


async def test_messages_beyond_the_limit_are_a_break(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than may wait for a handler are dropped; listeners are told once for all that were dropped together."""
    monkeypatch.setattr(bus_module, "PENDING_MESSAGES", 10)
    heard: list[bytes] = []
    breaks: list[int] = []
    bus.on_break(lambda: breaks.append(len(heard)))
    await bus.subscribe("x", lambda _, payload: heard.append(payload))
    for number in range(500):
        bus.publish("x", b"%d" % number)
    await bus.flush()
    await until(lambda: breaks)
    assert len(heard) < 500
    assert len(breaks) < 50
    bus.publish("x", b"last")
    await until(lambda: heard[-1] == b"last")


async def test_full_outbox_drops_and_counts(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is counted, not waited for; the rest arrives."""
    monkeypatch.setattr(bus_module, "OUTBOX_MESSAGES", 5)
    heard: list[bytes] = []
    await bus.subscribe("x", lambda _, payload: heard.append(payload))
    await bus.flush()
    for number in range(8):
        bus.publish("x", b"%d" % number)
    assert bus.dropped == 3
    await until(lambda: heard == [b"0", b"1", b"2", b"3", b"4"])


async def test_message_too_large_for_the_server_is_counted(bus: Bus) -> None:
    """It is dropped here, the connection stays, and the next message arrives."""
    heard: list[bytes] = []
    await bus.subscribe("x", lambda _, payload: heard.append(payload))
    bus.publish("x", b"x" * 2**21)
    bus.publish("x", b"small")
    await until(lambda: heard == [b"small"])
    assert bus.dropped == 1


async def test_a_cancelled_flush_does_no_harm(nats: Stack) -> None:
    """Whoever stops waiting for a flush leaves a connection that still hears."""
    heard: list[bytes] = []
    async with connect(nats.nats_url) as bus:
        await bus.subscribe("x", lambda _, payload: heard.append(payload))
        for _ in range(20):
            flushing = asyncio.create_task(bus.flush())
            await asyncio.sleep(0)
            flushing.cancel()
        bus.publish("x", b"afterwards")
        async with asyncio.timeout(5):
            await bus.flush()
        assert heard == [b"afterwards"]


async def test_a_connection_that_the_server_forbids_ends_the_block(nats: Stack) -> None:
    """The client gives up for good then; going on as if the server were only away would be a lie."""

    async def subscribe_to_too_much() -> None:
        async with connect(nats.nats_url) as bus:
            await bus.subscribe("x" * 5000, lambda _, __: None)
            await asyncio.sleep(10)

    with pytest.raises(ExceptionGroup) as caught:
        await subscribe_to_too_much()
    assert caught.group_contains(BusUnreachable, match="maximum control line exceeded")
