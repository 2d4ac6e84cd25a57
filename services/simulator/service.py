"""Runs the exchange: the sockets, the clock, the files."""

import asyncio
import contextlib
from collections.abc import Mapping
from math import inf
from pathlib import Path

from services.simulator.config import Config
from services.simulator.core import Exchange
from services.simulator.errors import BadCapture
from services.simulator.http import API, application
from services.simulator.replay import Capture, parse
from services.simulator.session import Session
from shared.kalshi.errors import BadKey
from shared.kalshi.signing import (
    SIMULATOR_KEY_ID,
    PublicKey,
    Refusal,
    Verifier,
    load_private_key,
    public_key,
    simulator_key,
)
from shared.runtime.clock import now
from shared.runtime.errors import SettingsError
from shared.runtime.health import Health
from shared.runtime.http import serving
from shared.runtime.log import Log
from shared.runtime.settings import Runtime
from shared.runtime.sockets import Endpoint, Peer, Rejection, Request

WEBSOCKET_PATH = API.removesuffix("/v2") + "/ws/v2"
PING_INTERVAL_S = 10.0
#: A client that leaves more than this unread is cut, as the exchange cuts slow readers.
MAX_QUEUED_BYTES = 64 * 2**20
_DATA = Path(__file__).parent / "data"


async def serve(config: Config, _: Runtime, log: Log) -> None:
    """Play until cancelled; raises SettingsError and CannotListen."""
    exchange = _exchange(config)
    verifier = Verifier(_trusted_keys(config))
    clients = Clients(exchange, verifier, log)
    health = Health("replay")
    health.well("replay")
    app = application(exchange, clients.check)
    app.router.routes.extend(health.routes())
    endpoint = Endpoint(clients, ping_interval_s=PING_INTERVAL_S, ping_payload=b"heartbeat")
    async with serving(
        app,
        host=config.sim_host,
        port=config.sim_port,
        setting="SIM_PORT",
        endpoints={WEBSOCKET_PATH: endpoint},
    ):
        log.info(
            "ready",
            websocket=f"ws://{config.sim_host}:{config.sim_port}{WEBSOCKET_PATH}",
            rest=f"http://{config.sim_host}:{config.sim_port}{API}",
            captures=[status.capture for status in exchange.status()],
            markets=len(exchange.markets),
        )
        await clients.play()


class Clients:
    """The connected clients and the loop that plays to them."""

    def __init__(self, exchange: Exchange, verifier: Verifier, log: Log) -> None:
        self._exchange = exchange
        self._verifier = verifier
        self._log = log
        self._sessions: dict[Peer, Session] = {}
        self._peers: dict[Session, Peer] = {}
        self._asked = asyncio.Event()

    async def play(self) -> None:
        """Play what is due, and wait for the next frame or the next command."""
        while True:
            outgoing = self._exchange.advance(now())
            for session, frames in outgoing.frames:
                self._send(self._peers[session], frames)
            await self._wait(outgoing.wake_at)

    def check(self, headers: Mapping[str, str], method: str, path: str) -> Refusal | None:
        """Return why a signed request is refused."""
        return self._verifier.check(headers, method, path, now().ts // 1000)

    def authorise(self, request: Request) -> Rejection | None:
        """Refuse a handshake that is not signed well."""
        headers = {name.upper(): value for name, value in request.headers.raw_items()}
        refusal = self.check(headers, "GET", request.path)
        if refusal is None:
            return None
        self._log.warning("handshake refused", code=refusal.code, details=refusal.details)
        return Rejection(401, "Unauthorized", refusal.body())

    def opened(self, peer: Peer) -> None:
        """Open a session for a new client."""
        session = self._exchange.open()
        self._sessions[peer] = session
        self._peers[session] = peer
        self._log.info("client connected", address=peer.address, clients=len(self._peers))

    def received(self, peer: Peer, message: str | bytes) -> None:
        """Answer a command."""
        self._send(peer, self._exchange.receive(self._sessions[peer], message, now()))
        self._asked.set()

    def closed(self, peer: Peer) -> None:
        """Close the session of a client that has gone."""
        session = self._sessions.pop(peer)
        del self._peers[session]
        self._exchange.close(session)
        self._log.info("client gone", clients=len(self._peers))

    def _send(self, peer: Peer, frames: list[bytes]) -> None:
        peer.send(*frames)
        if peer.queued_bytes > MAX_QUEUED_BYTES:
            self._log.warning("client cut: it does not read", queued_bytes=peer.queued_bytes)
            peer.abort()

    async def _wait(self, wake_at: float) -> None:
        delay = wake_at - now().at
        if delay <= 0:
            await asyncio.sleep(0)  # more is due, but the sockets come first
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if wake_at == inf else delay):
                await self._asked.wait()
        self._asked.clear()


def _exchange(config: Config) -> Exchange:
    try:
        captures = [_capture(path) for path in _capture_paths(config.sim_capture)]
        return Exchange(captures, speed=config.sim_speed, loop=config.sim_loop)
    except BadCapture as error:
        raise SettingsError([f"SIM_CAPTURE: {error}"]) from error


def _capture_paths(names: tuple[str, ...]) -> list[Path]:
    carried = {_name(path): path for path in sorted(_DATA.glob("*.jsonl*"))}
    return [carried.get(name) or Path(name) for name in dict.fromkeys(names)] or list(carried.values())


def _capture(path: Path) -> Capture:
    try:
        return parse(path.name, path.read_bytes())
    except OSError as error:
        carried = ", ".join(_name(known) for known in sorted(_DATA.glob("*.jsonl*")))
        problem = f"{path} is neither a file that can be read nor one of {carried}"
        raise BadCapture(path.name, 0, problem) from error


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
