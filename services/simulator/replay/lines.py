"""The lines of a capture file: a frame each, as it came or in a recorder's wrapper, with the time that is known of it.

A wrapper is an object that holds the frame in a member `frame`, `raw`, `message`, `data` or `payload`, as an object or
as the text of one. Beside the frame may stand the recorder's clock: `received_ts` (microseconds), `recv_ts_ms` or
`ts_ms` (milliseconds), `recv_ts_local_et` (New York, without offset), `received_at` or `ts` (RFC 3339).
"""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from proto.units import SECOND
from services.simulator.errors import BadCapture

_MILLISECOND = SECOND // 1000
_EMPTY = msgspec.Raw(b"")
_NO_MSG = msgspec.Raw(b"{}")


class Recorded(NamedTuple):
    """A frame of the exchange; `line` counts from 1, `received_ts` is the recorder's clock or when it was sent."""

    line: int
    kind: str
    msg: bytes
    received_ts: int | None


class _Frame(msgspec.Struct):
    type: str = ""
    cmd: str = ""
    msg: msgspec.Raw = _NO_MSG
    sending_ts_ms: int | None = None


class _Wrapper(msgspec.Struct):
    frame: msgspec.Raw = _EMPTY
    raw: msgspec.Raw = _EMPTY
    message: msgspec.Raw = _EMPTY
    data: msgspec.Raw = _EMPTY
    payload: msgspec.Raw = _EMPTY
    received_ts: int | None = None
    recv_ts_ms: float | None = None
    ts_ms: float | None = None
    recv_ts_local_et: str | None = None
    received_at: str | None = None
    ts: str | None = None


_FRAME = msgspec.json.Decoder(_Frame)
_WRAPPER = msgspec.json.Decoder(_Wrapper)
_TEXT = msgspec.json.Decoder(str)


def read_lines(name: str, data: bytes) -> Iterator[Recorded]:
    """Yield the exchange's frames in a file's bytes, without those that a client sent; raises BadCapture."""
    try:
        lines = (gzip.decompress(data) if name.endswith(".gz") else data).splitlines()
    except (OSError, EOFError) as error:
        raise BadCapture(name, 0, "it is not a gzip file") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            recorded = _read(number, line)
        except (msgspec.DecodeError, UnicodeError, ValueError) as error:
            raise BadCapture(name, number, str(error)) from error
        if recorded is not None:
            yield recorded


def _read(number: int, line: bytes) -> Recorded | None:
    wrapper = _WRAPPER.decode(line)
    frame = _FRAME.decode(_unwrapped(wrapper) or line)
    if frame.cmd:
        return None
    if not frame.type:
        raise ValueError("it is no frame, and holds none in frame, raw, message, data or payload")
    received_ts = _received(wrapper)
    if received_ts is None and frame.sending_ts_ms is not None:
        received_ts = frame.sending_ts_ms * _MILLISECOND
    return Recorded(number, frame.type, bytes(frame.msg), received_ts)


def _unwrapped(wrapper: _Wrapper) -> bytes:
    held = (wrapper.frame, wrapper.raw, wrapper.message, wrapper.data, wrapper.payload)
    for member in map(bytes, held):
        if member.startswith(b"{"):
            return member
        if member.startswith(b'"'):
            return _TEXT.decode(member).encode()
    return b""


def _received(wrapper: _Wrapper) -> int | None:
    if wrapper.received_ts is not None:
        return wrapper.received_ts
    for millis in (wrapper.recv_ts_ms, wrapper.ts_ms):
        if millis is not None:
            return round(millis * _MILLISECOND)
    for text in (wrapper.recv_ts_local_et, wrapper.received_at, wrapper.ts):
        if text is not None:
            return micros(text)
    return None


def micros(text: str) -> int:
    """Return a recorded time; one without an offset is as good as any, because only differences are used."""
    moment = datetime.fromisoformat(text)
    # Only differences are used, and no capture spans a change of the clocks.
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * SECOND)
