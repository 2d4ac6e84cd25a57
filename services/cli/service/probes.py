"""Looks at ports from outside: whether they are free, and whether a program is ready."""

import asyncio
import http.client
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

from proto.reading import UNREADABLE
from services.cli.plan import BUS, Place, Process
from services.cli.service.errors import PortsTaken
from shared.runtime.errors import CannotListen
from shared.runtime.health import Readiness

TIMEOUT_S = 1.0


def check_free(places: Iterable[Place]) -> None:
    """Raise PortsTaken if any of the places can not be listened on, two alike included."""
    held: list[socket.socket] = []
    taken: list[CannotListen] = []
    for place in places:
        try:
            held.append(socket.create_server((place.host, place.port), family=_family(place)))
        except OSError as error:
            taken.append(CannotListen(place.setting, place.host, place.port, error))
    for listener in held:
        listener.close()
    if taken:
        raise PortsTaken(taken)


async def readiness(process: Process) -> Readiness | None:
    """Return what the program says of itself; None if it does not answer."""
    place = process.place.reached
    if process.name == BUS:
        return Readiness(ready=True, checks={}) if await _is_open(place) else None
    try:
        return msgspec.json.decode(await asyncio.to_thread(_get, process.url + "/readyz"), type=Readiness)
    except (OSError, http.client.HTTPException, *UNREADABLE):
        return None


async def _is_open(place: Place) -> bool:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, writer = await asyncio.open_connection(place.host, place.port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def _get(url: str) -> bytes:
    # Not urllib, which would send this to a proxy where one is set up.
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=TIMEOUT_S)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        return connection.getresponse().read()
    finally:
        connection.close()


def _family(place: Place) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in place.host else socket.AF_INET
