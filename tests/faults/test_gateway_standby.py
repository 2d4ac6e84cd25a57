"""One gateway speaks and another waits: whatever happens to the first, books go on and are right."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from itertools import pairwise

import httpx
import msgspec
import pytest
import pytest_asyncio

from proto.book import BookMessage, Delta, Snapshot, Stale
from proto.leader import Leader
from proto.private import Account
from proto.system import Heartbeat
from services.gateway.leadership import LEASE_S
from shared.market.replica import Replica
from shared.runtime.bus import Bus, connect
from shared.runtime.errors import RequestError
from shared.runtime.follow import Books, ask_gateway, follow
from shared.runtime.kv import open_bucket
from tests.relay_client import RelayClient, relay_client
from tests.stack import Program, Stack, free_port, stack
from tests.truth import truth

ONE, OTHER = "gateway", "gateway-other"
#: How long is waited for what comes much sooner, on a machine that does other things as well.
PATIENCE_S = 30.0

_books: msgspec.json.Decoder[BookMessage] = msgspec.json.Decoder(BookMessage)
_heartbeats = msgspec.json.Decoder(Heartbeat)
_accounts = msgspec.json.Decoder(Account)


class Witness:
    """Hears all books and heartbeats, and keeps books from nothing but messages."""

    def __init__(self) -> None:
        self.said: list[BookMessage] = []
        self.beats: list[Heartbeat] = []
        self.replicas: dict[str, Replica] = {}

    def book(self, _: str, payload: bytes) -> None:
        """Take a message of a book."""
        self.said.append(_books.decode(payload))

    def heartbeat(self, _: str, payload: bytes) -> None:
        """Take a heartbeat."""
        self.beats.append(_heartbeats.decode(payload))

    def epochs_only_grow(self) -> None:
        """No epoch of a market is begun twice, and none after a larger one."""
        for ticker in {message.ticker for message in self.said}:
            begun = [
                message.epoch for message in self.said if isinstance(message, Snapshot) and message.ticker == ticker
            ]
            assert all(one < next_one for one, next_one in pairwise(begun)), ticker


class Pair:
    """A leader, a standby, and those who watch: a witness, a follower's books, a client of the relay."""

    def __init__(
        self, services: Stack, tickers: list[str], bus: Bus, books: Books, client: RelayClient, witness: Witness
    ) -> None:
        self.services = services
        self.tickers = tickers
        self.bus = bus
        self.books = books
        self.client = client
        self.witness = witness
        self.leader, self.standby = ONE, OTHER

    def process(self) -> asyncio.subprocess.Process:
        """Return the leader's process."""
        return self.services.programs[self.leader].process

    def statuses(self) -> set[str]:
        """Return how all books stand, at the follower and at the relay's client."""
        books = {replica.status for replica in self.books.replicas.values()}
        return books | {book.status for book in self.client.books.values()}

    async def until(self, status: str, *, within_s: float) -> float:
        """Wait until all books stand like this and return how long it took."""
        return await until(lambda: self.statuses() == {status}, within_s)

    async def right(self) -> None:
        """At a moment when nothing changes all books are the exchange's."""
        for _ in range(200):
            before = {t: (dict(r.book.yes.ladder()), dict(r.book.no.ladder())) for t, r in self.books.replicas.items()}
            true = await truth(self.services.sim_url, self.tickers)
            if before == {ticker: (book["yes"], book["no"]) for ticker, book in true.items()}:
                assert self.statuses() == {"live"}
                return
            await asyncio.sleep(0.02)
        raise AssertionError("the books did not become the exchange's")


async def until(condition: Callable[[], bool], within_s: float) -> float:
    """Wait for a condition and return how long it took."""
    started = time.monotonic()
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)
    return time.monotonic() - started


async def launch(services: Stack, name: str, tickers: list[str]) -> None:
    """Start a gateway that waits for the lease."""
    port = services.ports[name] = free_port()
    settings = {"HTTP_PORT": str(port), "MARKET_TICKERS": ",".join(tickers), "GATEWAY_STANDBY": "1"}
    argv = [sys.executable, "-m", "services.gateway"]
    services.programs[name] = await Program.start(name, argv, {**services.environ, **settings}, services.folder)


async def start(services: Stack, name: str, tickers: list[str]) -> None:
    """Start a gateway that waits for the lease, and wait until it is ready."""
    await launch(services, name, tickers)
    async with asyncio.timeout(20):
        while await checks(services, name) is None:
            await asyncio.sleep(0.05)


async def checks(services: Stack, name: str) -> dict[str, str] | None:
    """Return what a gateway says of its parts, None if it is not ready."""
    try:
        reply = await services.get(f"http://127.0.0.1:{services.ports[name]}/readyz")
    except httpx.TransportError:
        return None
    checked: dict[str, str] = reply.json()["checks"]
    return checked if reply.status_code == 200 else None


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[Pair]:
    """Everything under load, all books live."""
    async with stack(SIM_MARKETS="30", SIM_RATE="60", SIM_COMBOS="0", SIM_ROUND="0") as services:
        await asyncio.gather(services.start_nats(), services.start("simulator"))
        tickers = await services.tickers()
        await start(services, ONE, tickers)
        await services.start("book_builder", "relay")
        await start(services, OTHER, tickers)
        witness = Witness()
        async with connect(services.nats_url) as bus, relay_client(services.relay_url) as client:
            await bus.subscribe(bus.subjects.all("book"), witness.book)
            await bus.subscribe(bus.subjects.all("sys.gateway"), witness.heartbeat)
            async with follow(bus, tickers=tickers) as books:
                await until(lambda: all(r.status == "live" for r in books.replicas.values()), PATIENCE_S)
                assert (await client.command("subscribe", ["book"], tickers))["refused"] == []
                await until(lambda: len(client.books) == len(tickers), PATIENCE_S)
                running = Pair(services, tickers, bus, books, client, witness)
                await until(lambda: bool(witness.beats), PATIENCE_S)
                await running.until("live", within_s=PATIENCE_S)
                yield running


async def test_a_killed_leader_is_replaced(pair: Pair) -> None:
    """Every book turns stale, then live and right, and no epoch comes twice."""
    assert (await checks(pair.services, ONE) or {})["lease"] == "leader"
    assert (await checks(pair.services, OTHER) or {})["lease"] == "standby"
    await pair.services.stop(ONE, signal.SIGKILL)
    await pair.until("stale", within_s=PATIENCE_S)
    assert {replica.reason for replica in pair.books.replicas.values()} == {"gateway_lost"}
    await pair.until("live", within_s=PATIENCE_S)
    await pair.right()
    pair.witness.epochs_only_grow()


async def handed_over(pair: Pair, since: int) -> None:
    """Hold that each book was said to be stale, then begun anew."""
    await until(
        lambda: {m.ticker for m in pair.witness.said[since:] if isinstance(m, Snapshot)} == set(pair.tickers),
        PATIENCE_S,
    )
    said = pair.witness.said[since:]
    stale = [message for message in said if isinstance(message, Stale)]
    assert {message.ticker for message in stale} == set(pair.tickers)
    assert {message.reason for message in stale} == {"disconnected"}
    await pair.until("live", within_s=PATIENCE_S)
    await pair.right()
    pair.witness.epochs_only_grow()


async def test_a_planned_hand_over(pair: Pair) -> None:
    """By request there and back: the old leader stays and waits, its heartbeats end with `connected` false."""
    for _ in range(2):
        since, beats = len(pair.witness.said), len(pair.witness.beats)
        reply = msgspec.json.decode(await pair.bus.request("gateway.handover", b"{}"))
        await handed_over(pair, since)
        await asyncio.sleep(1.5)
        old = [beat for beat in pair.witness.beats[beats:] if beat.instance == reply["instance"]]
        assert not old[-1].connected
        assert pair.witness.beats[-1].instance != reply["instance"]
        assert await checks(pair.services, ONE) is not None
        assert await checks(pair.services, OTHER) is not None
    # The silence of the one that waits again means nothing.
    await asyncio.sleep(3.5)
    assert pair.statuses() == {"live"}


async def test_a_stopped_leader_hands_over(pair: Pair) -> None:
    """SIGTERM hands over as well; who is then alone does not give up the lease for nobody."""
    since = len(pair.witness.said)
    assert await pair.services.stop(ONE) == 0
    await handed_over(pair, since)
    with pytest.raises(RequestError, match="no gateway stands by"):
        await pair.bus.request("gateway.handover", b"{}")
    assert pair.statuses() == {"live"}


async def test_a_leader_that_slept_stays_silent(pair: Pair) -> None:
    """Who wakes after the lease has passed on says nothing of what it hears then, and waits."""
    pair.process().send_signal(signal.SIGSTOP)
    slept_ts = time.time_ns() // 1000
    await pair.until("stale", within_s=PATIENCE_S)
    await pair.until("live", within_s=PATIENCE_S)
    await asyncio.sleep(1.0)
    woke, beats = len(pair.witness.said), len(pair.witness.beats)
    sleeper = pair.witness.beats[0].instance
    pair.process().send_signal(signal.SIGCONT)
    await until(lambda: len(pair.witness.beats) >= beats + 4, PATIENCE_S)
    speakers = {beat.instance for beat in pair.witness.beats[beats:] if beat.sent_ts > slept_ts}
    assert sleeper not in speakers
    assert len(speakers) == 1
    epochs = {message.ticker: message.epoch for message in pair.witness.said[:woke] if isinstance(message, Snapshot)}
    strange = [
        message
        for message in pair.witness.said[woke:]
        if message.epoch < epochs[message.ticker] and message.received_ts > slept_ts + 1_000
    ]
    assert strange == []
    assert pair.statuses() == {"live"}
    assert (await checks(pair.services, ONE) or {})["lease"] == "standby"
    await pair.right()
    pair.witness.epochs_only_grow()


async def test_a_lost_bucket_changes_nothing(pair: Pair) -> None:
    """The leader makes its entry anew and goes on without a word; the standby does not take it for gone."""
    bucket = await open_bucket(pair.bus, "leader")
    before = await bucket.get("gateway-0")
    since = len(pair.witness.said)
    await pair.bus.jetstream().delete_key_value("leader")
    await asyncio.sleep(LEASE_S + 1.5)
    assert all(isinstance(message, Delta) for message in pair.witness.said[since:])
    assert len({beat.instance for beat in pair.witness.beats}) == 1
    after = await (await open_bucket(pair.bus, "leader")).get("gateway-0")
    assert before is not None
    assert before.value is not None
    assert after is not None
    assert after.value is not None
    members = [msgspec.json.decode(entry.value) for entry in (before, after) if entry.value is not None]
    assert members[0]["instance"] == members[1]["instance"]
    assert members[0]["floor"] < members[1]["floor"]


async def test_all_connections_and_the_account_change_hands() -> None:
    """There and back: only who leads has connections, of all its parts, and the account is read anew each time."""
    settings = {"GATEWAY_CONNECTIONS": "3", "GATEWAY_PRIVATE": "1", "GATEWAY_SHARD": "0/1"}
    async with stack(SIM_MARKETS="12", SIM_RATE="60", SIM_COMBOS="0", SIM_ROUND="0", **settings) as services:
        await asyncio.gather(services.start_nats(), services.start("simulator"))
        tickers = await services.tickers()
        await start(services, ONE, tickers)
        await start(services, OTHER, tickers)
        async with connect(services.nats_url) as bus, follow(bus, tickers=tickers, ask=ask_gateway) as books:
            accounts: list[Account] = []
            await bus.subscribe(bus.subjects.account, lambda _, payload: accounts.append(_accounts.decode(payload)))
            await until(lambda: all(replica.status == "live" for replica in books.replicas.values()), PATIENCE_S)
            async with asyncio.timeout(10):
                while "fanout_gateway_account_live 1.0" not in await services.metrics(ONE):
                    await asyncio.sleep(0.05)
            for leader, standby in ((OTHER, ONE), (ONE, OTHER)):
                accounts.clear()
                await bus.request("gateway.handover", b"{}")
                await until(lambda: bool(accounts) and accounts[-1].status == "live", PATIENCE_S)
                assert [said.status for said in accounts] == ["stale", "stale", "live"]
                await until(lambda: all(replica.status == "live" for replica in books.replicas.values()), PATIENCE_S)
                parts = {f"exchange-{number}" for number in range(3)}
                assert {(await checks(services, leader) or {})[part] for part in parts} == {"ok"}
                assert {(await checks(services, standby) or {})[part] for part in parts} == {"standby"}
                assert len((await services.get(f"{services.sim_url}/sim/sessions")).json()) == len(parts)


async def test_one_gateway_needs_no_jetstream() -> None:
    """Alone it is a complete feed on a plain nats-server, and only warns; a standby says what it needs."""
    async with stack(SIM_MARKETS="5", SIM_RATE="20", SIM_COMBOS="0", SIM_ROUND="0") as services:
        await asyncio.gather(services.start_nats(jetstream=False), services.start("simulator"))
        tickers = await services.tickers()
        await services.start("gateway", MARKET_TICKERS=",".join(tickers))
        async with connect(services.nats_url) as bus, follow(bus, tickers=tickers, ask=ask_gateway) as books:
            await until(lambda: all(replica.status == "live" for replica in books.replicas.values()), PATIENCE_S)
        assert "start nats-server with JetStream" in services.programs["gateway"].log.read_text()
        await services.stop("gateway")
        await launch(services, ONE, tickers)
        await asyncio.sleep(3)
        assert await checks(services, ONE) is None
        said = (await services.get(f"http://127.0.0.1:{services.ports[ONE]}/readyz")).json()["checks"]
        assert "start nats-server with JetStream" in said["lease"]


async def test_epochs_of_one_gateway_grow_over_a_clock_that_stepped_back() -> None:
    """Who starts anew begins above the floor that was left, whatever its clock says; so do those who hold books."""
    async with stack(SIM_MARKETS="5", SIM_RATE="20", SIM_COMBOS="0", SIM_ROUND="0") as services:
        await asyncio.gather(services.start_nats(), services.start("simulator"))
        tickers = await services.tickers()
        async with connect(services.nats_url) as bus:
            ahead = time.time_ns() // 1000 + 3600 * 1_000_000
            left = Leader("gateway-before", 5, ahead, released=False, renewed_ts=0)
            await (await open_bucket(bus, "leader")).put("gateway-0", msgspec.json.encode(left))
            witness = Witness()
            await bus.subscribe(bus.subjects.all("book"), witness.book)
            for life in (1, 2):
                await services.start("gateway", MARKET_TICKERS=",".join(tickers))
                async with asyncio.timeout(5):
                    while sum(isinstance(message, Snapshot) for message in witness.said) < life * len(tickers):
                        await asyncio.sleep(0.01)
                await services.stop("gateway", signal.SIGKILL)
            assert min(message.epoch for message in witness.said) > ahead
            witness.epochs_only_grow()
