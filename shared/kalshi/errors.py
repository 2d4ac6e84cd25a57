"""Everything that can be wrong with what the exchange sends, or with the keys it is spoken to with.

KalshiError
├── Inexact      a number that does not fit the unit exactly, or is none
├── Malformed    a frame that was not understood
└── BadKey       a private key that can not be used
"""

from typing import Literal

Reason = Literal["not_json", "unknown_type", "invalid", "incomplete", "inexact", "out_of_range"]


class KalshiError(Exception):
    """Base of all errors of this package."""


class Inexact(KalshiError):
    """A text is not a number, or not a whole multiple of the unit."""

    def __init__(self, text: str, unit: str) -> None:
        super().__init__(text, unit)
        self.text = text
        self.unit = unit

    def __str__(self) -> str:
        return f"{self.text!r} is not a whole number of {self.unit}"


class Malformed(KalshiError):
    """A frame was not understood; it goes to quarantine under its reason.

    An unknown frame still consumes a sequence number: type, sid and seq are kept if the envelope could be read.
    """

    def __init__(
        self, reason: Reason, detail: str, *, kind: str = "", sid: int | None = None, seq: int | None = None
    ) -> None:
        super().__init__(reason, detail)
        self.reason: Reason = reason
        self.detail = detail
        self.kind = kind
        self.sid = sid
        self.seq = seq

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class BadKey(KalshiError):
    """A key can not be read; the reason is a sentence for the operator."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason
