"""Keeps the lease in the bucket `leader` and runs the feed while this instance may speak."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Protocol

import msgspec

from proto.leader import Leader
from proto.reading import UNREADABLE
from proto.requests import Handover, HandoverReply, HeadsReply
from proto.subjects import Subjects
from proto.system import Heartbeat
from services.gateway.core import BAD_REQUEST
from services.gateway.leadership import Held, Leadership, Role, Write
from services.gateway.markets import Markets
from shared.runtime.bus import BUS_AWAY, Answer, Bus, end
from shared.runtime.clock import now
from shared.runtime.errors import BucketUnavailable, Conflict, RequestError
from shared.runtime.health import Health
from shared.runtime.kv import Bucket, open_bucket
from shared.runtime.log import Log

WATCH_S = 0.02
#: A renewal that takes longer is tried again while there still is time.
CALL_TIMEOUT_S = 0.8
BUCKET_BYTES = 2**20
#: Time for the heads that a gateway publishes when it is asked for them.
HEADS_S = 0.3
NOBODY_WAITS = 409

_leaders = msgspec.json.Decoder(Leader)
_heartbeats = msgspec.json.Decoder(Heartbeat)
_handovers = msgspec.json.Decoder(Handover)


class Feed(Protocol):
    """What a leader does."""

    async def run(self, answers: dict[str, Answer]) -> None:
        """Feed the bus, and answer these requests too, until cancelled."""

    def goodbye(self) -> None:
        """Say that nothing further will be true."""


class Entry:
    """The entry of one shard; its bucket is opened anew if it was lost."""

    def __init__(self, bus: Bus, shard: int) -> None:
        self._bus = bus
        self._key = f"gateway-{shard}"
        self._bucket: Bucket | None = None

    async def read(self) -> Held | None:
        """Return what is there; raises BucketUnavailable."""
        bucket = await self._open()
        entry = await bucket.get(self._key)
        if entry is None or entry.value is None:
            return None
        with contextlib.suppress(*UNREADABLE):
            return Held(entry.revision, _leaders.decode(entry.value))
        return Held(entry.revision, Leader("unreadable", 1, 0, released=False, renewed_ts=0))

    async def write(self, write: Write) -> int:
        """Write what is due and return its revision; raises BucketUnavailable or Conflict."""
        bucket, value = await self._open(), msgspec.json.encode(write.leader)
        if write.revision is None:
            return await bucket.create(self._key, value)
        return await bucket.update(self._key, value, write.revision)

    def reopen(self) -> None:
        """Open the bucket anew before it is used again."""
        self._bucket = None

    async def _open(self) -> Bucket:
        if self._bucket is None:
            self._bucket = await open_bucket(self._bus, "leader", max_bytes=BUCKET_BYTES)
        return self._bucket


class Leading:
    """Runs a feed while the leadership allows it.

    Args:
        leadership: the lease as this instance sees it.
        shard: the number of the shard.
        bus: a connected bus.
        markets: whose epochs are kept above those of others.
        health: is told under `lease`, and under all `parts` while this instance stands by.
        parts: what /readyz calls the connections to the exchange.
    """

    def __init__(
        self,
        leadership: Leadership,
        *,
        shard: int,
        bus: Bus,
        markets: Markets,
        health: Health,
        parts: Sequence[str],
        log: Log,
    ) -> None:
        self._leadership = leadership
        self._shard = shard
        self._instance = leadership.instance
        self._bus = bus
        self._markets = markets
        self._health = health
        self._parts = tuple(parts)
        self._log = log
        self._entry = Entry(bus, shard)
        self._turns = asyncio.Lock()
        self._noted = ""

    def answers(self) -> dict[str, Answer]:
        """Return what answers the request for a planned hand-over."""
        return {} if self._leadership.alone else {"gateway.handover": self._answer}

    async def run(self, feed: Feed) -> None:
        """Run the feed whenever this instance leads; runs until cancelled."""
        heartbeats = await self._bus.subscribe(self._bus.subjects.all("sys.gateway"), self._hear)
        try:
            await self._ask_heads()
            await self._turn()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep(), name="lease")
                while True:
                    await self._stand_by()
                    await self._lead(feed)
        finally:
            await end(heartbeats)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._leadership.pause(now().at))
            await self._turn()

    async def _stand_by(self) -> None:
        if self._leadership.alone or self._leads():
            return
        self._log.info("standing by", instance=self._instance)
        async with self._waiting():
            while not self._leads():
                self._health.judge("bus", well=self._bus.connected, problem=BUS_AWAY)
                for part in self._parts:
                    self._health.well(part, "standby")
                await asyncio.sleep(WATCH_S)
        for part in self._parts:
            self._health.ill(part, "starting")

    def _waiting(self) -> contextlib.AbstractAsyncContextManager[None]:
        name = standby_name(self._bus.subjects, self._shard)
        return self._bus.answering(name, {}, description="Waits for the lease of a gateway", group=self._instance)

    async def _lead(self, feed: Feed) -> None:
        self._bound_epochs()
        self._log.info("leading", instance=self._instance, term=self._leadership.term)
        async with asyncio.TaskGroup() as group:
            feeding = group.create_task(feed.run(self.answers()), name="feed")
            try:
                await self._term_is_over()
            finally:
                await self._leave(feed)
            feeding.cancel()
        self._leadership.follow()

    async def _term_is_over(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            if not self._leadership.alone and self._leadership.tick(now().at) is not Role.LEADER:
                return

    async def _leave(self, feed: Feed) -> None:
        """Say goodbye, fall silent, and only then let another speak."""
        self._log.info("leaving", instance=self._instance, role=self._leadership.role.value)
        self._leadership.hand_over()
        feed.goodbye()
        self._leadership.mute()
        await self._bus.finish()
        await self._turn()

    async def _turn(self) -> None:
        """Read the entry if need be, and write what is due."""
        try:
            async with self._turns, asyncio.timeout(CALL_TIMEOUT_S):
                await self._step()
        except Conflict:
            self._leadership.failed()
        except (BucketUnavailable, TimeoutError) as error:
            self._entry.reopen()
            self._leadership.failed()
            self._trouble(str(error) or f"The bucket leader does not answer within {CALL_TIMEOUT_S} s.")
        else:
            self._well()

    async def _step(self) -> None:
        leadership = self._leadership
        if leadership.reads:
            leadership.read(await self._entry.read(), now())
        write = leadership.due(self._markets.largest_epoch, now())
        if write is not None:
            started_at = now().at
            revision = await self._entry.write(write)
            leadership.written(write, revision, started_at, now())
            self._bound_epochs()

    def _leads(self) -> bool:
        return self._leadership.role is Role.LEADER

    def _bound_epochs(self) -> None:
        if self._leads() or self._leadership.alone:
            self._markets.bound_epochs(above=self._leadership.floor, upto=self._leadership.limit)

    def _trouble(self, problem: str) -> None:
        if self._leadership.alone:
            problem = f"{problem} Until then epochs go by this machine's clock alone."
        else:
            self._health.ill("lease", problem)
        self._note(problem)

    def _well(self) -> None:
        if not self._leadership.alone:
            self._health.well("lease", "leader" if self._leads() else "standby")
            self._note("")
        elif self._leadership.rival:
            self._note(
                f"another gateway ({self._leadership.rival}) keeps shard {self._shard} too: stop one of them, or set"
                " GATEWAY_STANDBY=1 for both"
            )

    def _note(self, problem: str) -> None:
        if problem and problem != self._noted:
            self._log.warning(problem)
        self._noted = problem

    async def _ask_heads(self) -> None:
        """Have the gateways that are there say all their epochs; none is the usual answer."""
        with contextlib.suppress(RequestError, *UNREADABLE):
            msgspec.json.decode(await self._bus.request("gateway.heads", b"{}", timeout_s=HEADS_S), type=HeadsReply)
            await asyncio.sleep(HEADS_S)

    def _hear(self, _: str, payload: bytes) -> None:
        with contextlib.suppress(*UNREADABLE):
            beat = _heartbeats.decode(payload)
            if beat.instance != self._instance and beat.heads:
                self._leadership.heard(max(epoch for epoch, _ in beat.heads.values()))

    async def _answer(self, payload: bytes) -> bytes | None:
        try:
            request = _handovers.decode(payload or b"{}")
        except UNREADABLE as error:
            raise RequestError("rpc.gateway.handover", BAD_REQUEST, str(error)) from error
        if request.shard != self._shard:
            return None
        if not await self._bus.is_alive(standby_name(self._bus.subjects, self._shard)):
            sentence = "no gateway stands by for this shard: start one with GATEWAY_STANDBY=1"
            raise RequestError("rpc.gateway.handover", NOBODY_WAITS, sentence)
        self._leadership.hand_over()
        return msgspec.json.encode(HandoverReply(self._instance, self._leadership.term))


def standby_name(subjects: Subjects, shard: int) -> str:
    """Return the service name under which those who wait can be counted with the usual tools."""
    prefix = "" if subjects.prefix == "kalshi" else f"{subjects.prefix}-"
    return f"{prefix}gateway-standby-{shard}"
