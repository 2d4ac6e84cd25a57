"""The catalog's shell: asks the exchange, hears `lifecycle`, keeps the bucket, and wakes the core in time."""

import asyncio
import contextlib
import random

import msgspec

from proto.market import Lifecycle
from proto.reading import UNREADABLE
from proto.units import SECOND
from services.catalog.config import Config
from services.catalog.core import Catalog
from services.catalog.discovery import Ask
from services.catalog.universe import Universe
from shared.kalshi.credentials import signer
from shared.kalshi.errors import BadKey, Malformed
from shared.kalshi.rest import read_page
from shared.kalshi.signing import Signer
from shared.market.backoff import delays
from shared.runtime.bus import BUS_AWAY, Bus, connect
from shared.runtime.clock import now
from shared.runtime.errors import BucketUnavailable, SettingsError
from shared.runtime.health import Health
from shared.runtime.http import serving_health
from shared.runtime.kv import Bucket, open_bucket
from shared.runtime.log import Log
from shared.runtime.metrics import Exporter, export
from shared.runtime.rest import NoAnswer, Rest, reaching
from shared.runtime.settings import Runtime

BUCKET = "markets"
#: Half of what the lowest tier allows: other programs of the account want to ask too.
REQUESTS_PER_S = 10.0
#: After a refusal that only the operator can end, one attempt a minute is enough.
HARD_PAUSE_S = 60.0
CLOCK_CODE = b"header_timestamp_expired"
#: Values that are written at once.
WRITES = 200
BUCKET_RETRY_S = 1.0
#: What is due later is looked at again, for it may be moved, and the wall clock set.
TICK_S = 0.1
LONGEST_WAIT_S = 1.0
NOBODY_CHOSE = "no market is followed: set MARKET_TICKERS or SERIES_TICKERS to choose some"

_lifecycle = msgspec.json.Decoder(Lifecycle)


async def serve(config: Config, runtime: Runtime, log: Log) -> None:
    """Run until cancelled."""
    sign = _signer(config)
    health = Health("bus", "exchange", BUCKET)
    universe = Universe(
        tickers=config.market_tickers,
        series=config.series_tickers,
        statuses=config.market_status_filter,
        everything=config.kalshi_env == "sim",
    )
    async with (
        connect(runtime.nats_url, prefix=runtime.bus_prefix, creds=runtime.nats_creds, name="catalog") as bus,
        serving_health(health, host=runtime.http_host, port=config.http_port),
        reaching(config.rest_url, sign.headers, per_second=REQUESTS_PER_S, setting="KALSHI_REST_URL") as rest,
    ):
        if universe.empty:
            log.warning(NOBODY_CHOSE)
            health.well("exchange")
        core = Catalog(universe, bus.subjects)
        await _Shell(core, bus, rest, health, log).run()


class _Shell:
    """Feeds one core and does what its output says."""

    def __init__(self, core: Catalog, bus: Bus, rest: Rest, health: Health, log: Log) -> None:
        self._core = core
        self._bus = bus
        self._rest = rest
        self._health = health
        self._log = log
        self._pending: dict[str, bytes | None] = {}
        self._dirty = asyncio.Event()
        self._broken = asyncio.Event()
        self._moved = asyncio.Event()
        self._looked = asyncio.Event()
        labels = {"lifecycle": "event_type", "clocked": "event_type", "failed_requests": "reason"}
        export(Exporter("catalog", core.counts, labels, self._gauges))

    async def run(self) -> None:
        """Work until cancelled."""
        self._bus.on_break(self._broke)
        await self._bus.subscribe(self._bus.subjects.all("lifecycle"), self._hear)
        await self._bus.flush()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._ask(), name="exchange")
            group.create_task(self._tick(), name="clock")
            group.create_task(self._keep_bucket(), name="bucket")

    def _hear(self, _: str, payload: bytes) -> None:
        with contextlib.suppress(*UNREADABLE):
            self._core.heard(_lifecycle.decode(payload), now())
            self._flush()

    async def _ask(self) -> None:
        # What an earlier catalog knew comes first: it says what has opened and closed meanwhile.
        await self._looked.wait()
        pauses = delays(random.random)
        while True:
            self._moved.clear()
            asked = self._core.next_ask(now())
            if asked is None:
                await _wait(self._moved, self._core.ask_at() - now().at)
                continue
            pause = await self._answer(asked)
            if pause is None:
                pauses = delays(random.random)
            else:
                await asyncio.sleep(pause or next(pauses))

    async def _answer(self, asked: Ask) -> float | None:
        """Ask once; return None if that led somewhere, else the seconds to wait, 0 for the usual backoff."""
        try:
            listed = read_page(await self._rest.get("/markets", asked.params), asked.asked_ts)
        except NoAnswer as error:
            return self._failed(asked, error)
        except Malformed as error:
            self._core.counts.add("failed_requests", "unreadable")
            self._complain(f"{self._rest.url} answers with something else than markets ({error}): trying again.")
            return 0.0
        self._health.well("exchange")
        self._core.counts.add("requests")
        self._core.answered(asked, listed, now())
        self._flush()
        return None

    def _failed(self, asked: Ask, error: NoAnswer) -> float | None:
        self._core.counts.add("failed_requests", error.why)
        if error.why == "refused":
            self._log.warning(f"{error}: {error.body[:200].decode(errors='replace')}")
            self._core.refused(asked, now())
            return None
        if error.why == "unauthorised" and CLOCK_CODE not in error.body:
            self._complain(f"{error}: check KALSHI_KEY_ID, KALSHI_PRIVATE_KEY_PATH and KALSHI_ENV.")
            return HARD_PAUSE_S
        self._complain(f"{error}: trying again; all known markets are kept.")
        return 0.0

    def _complain(self, sentence: str) -> None:
        self._health.ill("exchange", sentence)
        self._log.warning(sentence)

    async def _tick(self) -> None:
        while True:
            self._core.tick(now())
            self._health.judge("bus", well=self._bus.connected, problem=BUS_AWAY)
            self._flush()
            due_ts = self._core.clock_ts()
            wait_s = TICK_S if due_ts is None else (due_ts - now().ts) / SECOND
            await asyncio.sleep(min(max(0.0, wait_s), TICK_S))

    async def _keep_bucket(self) -> None:
        while True:
            self._broken.clear()
            try:
                bucket = await open_bucket(self._bus, BUCKET)
                self._core.restored(await _content(bucket), now())
                self._looked.set()
                self._flush()
                while not self._broken.is_set():
                    await self._write(bucket)
            except BucketUnavailable as error:
                self._looked.set()
                self._health.ill(BUCKET, str(error))
                self._log.warning(str(error))
                await asyncio.sleep(BUCKET_RETRY_S)

    async def _write(self, bucket: Bucket) -> None:
        """Write what waits, or wait for something."""
        self._dirty.clear()
        keys = list(self._pending)[:WRITES]
        if not keys:
            if self._core.discovered:
                self._health.well(BUCKET)
            await _wait(self._dirty, LONGEST_WAIT_S)
            return
        batch = {key: self._pending.pop(key) for key in keys}
        try:
            await asyncio.gather(*(_put(bucket, key, value) for key, value in batch.items()))
        except BucketUnavailable:
            self._pending = batch | self._pending
            raise
        self._core.counts.update({("written", ""): len(batch)})

    def _broke(self) -> None:
        self._broken.set()
        self._dirty.set()

    def _flush(self) -> None:
        out = self._core.out.take()
        for subject, payload in out.publications:
            self._bus.publish(subject, payload)
        for note in out.notes:
            self._log.warning(note)
        if out.writes:
            self._pending.update(out.writes)
            self._dirty.set()
        self._moved.set()

    def _gauges(self) -> dict[str, float]:
        return {
            "markets": len(self._core.markets),
            "followed": self._core.followed(),
            "discovered": self._core.discovered,
            "waiting_writes": len(self._pending),
        }


async def _put(bucket: Bucket, key: str, value: bytes | None) -> None:
    if value is None:
        await bucket.delete(key)
    else:
        await bucket.put(key, value)


async def _content(bucket: Bucket) -> dict[str, bytes]:
    content: dict[str, bytes] = {}
    async with contextlib.aclosing(bucket.watch()) as entries:
        async for entry in entries:
            if entry is None:
                break
            if entry.value is not None:
                content[entry.key] = entry.value
    return content


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, min(seconds, LONGEST_WAIT_S))):
            await event.wait()


def _signer(config: Config) -> Signer:
    try:
        return signer(config.kalshi_env, config.kalshi_key_id, config.kalshi_private_key_path)
    except BadKey as error:
        raise SettingsError([str(error)]) from error
