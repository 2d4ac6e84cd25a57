"""The exchange's decimal strings as exact integers, and back.

Strings are read by value, never by width (`"0.480"` is `"0.4800"`), without floats and without rounding:
digits beyond the unit must be zeros.
"""

import re

from shared.kalshi.errors import Inexact

_DECIMAL = re.compile(r"(-?)([0-9]*)(?:\.([0-9]*))?")
_LONGEST_TEXT = 32
_MEMO_ENTRIES = 50_000


def _exact(text: str, places: int, unit: str) -> int:
    match = _DECIMAL.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is None:
        raise Inexact(text, unit)
    sign, whole, fraction = match[1], match[2], match[3] or ""
    digits = fraction.rstrip("0")
    if not (whole or fraction) or len(digits) > places:
        raise Inexact(text, unit)
    value = int(whole + digits.ljust(places, "0"))
    return -value if sign else value


class _Memo(dict[str, int]):
    """Values by text: prices and sizes repeat, so look-ups replace most parsing. Stops storing when full."""

    def __init__(self, places: int, unit: str) -> None:
        super().__init__()
        self._places = places
        self._unit = unit

    def __missing__(self, text: str) -> int:
        value = _exact(text, self._places, self._unit)
        if len(self) < _MEMO_ENTRIES:
            self[text] = value
        return value


_PRICES = _Memo(4, "1/10 000 dollar")
_COUNTS = _Memo(2, "1/100 contract")


def dollars(text: str) -> int:
    """Return a price in 1/10 000 dollar: `"0.960"` is 9600; raises Inexact."""
    return _PRICES[text]


def count(text: str) -> int:
    """Return a number of contracts in 1/100 contract: `"-54.00"` is -5400; raises Inexact."""
    return _COUNTS[text]


def money(text: str) -> int:
    """Return an amount of money in 1/1 000 000 dollar: `"-0.017500"` is -17500; raises Inexact."""
    return _exact(text, 6, "1/1 000 000 dollar")


def cents(value: int) -> int:
    """Return whole cents, as legacy frames carry them, in 1/10 000 dollar."""
    return value * 100


def contracts(value: int) -> int:
    """Return whole contracts, as legacy frames carry them, in 1/100 contract."""
    return value * 100


def format_dollars(value: int) -> str:
    """Return a price as the exchange writes it: 9600 is `"0.9600"`."""
    whole, fraction = divmod(abs(value), 10_000)
    return f"{'-' if value < 0 else ''}{whole}.{fraction:04}"


def format_count(value: int) -> str:
    """Return a number of contracts as the exchange writes it: 5400 is `"54.00"`."""
    whole, fraction = divmod(abs(value), 100)
    return f"{'-' if value < 0 else ''}{whole}.{fraction:02}"
