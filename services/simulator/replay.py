"""Capture files: what the real exchange sent, as timed steps.

A capture holds one frame per line, gzipped if its name ends in `.gz`, recorded with `use_yes_price` false. Frames of
other types than those played are passed over. Each line's `msg` is kept as recorded; only for subscribers with the
other `use_yes_price` are the prices of the no side turned round, once, here.

Time comes from the recorder's clock (`recv_ts_local_et`) or from the message (`ts_ms`, `ts`). Snapshots have none and
keep the time of the frame before them. Time never runs backwards.
"""

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from proto.units import DOLLAR, SECOND, Ladder, Side
from services.simulator.errors import BadCapture
from services.simulator.subscription import Channel
from shared.kalshi import normalise, wire
from shared.kalshi.errors import KalshiError
from shared.kalshi.numbers import dollars, format_dollars
from shared.market.book import Book, NegativeLevel


class Step(msgspec.Struct, frozen=True, gc=False):
    """One recorded frame; `at` is in seconds from the start of its capture."""

    at: float
    kind: str
    channel: Channel
    ticker: str
    market_id: str
    legacy: bool
    msg: bytes
    yes_scale_msg: bytes
    ladders: tuple[Ladder, Ladder] | None = None
    change: tuple[Side, int, int] | None = None


class Capture(msgspec.Struct, frozen=True):
    """A recording that was found playable."""

    name: str
    steps: tuple[Step, ...]

    @property
    def tickers(self) -> tuple[str, ...]:
        """Its markets, in the order of their first frames."""
        return tuple(dict.fromkeys(step.ticker for step in self.steps))


class _Line(msgspec.Struct):
    type: str
    msg: msgspec.Raw = msgspec.Raw(b"{}")
    recv_ts_local_et: str | None = None


_LINE = msgspec.json.Decoder(_Line)
_SNAPSHOT = msgspec.json.Decoder(wire.SnapshotMsg)
_DELTA = msgspec.json.Decoder(wire.DeltaMsg)
_TICKER = msgspec.json.Decoder(wire.TickerMsg)
_TRADE = msgspec.json.Decoder(wire.TradeMsg)


def parse(name: str, data: bytes) -> Capture:
    """Return the capture in a file's bytes; raises BadCapture if it can not be played to its end."""
    try:
        lines = (gzip.decompress(data) if name.endswith(".gz") else data).splitlines()
    except (OSError, EOFError) as error:
        raise BadCapture(name, 0, "it is not a gzip file") from error
    clock = _Clock()
    found = (_read(name, number, line, clock) for number, line in enumerate(lines, 1) if line.strip())
    steps = tuple(step for step in found if step is not None)
    if not steps:
        raise BadCapture(name, 0, "it holds no frame of a market")
    _rehearse(name, steps)
    return Capture(name.partition(".jsonl")[0], steps)


class _Clock:
    """Turns recorded times into seconds since the first, never backwards."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._elapsed = 0.0

    def at(self, micros: int | None) -> float:
        if micros is not None:
            if self._first is None:
                self._first = micros
            self._elapsed = max(self._elapsed, (micros - self._first) / SECOND)
        return self._elapsed


def _read(name: str, number: int, text: bytes, clock: _Clock) -> Step | None:
    try:
        return _step(_LINE.decode(text), clock)
    except (msgspec.DecodeError, UnicodeError, KalshiError, ValueError) as error:
        raise BadCapture(name, number, str(error)) from error


def _step(line: _Line, clock: _Clock) -> Step | None:
    recorded = _recorder_micros(line.recv_ts_local_et)
    raw = bytes(line.msg)
    match line.type:
        case "orderbook_snapshot":
            return _snapshot_step(raw, clock.at(recorded))
        case "orderbook_delta":
            delta = _DELTA.decode(raw)
            return _delta_step(raw, delta, clock.at(recorded or normalise.exchange_ts(delta)))
        case "ticker":
            ticker = _TICKER.decode(raw)
            at = clock.at(recorded or normalise.exchange_ts(ticker))
            return _plain_step(Channel.TICKER, ticker.market_ticker, ticker.market_id, raw, at)
        case "trade":
            trade = _TRADE.decode(raw)
            at = clock.at(recorded or normalise.exchange_ts(trade))
            return _plain_step(Channel.TRADE, trade.market_ticker, None, raw, at)
        case _:
            return None


def _snapshot_step(raw: bytes, at: float) -> Step:
    msg = _SNAPSHOT.decode(raw)
    has_strings = msg.yes_dollars_fp is not None or msg.no_dollars_fp is not None
    has_cents = msg.yes is not None or msg.no is not None
    return Step(
        at=at,
        kind="orderbook_snapshot",
        channel=Channel.BOOK,
        ticker=msg.market_ticker,
        market_id=msg.market_id or "",
        legacy=has_cents and not has_strings,
        msg=raw,
        yes_scale_msg=_turn_levels(raw) if msg.no_dollars_fp else raw,
        ladders=normalise.ladders(msg, yes_scale=False),
    )


def _delta_step(raw: bytes, msg: wire.DeltaMsg, at: float) -> Step:
    return Step(
        at=at,
        kind="orderbook_delta",
        channel=Channel.BOOK,
        ticker=msg.market_ticker,
        market_id=msg.market_id or "",
        legacy=msg.price_dollars is None,
        msg=raw,
        yes_scale_msg=_turn_price(raw) if msg.side == "no" and msg.price_dollars is not None else raw,
        change=normalise.change(msg, yes_scale=False),
    )


def _plain_step(channel: Channel, ticker: str, market_id: str | None, raw: bytes, at: float) -> Step:
    return Step(
        at=at,
        kind=channel.value,
        channel=channel,
        ticker=ticker,
        market_id=market_id or "",
        legacy=False,
        msg=raw,
        yes_scale_msg=raw,
    )


def _turn_levels(raw: bytes) -> bytes:
    msg = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    levels = msgspec.json.decode(msg["no_dollars_fp"], type=list[tuple[str, str]])
    turned = [(_turned(price), quantity) for price, quantity in reversed(levels)]
    msg["no_dollars_fp"] = msgspec.Raw(msgspec.json.encode(turned))
    return msgspec.json.encode(msg)


def _turn_price(raw: bytes) -> bytes:
    msg = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    price = msgspec.json.decode(msg["price_dollars"], type=str)
    msg["price_dollars"] = msgspec.Raw(msgspec.json.encode(_turned(price)))
    return msgspec.json.encode(msg)


def _turned(price: str) -> str:
    return format_dollars(DOLLAR - dollars(price))


def _recorder_micros(text: str | None) -> int | None:
    # New York time without an offset. Only differences are used, and no capture spans a change of the clocks.
    return None if text is None else round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * SECOND)


def _rehearse(name: str, steps: Sequence[Step]) -> None:
    books: dict[str, Book] = {}
    for step in steps:
        book = books.setdefault(step.ticker, Book())
        try:
            play(step, book)
        except NegativeLevel as error:
            raise BadCapture(name, 0, f"{step.ticker} would have a negative level ({error})") from error


def play(step: Step, book: Book) -> None:
    """Do to a book what the frame says; raises NegativeLevel."""
    if step.change is not None:
        book.apply(*step.change)
    elif step.ladders is not None:
        book.load(*step.ladders)
