"""Who may connect."""

from typing import NamedTuple, Protocol

import msgspec

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

    def admit(self, key_id: str, connected: int, now: Now, unsigned: Refusal | None = None) -> Refused | None:
        """Return why a client is not let in, or None.

        Args:
            key_id: The key with which it signed.
            connected: How many clients of the same key are here already.
            now: The time, for faults that last.
            unsigned: What is wrong with its signature.
        """
        refused = self._guard.refuse(key_id, now)
        if refused is not None:
            return refused
        if unsigned is not None:
            return unauthorised(unsigned)
        return refusal(429) if connected >= self._limit else None


def refusal(status: int, code: str = "") -> Refused:
    """Return the answer with a status; `code` tells the 401s apart, as in the script."""
    if status != 401:
        return Refused(status, _REASONS[status], msgspec.json.encode({"error": _ERRORS[status]}))
    if code.isupper():
        return unauthorised(Refusal("authentication_error", "authentication error", code))
    return unauthorised(Refusal(code, code.replace("_", " ")))


def unauthorised(why: Refusal) -> Refused:
    """Return the 401 that says why."""
    return Refused(401, _REASONS[401], why.body())
