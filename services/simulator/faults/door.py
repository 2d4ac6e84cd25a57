"""Who may connect."""

from typing import NamedTuple, Protocol

import msgspec

from services.simulator.faults.script import RefuseConnect
from shared.kalshi.signing import Refusal
from shared.market.clock import Now

_REASONS = {401: "Unauthorized", 429: "Too Many Requests", 503: "Service Unavailable"}
_ERRORS = {429: "too many requests", 503: "service unavailable"}


class Refused(NamedTuple):
    """The HTTP answer to a handshake."""

    status: int
    reason: str
    body: bytes


class Guard(Protocol):
    """Whoever may have a reason to refuse a handshake."""

    def refuse(self, key_id: str, now: Now) -> Refused | None:
        """Refuse a handshake, or let it pass with None."""


class Door:
    """Lets clients in: unless a fault is in the way, up to `limit` connections of one key."""

    def __init__(self, guard: Guard, *, limit: int = 200) -> None:
        self._guard = guard
        self._limit = limit

    def admit(self, key_id: str, connected: int, now: Now) -> Refused | None:
        """Return why a client is not let in, of whose key so many are connected already."""
        refused = self._guard.refuse(key_id, now)
        if refused is None and connected >= self._limit:
            return refusal(429)
        return refused


def refusal(status: int, code: str = "") -> Refused:
    """Return the answer with a status; `code` tells the 401s apart, as in the script."""
    if status == 401:
        body = _unauthorised(code).body()
    else:
        body = msgspec.json.encode({"error": _ERRORS[status]})
    return Refused(status, _REASONS[status], body)


def refusal_of(fault: RefuseConnect) -> Refused:
    """Return the answer that a fault wants."""
    return refusal(fault.status, fault.code)


def _unauthorised(code: str) -> Refusal:
    if code.isupper():
        return Refusal("authentication_error", "authentication error", code)
    return Refusal(code, code.replace("_", " "))
