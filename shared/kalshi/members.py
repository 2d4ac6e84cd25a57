"""The members of the exchange's messages, one at a time: exact integers in the units of the bus, or Malformed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from proto.units import DOLLAR, SECOND
from shared.kalshi.errors import Inexact, Malformed
from shared.kalshi.numbers import cents, contracts, count, dollars
from shared.kalshi.numbers import money as exact_money

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST_MICROS = 2**53


def price(member: str, text: str | None, legacy_cents: int | None = None) -> int:
    """Return a price in 1/10 000 dollar, from a text or else from cents."""
    value = _either(member, text, dollars, legacy_cents, cents)
    if not 0 <= value <= DOLLAR:
        raise Malformed("out_of_range", f"{member} {value}")
    return value


def quantity(member: str, text: str | None, legacy_contracts: int | None = None) -> int:
    """Return a quantity in 1/100 contract, from a text or else from whole contracts."""
    value = _either(member, text, count, legacy_contracts, contracts)
    if value < 0:
        raise Malformed("out_of_range", f"{member} {value}")
    return value


def signed_quantity(member: str, text: str) -> int:
    """Return a quantity that may be negative, in 1/100 contract."""
    return _exact(member, text, count)


def money(member: str, text: str) -> int:
    """Return an amount that may be negative, in 1/1 000 000 dollar."""
    return _exact(member, text, exact_money)


def seconds(value: int | None) -> int | None:
    """Return a time in microseconds from seconds."""
    return None if value is None else micros(value * SECOND)


def millis(value: int | None) -> int | None:
    """Return a time in microseconds from milliseconds."""
    return None if value is None else micros(value * 1000)


def rfc3339(text: str) -> int:
    """Return a time in microseconds from an RFC 3339 text."""
    try:
        moment = datetime.fromisoformat(text)
        return micros((moment - _EPOCH) // _MICROSECOND)
    except (ValueError, TypeError) as error:  # TypeError: without an offset it names no moment
        raise Malformed("invalid", f"ts {text!r} is not an RFC 3339 time") from error


def micros(value: int) -> int:
    """Return a time that the bus can carry."""
    if not 0 <= value < _LATEST_MICROS:
        raise Malformed("out_of_range", f"time {value}")
    return value


def _exact(member: str, text: str, read: Callable[[str], int]) -> int:
    try:
        return read(text)
    except Inexact as error:
        raise Malformed("inexact", f"{member}: {error}") from error


def _either(
    member: str, text: str | None, read: Callable[[str], int], legacy: int | None, convert: Callable[[int], int]
) -> int:
    if text is not None:
        return _exact(member, text, read)
    if legacy is None:
        raise Malformed("incomplete", f"no {member}")
    return convert(legacy)
