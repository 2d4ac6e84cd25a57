"""Capture files: what the real exchange sent, as timed steps.

A capture holds one frame per line, as `lines` describes, gzipped if its name ends in `.gz`. Each line's `msg` is kept
as recorded, on the scale of `use_yes_price` with which it was recorded; only for subscribers with the other one are the
prices of the no side turned round, once, here. Replies to the recorder's commands are passed over, and so are changes
of a book before its first snapshot.

Time comes from the recorder's clock, else from when the frame was sent, else from the message (`ts_ms`, `ts`).
Snapshots have none and keep the time of the frame before them. Time never runs backwards.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from proto.units import DOLLAR, SECOND, Ladder, Side
from services.simulator.errors import BadCapture
from services.simulator.feed.channels import CHANNEL_OF, TRAITS, Channel
from services.simulator.replay.lines import Recorded, micros, read_lines
from services.simulator.replay.turned import turn_levels, turn_price
from shared.kalshi import normalise, wire
from shared.kalshi.errors import KalshiError
from shared.market.book import Book, NegativeLevel


class Step(msgspec.Struct, frozen=True, gc=False):
    """One recorded frame; `at` is in seconds from the start of its capture.

    `ticker` is empty if the frame is about no single market, `index` unless it is about one of those. `msg` is on the
    no scale, `yes_scale_msg` on the other.
    """

    kind: str
    channel: Channel
    ticker: str
    market_id: str
    legacy: bool
    msg: bytes
    yes_scale_msg: bytes
    at: float = 0.0
    index: str = ""
    ladders: tuple[Ladder, Ladder] | None = None
    change: tuple[Side, int, int] | None = None


class Capture(msgspec.Struct, frozen=True):
    """A recording that was found playable."""

    name: str
    steps: tuple[Step, ...]

    @property
    def tickers(self) -> tuple[str, ...]:
        """Its markets, in the order of their first frames."""
        return tuple(dict.fromkeys(step.ticker for step in self.steps if step.ticker))

    @property
    def channels(self) -> frozenset[Channel]:
        """The channels that its frames belong to."""
        return frozenset(step.channel for step in self.steps)


class _Passed(msgspec.Struct):
    """What is read of a message that is only passed on."""

    market_ticker: str | None = None
    ticker: str | None = None
    index_id: str = ""
    underlying_ticker: str = ""
    market_id: str | None = None
    ts_ms: int | None = None
    ts: int | str | None = None

    def exchange_ts(self) -> int | None:
        if self.ts_ms is not None:
            return self.ts_ms * 1000
        if isinstance(self.ts, str):
            return micros(self.ts)
        return None if self.ts is None else self.ts * SECOND


class _Found(NamedTuple):
    """A step and its time, with which the capture may begin unless it can be long before the frame was sent."""

    step: Step
    ts: int | None
    begins: bool


_SNAPSHOT = msgspec.json.Decoder(wire.SnapshotMsg)
_DELTA = msgspec.json.Decoder(wire.DeltaMsg)
_PASSED = msgspec.json.Decoder(_Passed)


def parse(name: str, data: bytes, *, yes_scale: bool = False) -> Capture:
    """Return the capture in a file's bytes, recorded with this `use_yes_price`.

    Raises BadCapture if it can not be played to its end.
    """
    recorded = list(read_lines(name, data))
    steps = _steps(name, recorded, yes_scale=yes_scale)
    if not steps:
        raise BadCapture(name, 0, "it holds no frame of a channel")
    if _rehearse(name, steps) and not _rehearse(name, _steps(name, recorded, yes_scale=not yes_scale)):
        said, instead = ("true", "without :yes") if yes_scale else ("false", f"as {name}:yes")
        problem = f"its books are crossed with use_yes_price {said}, so name it {instead} in SIM_CAPTURE"
        raise BadCapture(name, 0, problem)
    return Capture(name.partition(".jsonl")[0], steps)


def play(step: Step, book: Book) -> None:
    """Do to a book what the frame says; raises NegativeLevel."""
    if step.change is not None:
        book.apply(*step.change)
    elif step.ladders is not None:
        book.load(*step.ladders)


def _steps(name: str, recorded: Sequence[Recorded], *, yes_scale: bool) -> tuple[Step, ...]:
    found = [_read(name, frame, yes_scale) for frame in recorded if frame.kind in CHANNEL_OF]
    return tuple(_timed(list(_from_snapshots_on(found))))


def _from_snapshots_on(found: Sequence[_Found]) -> Iterator[_Found]:
    awaited = {known.step.ticker for known in found if known.step.ladders is not None}
    for known in found:
        if known.step.ladders is not None:
            awaited.discard(known.step.ticker)
        if known.step.change is None or known.step.ticker not in awaited:
            yield known


def _timed(found: Sequence[_Found]) -> Iterator[Step]:
    times = [known.ts for known in found if known.ts is not None]
    first = next((known.ts for known in found if known.begins and known.ts is not None), min(times, default=0))
    elapsed = 0.0
    for known in found:
        if known.ts is not None:
            elapsed = max(elapsed, (known.ts - first) / SECOND)
        yield replace(known.step, at=elapsed)


def _read(name: str, frame: Recorded, yes_scale: bool) -> _Found:
    try:
        match frame.kind:
            case "orderbook_snapshot":
                return _Found(_snapshot_step(frame, yes_scale), frame.received_ts, begins=True)
            case "orderbook_delta":
                delta = _DELTA.decode(frame.msg)
                ts = frame.received_ts or normalise.exchange_ts(delta)
                return _Found(_delta_step(frame, delta, yes_scale), ts, begins=True)
            case _:
                passed = _PASSED.decode(frame.msg)
                # A ticker is sent to a new subscriber as it was last caused.
                begins = frame.received_ts is not None or frame.kind != "ticker"
                return _Found(_passed_step(frame, passed), frame.received_ts or passed.exchange_ts(), begins)
    except (msgspec.DecodeError, UnicodeError, KalshiError, ValueError) as error:
        raise BadCapture(name, frame.line, str(error)) from error


def _snapshot_step(frame: Recorded, yes_scale: bool) -> Step:
    msg = _SNAPSHOT.decode(frame.msg)
    has_strings = msg.yes_dollars_fp is not None or msg.no_dollars_fp is not None
    has_cents = msg.yes is not None or msg.no is not None
    ladders = normalise.ladders(msg, yes_scale=yes_scale)
    turned = turn_levels(frame.msg) if msg.no_dollars_fp else frame.msg
    return Step(
        kind=frame.kind,
        channel=Channel.BOOK,
        ticker=msg.market_ticker,
        market_id=msg.market_id or "",
        legacy=has_cents and not has_strings,
        msg=turned if yes_scale else frame.msg,
        yes_scale_msg=frame.msg if yes_scale else turned,
        ladders=ladders,
    )


def _delta_step(frame: Recorded, msg: wire.DeltaMsg, yes_scale: bool) -> Step:
    change = normalise.change(msg, yes_scale=yes_scale)
    turned = turn_price(frame.msg) if msg.side == "no" and msg.price_dollars is not None else frame.msg
    return Step(
        kind=frame.kind,
        channel=Channel.BOOK,
        ticker=msg.market_ticker,
        market_id=msg.market_id or "",
        legacy=msg.price_dollars is None,
        msg=turned if yes_scale else frame.msg,
        yes_scale_msg=frame.msg if yes_scale else turned,
        change=change,
    )


def _passed_step(frame: Recorded, msg: _Passed) -> Step:
    channel = CHANNEL_OF[frame.kind]
    ticker = "" if TRAITS[channel].markets == "ignored" else msg.market_ticker or msg.ticker
    if ticker is None:
        raise ValueError(f"a message of the type {frame.kind} names no market")
    return Step(
        kind=frame.kind,
        channel=channel,
        ticker=ticker,
        market_id=msg.market_id or "",
        index=msg.index_id or msg.underlying_ticker,
        legacy=False,
        msg=frame.msg,
        yes_scale_msg=frame.msg,
    )


def _rehearse(name: str, steps: Sequence[Step]) -> bool:
    """Play everything once and tell whether a book was ever crossed; raises BadCapture."""
    books: dict[str, Book] = {}
    crossed = False
    for step in steps:
        if step.channel is not Channel.BOOK:
            continue
        book = books.setdefault(step.ticker, Book())
        try:
            play(step, book)
        except NegativeLevel as error:
            raise BadCapture(name, 0, f"{step.ticker} would have a negative level ({error})") from error
        crossed = crossed or _is_crossed(book)
    return crossed


def _is_crossed(book: Book) -> bool:
    yes, no = book.yes.best_two()[0], book.no.best_two()[0]
    return yes is not None and no is not None and yes + no >= DOLLAR
