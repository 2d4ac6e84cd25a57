"""A real gateway under faults: what it says on the bus, held against what the simulator knows was true."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import nats
from nats.aio.client import Client as NatsClient
from nats.aio.msg import Msg

from tests.faults.client import Simulator
from tests.stack import Stack
from tests.truth import Levels, levels

Book = dict[str, Levels]
Message = dict[str, Any]
SIDES = ("yes", "no")
#: The simulator's subscriptions are named by session and sid; a gateway has no more sids than this in a test.
SIDS = range(1, 12)
SAMPLE_S = 0.04
KINDS = ("book", "ticker", "trade", "lifecycle", "event", "quarantine", "sys")


class Moment(NamedTuple):
    """A book that was live on the bus when the frame with this number was the last one heard."""

    ticker: str
    seq: int
    book: Book


class Tape:
    """Everything the gateway said, in order, and the books that it leads to; made with plain json."""

    def __init__(self, tickers: list[str]) -> None:
        self.tickers = tickers
        self.messages: list[Message] = []
        self.subjects: set[str] = set()
        self.quarantined: list[str] = []
        self.moments: list[Moment] = []
        self._live: dict[str, Book] = {}
        self._seq = 0

    def forget(self) -> None:
        """Know only what is live now."""
        for heard in (self.messages, self.subjects, self.quarantined, self.moments):
            heard.clear()

    async def take(self, message: Msg) -> None:
        """Hear a message."""
        self.subjects.add(message.subject)
        if ".quarantine." in message.subject:
            self.quarantined.append(message.subject)
            return
        said: Message = json.loads(message.data)
        self.messages.append(said)
        if said["type"] in {"snapshot", "delta", "stale"}:
            self._apply(said)

    def live(self) -> set[str]:
        """Return the markets that are live."""
        return set(self._live)

    def said(self, kind: str, first: int = 0) -> list[Message]:
        """Return what was said of a kind from a place on."""
        return [message for message in self.messages[first:] if message["type"] == kind]

    def snapshots(self, first: int) -> list[Moment]:
        """Return the books that were said from a place on."""
        books = self.said("snapshot", first)
        return [Moment(m["ticker"], m["exchange_seq"], {side: dict(m[side]) for side in SIDES}) for m in books]

    def reasons(self, first: int = 0) -> Counter[str]:
        """Return how often markets were marked, by reason."""
        return Counter(message["reason"] for message in self.said("stale", first))

    def sample(self, count: int) -> None:
        """Remember some of the books that are live now."""
        some = random.sample(sorted(self._live), min(count, len(self._live)))
        self.moments += [Moment(t, self._seq, {side: dict(self._live[t][side]) for side in SIDES}) for t in some]

    def _apply(self, said: Message) -> None:
        ticker = said["ticker"]
        if said["type"] == "stale":
            self._live.pop(ticker, None)
            return
        self._seq = said["exchange_seq"]
        if said["type"] == "snapshot":
            self._live[ticker] = {side: dict(said[side]) for side in SIDES}
            return
        side = self._live[ticker][said["side"]]
        side[said["price"]] = side.get(said["price"], 0) + said["delta"]
        if not side[said["price"]]:
            del side[said["price"]]


class Feed:
    """A gateway between a simulator that fails on demand and a bus that is heard."""

    def __init__(self, services: Stack, sim: Simulator, bus: NatsClient) -> None:
        self.services = services
        self.sim = sim
        self.tape = Tape(sim.tickers)
        self._bus = bus

    async def until(self, condition: Callable[[], object], timeout_s: float = 30.0) -> None:
        """Wait for a condition, sampling books meanwhile."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                await asyncio.sleep(SAMPLE_S)
                self.tape.sample(1)

    async def run(self, seconds: float) -> None:
        """Let it go on for a while, sampling books."""
        for _ in range(round(seconds / SAMPLE_S)):
            await asyncio.sleep(SAMPLE_S)
            self.tape.sample(1)

    async def all_live(self, timeout_s: float = 30.0) -> None:
        """Wait until every market is live."""
        await self.until(lambda: self.tape.live() >= set(self.tape.tickers), timeout_s)

    async def ends_right(self, timeout_s: float = 30.0) -> None:
        """Hold that every market becomes live and that no book that was shown live was wrong."""
        await self.all_live(timeout_s)
        await self.run(0.2)
        self.tape.sample(len(self.tape.tickers))
        moments = random.sample(self.tape.moments[:-12], min(40, len(self.tape.moments[:-12])))
        await self.were_true(moments + self.tape.moments[-12:])

    async def were_true(self, moments: list[Moment]) -> None:
        """Hold that each of these books was the exchange's."""
        async with httpx.AsyncClient(base_url=self.services.sim_url, trust_env=False) as client:
            for moment in moments:
                assert await self._was_true(client, moment), f"{moment.ticker} at {moment.seq}: {moment.book}"

    async def _was_true(self, client: httpx.AsyncClient, moment: Moment) -> bool:
        if await self._truth(client, moment) == moment.book:
            return True
        newest = max((session["number"] for session in await self.sim.get("/sim/sessions")), default=0)
        for session in range(newest, max(0, newest - 8), -1):
            for sid in SIDS:
                if await self._truth(client, moment, session=session, sid=sid) == moment.book:
                    return True
        return False

    async def _truth(self, client: httpx.AsyncClient, moment: Moment, **who: int) -> Book | None:
        reply = await client.get(f"/sim/truth/{moment.ticker}", params={"at_seq": moment.seq, **who})
        if reply.status_code != 200:
            return None
        book = reply.json()["orderbook_fp"]
        return {side: levels(book[f"{side}_dollars"]) for side in SIDES}

    async def request(self, name: str, **members: object) -> Message:
        """Ask the gateway."""
        reply = await self._bus.request(f"kalshi.v1.rpc.gateway.{name}", json.dumps(members).encode(), timeout=5)
        answer: Message = json.loads(reply.data)
        return answer

    async def lease(self, *tickers: str) -> None:
        """Have more markets followed."""
        await self.request("subscribe", client="test", tickers=tickers, ttl_s=60)

    async def step(self, action: str, **members: object) -> None:
        """Take a step in a market's life."""
        async with httpx.AsyncClient(base_url=self.services.sim_url, trust_env=False) as client:
            reply = await client.post("/sim/lifecycle", json={"action": action, **members})
            assert reply.status_code == 200, reply.text

    async def count(self, name: str, **labels: str) -> float:
        """Return one of the gateway's counters, over all labels that are not given."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        lines = (await self.services.metrics("gateway")).splitlines()
        found = [line for line in lines if line.partition("{")[0].split(" ")[0] == f"fanout_gateway_{name}_total"]
        return sum(float(line.rpartition(" ")[2]) for line in found if all(label in line for label in wanted))


@asynccontextmanager
async def feed(services: Stack, sim: Simulator, **settings: str) -> AsyncIterator[Feed]:
    """Run a gateway that follows the simulator's markets; it is handed out when all are live."""
    bus = await nats.connect(services.nats_url)
    found = Feed(services, sim, bus)
    try:
        for kind in KINDS:
            await bus.subscribe(f"kalshi.v1.{kind}.>", cb=found.tape.take)
        await bus.flush()
        await services.start("gateway", MARKET_TICKERS=",".join(sim.tickers), **settings)
        await found.all_live()
        yield found
    finally:
        await bus.close()
        if "gateway" in services.programs:
            await services.stop("gateway")
