"""Signed reads of the exchange's REST side."""

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from shared.kalshi.signing import Signer
from shared.runtime.clock import now

READ_TIMEOUT_S = 10.0
OK = 200
SHOWN_CHARACTERS = 200
#: No proxy of the environment leads back to this machine.
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class RestFailed(Exception):
    """A GET was not answered with what was asked for; `status` is None without any answer."""

    def __init__(self, status: int | None, detail: str) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail

    @property
    def reason(self) -> str:
        """What to count it as."""
        return "unreachable" if self.status is None else f"http_{self.status}"

    def __str__(self) -> str:
        return self.detail if self.status is None else f"HTTP {self.status}, {self.detail}"


class Rest(Protocol):
    """The exchange's REST side."""

    async def get(self, path: str, params: Sequence[tuple[str, str]]) -> bytes:
        """Return the body of a reply; raises RestFailed."""


class SignedRest:
    """Asks with a signature, one connection per request: what is read is small and read seldom."""

    def __init__(self, url: str, signer: Signer) -> None:
        self._url = url.rstrip("/")
        self._signer = signer

    async def get(self, path: str, params: Sequence[tuple[str, str]]) -> bytes:
        """Return the body of a reply; raises RestFailed."""
        url = self._url + path
        headers = self._signer.headers("GET", urlsplit(url).path, now().ts // 1000)
        local = urlsplit(url).hostname in LOOPBACK
        try:
            async with httpx.AsyncClient(timeout=READ_TIMEOUT_S, trust_env=not local) as client:
                response = await client.get(url, params=list(params), headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RestFailed(None, f"{url} does not answer ({str(error) or type(error).__name__})") from error
        if response.status_code != OK:
            raise RestFailed(response.status_code, response.text[:SHOWN_CHARACTERS])
        return response.content
