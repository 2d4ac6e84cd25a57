"""The home of httpx: asks an HTTP API, signed, no faster than allowed, and says why there is no answer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Literal
from urllib.parse import urlsplit

import httpx

from shared.market.tokens import Tokens
from shared.runtime.clock import now
from shared.runtime.errors import FanoutError, SettingsError

TIMEOUT_S = 10.0
#: No proxy of the environment leads back to this machine.
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

#: Returns the headers that sign a request: method, path, milliseconds since 1970.
Sign = Callable[[str, str, int], Mapping[str, str]]
Why = Literal["unreachable", "too_many", "unavailable", "unauthorised", "refused"]


class NoAnswer(FanoutError):
    """The API did not answer with what was asked for; `status` and `body` are what it said, `why` tells what can help.

    `unreachable`, `too_many` and `unavailable` pass; `unauthorised` needs the operator; `refused` is our own fault.
    """

    def __init__(self, url: str, why: Why, cause: str, body: bytes = b"", status: int | None = None) -> None:
        super().__init__(url, why, cause)
        self.status = status
        self.url = url
        self.why: Why = why
        self.cause = cause
        self.body = body

    def __str__(self) -> str:
        return f"{self.url} gave no answer ({self.cause})"


class Rest:
    """An API under one address; made by `reaching`."""

    def __init__(self, client: httpx.AsyncClient, url: str, sign: Sign, tokens: Tokens) -> None:
        self.url = url
        self._client = client
        self._path = urlsplit(url).path
        self._sign = sign
        self._tokens = tokens

    async def get(self, path: str, params: Iterable[tuple[str, str]] = ()) -> bytes:
        """Return the body of a good answer, when it is our turn to ask; raises NoAnswer."""
        await asyncio.sleep(self._tokens.take(now().at))
        headers = dict(self._sign("GET", self._path + path, now().ts // 1000))
        address = self.url + path
        try:
            async with asyncio.timeout(TIMEOUT_S):
                reply = await self._client.get(address, params=list(params), headers=headers)
        except (httpx.HTTPError, TimeoutError) as error:
            raise NoAnswer(address, "unreachable", str(error) or type(error).__name__) from error
        if reply.status_code == 200:
            return reply.content
        status = reply.status_code
        raise NoAnswer(address, _why(status), f"HTTP {status}", reply.content, status)


@contextlib.asynccontextmanager
async def reaching(url: str, sign: Sign, *, per_second: float, setting: str) -> AsyncIterator[Rest]:
    """Hold connections to an API while the block runs; raises SettingsError for an address that is none.

    Args:
        url: scheme, host and what all paths begin with.
        sign: signs each request afresh.
        per_second: how many requests may be made.
        setting: the variable that the address comes from.
    """
    _check(url, setting)
    loopback = urlsplit(url).hostname in LOOPBACK
    async with httpx.AsyncClient(trust_env=not loopback, timeout=TIMEOUT_S, follow_redirects=False) as client:
        yield Rest(client, url, sign, Tokens(per_second, per_second))


def _check(url: str, setting: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError([f"{setting}={url!r} is no address: it should begin with https:// or http://."])


def _why(status: int) -> Why:
    if status in {401, 403}:
        return "unauthorised"
    if status == 429:
        return "too_many"
    return "unavailable" if status >= 500 else "refused"
