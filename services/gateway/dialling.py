"""What a failed attempt to connect means, in words, and whether trying again soon can help."""

from typing import Literal

import msgspec

from proto.reading import UNREADABLE
from shared.kalshi.hours import MAINTENANCE_ENDS

CLOCK_CODE = "header_timestamp_expired"
#: What /readyz says between three and five on Thursdays, New York time.
MAINTENANCE = f"maintenance until {MAINTENANCE_ENDS:02}:00 New York time"
#: What the exchange does then; whatever else goes wrong is ours.
MAINTENANCE_REASONS = frozenset({"unavailable", "refused", "timeout", "unreachable"})


class Refusal(msgspec.Struct, frozen=True):
    """Why the exchange did not let us in; `hard` if only the operator can change that."""

    reason: str
    sentence: str
    hard: bool = False

    @property
    def level(self) -> Literal["info", "warning", "error"]:
        """How loudly to log it."""
        return "error" if self.hard else "info" if self.sentence == MAINTENANCE else "warning"


_ADVICE = {
    "name_not_resolved": "has a name that is not known ({said}): check this machine's DNS, or KALSHI_WS_URL.",
    "refused": "refuses connections ({said}): nobody listens there; trying again.",
    "timeout": "does not answer in time ({said}): trying again.",
    "tls": "shows no certificate that we trust ({said}): check the proxy, and this machine's certificates and clock.",
    "no_websocket": "does not speak WebSocket ({said}): check KALSHI_WS_URL, and any proxy on the way.",
    "unreachable": "can not be reached ({said}): trying again.",
}


class _ErrorBody(msgspec.Struct):
    code: str = ""
    message: str = ""
    details: str = ""


class _Nested(msgspec.Struct):
    error: _ErrorBody | str = ""


def refusal(status: int, body: bytes, url: str) -> Refusal:
    """Read an HTTP answer to the handshake."""
    error = _error(body)
    said = ", ".join(part for part in (error.code, error.message, error.details) if part) or f"HTTP {status}"
    if status == 401 and error.code == CLOCK_CODE:
        return Refusal("clock", f"{url} finds our clock wrong ({said}): synchronise this machine's clock.")
    if status in {401, 403}:
        return Refusal(
            "unauthorised",
            f"{url} does not accept the key ({said}): check KALSHI_KEY_ID and KALSHI_PRIVATE_KEY_PATH, and that the key"
            " belongs to this environment (KALSHI_ENV).",
            hard=True,
        )
    if status == 429:
        return Refusal("too_many", f"{url} grants no further connection ({said}): close others of this account.")
    if status == 404:
        return Refusal("not_found", f"There is no feed at {url} ({said}): check KALSHI_WS_URL.", hard=True)
    return Refusal("unavailable", f"{url} is not available ({said}): trying again.")


def unreachable(reason: str, said: str, url: str) -> Refusal:
    """Tell why there was no HTTP answer to read; the reason is one of `_ADVICE`."""
    return Refusal(reason, f"{url} {_ADVICE[reason].format(said=said)}")


def in_maintenance(refused: Refusal) -> Refusal:
    """Tell the same in the hours of maintenance, in which the exchange's absence is no alarm."""
    return Refusal("maintenance", MAINTENANCE) if refused.reason in MAINTENANCE_REASONS else refused


def _error(body: bytes) -> _ErrorBody:
    try:
        nested = msgspec.json.decode(body, type=_Nested).error
        flat = msgspec.json.decode(body, type=_ErrorBody)
    except UNREADABLE:
        return _ErrorBody()
    if isinstance(nested, _ErrorBody):
        return nested
    return flat if flat.code or flat.message else _ErrorBody(message=nested)
