"""Runs the exchange: the sockets, the clock, the files."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path

from services.simulator.build import Chance, Material, Simulation, simulation
from services.simulator.config import Config
from services.simulator.errors import BadCapture, BadFault
from services.simulator.faults import script
from services.simulator.flow import shape
from services.simulator.http.application import API, Controls, application
from services.simulator.replay.capture import Capture, parse
from services.simulator.session.acts import Act, Close, Cut, Mute, Unmute
from services.simulator.session.session import Session
from shared.kalshi.errors import BadKey
from shared.kalshi.signing import (
    HEADERS,
    SIMULATOR_KEY_ID,
    PublicKey,
    Refusal,
    Verifier,
    load_private_key,
    public_key,
    simulator_key,
)
from shared.market.counts import Counts
from shared.runtime.clock import now
from shared.runtime.errors import SettingsError
from shared.runtime.health import Health
from shared.runtime.http import serving
from shared.runtime.log import Log
from shared.runtime.metrics import Exporter, exporting
from shared.runtime.settings import Runtime
from shared.runtime.sockets import Endpoint, Peer, Rejection, Request

WEBSOCKET_PATH = API.removesuffix("/v2") + "/ws/v2"
PING_INTERVAL_S = 10.0
#: Turns are no shorter: what is due meanwhile leaves in one write, which costs as much as a dozen messages.
TURN_S = 0.001
#: A client that leaves more than this unread is cut, as the exchange cuts slow readers.
MAX_QUEUED_BYTES = 64 * 2**20
#: The suffix in SIM_CAPTURE of a recording with `use_yes_price` true.
_YES_SCALE = ":yes"
_ALL = "all"
_DATA = Path(__file__).parent / "data"


async def serve(config: Config, _: Runtime, log: Log) -> None:
    """Trade until cancelled; raises SettingsError and CannotListen."""
    running = _simulation(config)
    verifier = Verifier(_trusted_keys(config))
    clients = Clients(running, verifier, log)
    health = Health("exchange")
    health.well("exchange")
    app = application(running.exchange, clients.check, clients.controls(), now=now, tier=config.sim_tier)
    app.router.routes.extend(health.routes())
    endpoints = {WEBSOCKET_PATH: Endpoint(clients, ping_interval_s=PING_INTERVAL_S, ping_payload=b"heartbeat")}
    with exporting(_exporter(running)):
        async with serving(app, host=config.sim_host, port=config.sim_port, setting="SIM_PORT", endpoints=endpoints):
            _log_ready(config, running, log)
            await clients.run()


def _log_ready(config: Config, running: Simulation, log: Log) -> None:
    log.info(
        "ready",
        websocket=f"ws://{config.sim_host}:{config.sim_port}{WEBSOCKET_PATH}",
        rest=f"http://{config.sim_host}:{config.sim_port}{API}",
        captures=[player.capture.name for player in running.players],
        markets=len(running.exchange.world.markets),
        rate=config.sim_rate,
    )


class Clients:
    """The connected clients and the loop that lets time pass for them."""

    def __init__(self, running: Simulation, verifier: Verifier, log: Log) -> None:
        self._running = running
        self._exchange = running.exchange
        self._verifier = verifier
        self._log = log
        self._sessions: dict[Peer, Session] = {}
        self._peers: dict[Session, Peer] = {}
        self._asked = asyncio.Event()

    async def run(self) -> None:
        """Do what is due, and wait for the next event or the next command."""
        while True:
            outgoing = self._exchange.advance(now())
            for session, frames in outgoing.frames:
                self._send(self._peers[session], frames)
            for session, act in outgoing.acts:
                _perform(act, self._peers[session])
            await self._wait(outgoing.wake_at)

    def check(self, headers: Mapping[str, str], method: str, path: str) -> Refusal | None:
        """Return why a signed request is refused."""
        return self._verifier.check(headers, method, path, now().ts // 1000)

    def authorise(self, request: Request) -> Rejection | None:
        """Refuse a handshake that is not signed well, is one too many, or is to fail."""
        headers = _upper(request)
        key_id = headers.get(HEADERS.key, "")
        refusal = self.check(headers, "GET", request.path)
        turned_away = self._running.door.admit(key_id, self._connected()[key_id], now(), refusal)
        if turned_away is None:
            return None
        self._log.warning("handshake refused", status=turned_away.status, reason=turned_away.reason)
        return Rejection(turned_away.status, turned_away.reason, turned_away.body)

    def opened(self, peer: Peer) -> None:
        """Open a session for a new client."""
        session = self._exchange.open(peer.headers.get(HEADERS.key, ""))
        self._sessions[peer] = session
        self._peers[session] = peer
        self._asked.set()  # a fault may wait for it
        self._log.info("client connected", address=peer.address, session=session.number, clients=len(self._peers))

    def received(self, peer: Peer, message: str | bytes) -> None:
        """Answer a command."""
        self._send(peer, self._exchange.receive(self._sessions[peer], message, now()))
        self._asked.set()

    def closed(self, peer: Peer) -> None:
        """Close the session of a client that has gone."""
        session = self._sessions.pop(peer)
        del self._peers[session]
        self._exchange.close(session)
        self._log.info("client gone", session=session.number, clients=len(self._peers))

    def controls(self) -> Controls:
        """Return the hands that reach into the exchange from outside."""
        running = self._running

        def woken(do: Callable[[bytes], object]) -> Callable[[bytes], object]:
            def then_look(body: bytes) -> object:
                done = do(body)
                self._asked.set()
                return done

            return then_look

        clear = woken(lambda _: running.faults.clear())
        return Controls(
            replays=lambda: [player.status() for player in running.players],
            private=woken(lambda body: running.private.send(body, now())),
            faults=running.faults.status,
            add_fault=woken(lambda body: running.faults.post(script.read(body), now())),
            clear_faults=lambda: clear(b""),
            lifecycle=woken(lambda body: running.operator.command(body, now())),
        )

    def _connected(self) -> Counter[str]:
        return Counter(session.key_id for session in self._peers)

    def _send(self, peer: Peer, frames: list[bytes]) -> None:
        peer.send(*frames)
        if peer.queued_bytes > MAX_QUEUED_BYTES:
            self._log.warning("client cut: it does not read", queued_bytes=peer.queued_bytes)
            peer.abort()

    async def _wait(self, wake_at: float) -> None:
        delay = wake_at - now().at
        if delay < -TURN_S:
            await asyncio.sleep(0)  # there is a backlog, but the sockets come first
            return
        # Cheaper than a timeout, which would cancel and raise a thousand times a second.
        alarm = None if wake_at == inf else asyncio.get_running_loop().call_later(max(delay, TURN_S), self._asked.set)
        await self._asked.wait()
        self._asked.clear()
        if alarm is not None:
            alarm.cancel()


def _exporter(running: Simulation) -> Exporter:
    world, floor = running.exchange.world, running.exchange.floor
    return Exporter(
        "simulator",
        Counts(),
        {},
        lambda: {
            "markets": len(world.markets),
            "clients": len(running.exchange.sessions),
            "messages_told": floor.told,
            "skipped_seconds": running.crowd.skipped_s,
        },
    )


def _perform(act: Act, peer: Peer) -> None:
    match act:
        case Cut():
            peer.abort()
        case Close(code, reason):
            peer.close(code, reason)
        case Mute(pongs):
            peer.mute(pongs=pongs)
        case Unmute():
            peer.unmute()


def _upper(request: Request) -> dict[str, str]:
    return {name.upper(): value for name, value in request.headers.raw_items()}


def _simulation(config: Config) -> Simulation:
    try:
        material = Material(
            captures=[_capture(name) for name in _capture_names(config.sim_capture)],
            listing=(_DATA / "rest-markets-sports-2026-07-09.json.gz").read_bytes(),
            shape=shape.read((_DATA / "shape.json").read_bytes()),
        )
        running = simulation(config, material, _chance(config.sim_seed), now().ts)
    except BadCapture as error:
        raise SettingsError([f"SIM_CAPTURE: {error}"]) from error
    if config.sim_faults:
        running.faults.post(_faults(config.sim_faults), now())
    return running


def _chance(seed: int) -> Chance:
    # Two sources, so that what clients do does not change what the crowd does.
    crowd, other = random.Random(seed), random.Random(f"{seed} other")  # noqa: S311 - to be repeated, not to be secret
    return Chance(crowd.random, other.random)


def _faults(path: str) -> list[script.Fault]:
    try:
        return script.read(Path(path).read_bytes())
    except OSError as error:
        problem = f"{path!r} can not be read ({error.strerror}): give the path of a file with faults."
        raise SettingsError([f"SIM_FAULTS={problem}"]) from error
    except BadFault as error:
        raise SettingsError([f"SIM_FAULTS={path!r} can not be done: {error.problem}"]) from error


def _capture_names(names: tuple[str, ...]) -> list[str]:
    wanted = [name for name in dict.fromkeys(names) if name != _ALL]
    carried = [_name(path) for path in _carried()] if _ALL in names else []
    return list(dict.fromkeys(carried + wanted))


def _capture(name: str) -> Capture:
    yes_scale = name.endswith(_YES_SCALE)
    name = name.removesuffix(_YES_SCALE)
    path = next((known for known in _carried() if _name(known) == name), Path(name))
    try:
        return parse(path.name, path.read_bytes(), yes_scale=yes_scale)
    except OSError as error:
        problem = f"{path} is neither a file that can be read nor one of {', '.join(map(_name, _carried()))}, all"
        raise BadCapture(path.name, 0, problem) from error


def _carried() -> list[Path]:
    return sorted(_DATA.glob("*.jsonl*"))


def _name(path: Path) -> str:
    return path.name.partition(".jsonl")[0]


def _trusted_keys(config: Config) -> dict[str, PublicKey]:
    keys = {SIMULATOR_KEY_ID: public_key(simulator_key())}
    if config.kalshi_key_id and config.kalshi_private_key_path:
        path = config.kalshi_private_key_path
        try:
            keys[config.kalshi_key_id] = public_key(load_private_key(Path(path).read_bytes()))
        except OSError as error:
            problem = f"{path!r} can not be read ({error.strerror}): give the path of your key file."
            raise SettingsError([f"KALSHI_PRIVATE_KEY_PATH={problem}"]) from error
        except BadKey as error:
            raise SettingsError([f"KALSHI_PRIVATE_KEY_PATH={path!r} can not be used: {error}."]) from error
    return keys
