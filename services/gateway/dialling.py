"""What a failed attempt to connect means, in words, and whether trying again soon can help."""

import msgspec

from proto.reading import UNREADABLE

#: After a refusal that only the operator can end, one attempt a minute is enough.
HARD_PAUSE_S = 60.0
CLOCK_CODE = "header_timestamp_expired"


class Refusal(msgspec.Struct, frozen=True):
    """Why the exchange did not let us in; `hard` if only the operator can change that."""

    reason: str
    sentence: str
    hard: bool


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
        return Refusal("clock", f"{url} finds our clock wrong ({said}): synchronise this machine's clock.", hard=False)
    if status in {401, 403}:
        return Refusal(
            "unauthorised",
            f"{url} does not accept the key ({said}): check KALSHI_KEY_ID and KALSHI_PRIVATE_KEY_PATH, and that the key"
            " belongs to this environment (KALSHI_ENV).",
            hard=True,
        )
    if status == 429:
        return Refusal(
            "too_many", f"{url} grants no further connection ({said}): close others of this account.", hard=False
        )
    if status == 404:
        return Refusal("not_found", f"There is no feed at {url} ({said}): check KALSHI_WS_URL.", hard=True)
    return Refusal("unavailable", f"{url} is not available ({said}): trying again.", hard=False)


def _error(body: bytes) -> _ErrorBody:
    try:
        nested = msgspec.json.decode(body, type=_Nested).error
        flat = msgspec.json.decode(body, type=_ErrorBody)
    except UNREADABLE:
        return _ErrorBody()
    if isinstance(nested, _ErrorBody):
        return nested
    return flat if flat.code or flat.message else _ErrorBody(message=nested)
