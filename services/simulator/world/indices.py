"""Prices of things outside the exchange, which many of its markets depend on: random walks, while somebody listens."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from math import inf, sqrt
from typing import Any, NamedTuple

import msgspec

from proto.units import SECOND
from services.simulator.feed.channels import Channel
from services.simulator.world.floor import Floor
from shared.market.clock import Now

#: Turns per second; in one of them the channels that speak once a second do.
HZ = 5
_WINDOW_MS = 60_000
_QUARTER_MS = 15 * 60_000
#: Values are integers in 1/100 000 000 dollar.
_UNIT = 10**8
_YEAR_S = 365 * 24 * 3600
#: The exchange hears a value so many milliseconds after it was made, and at most twice as many.
_LATENCY_MS = 9


class _Index(NamedTuple):
    """Where a walk begins, in dollars, how restless it is in a year, and how many decimals are published."""

    start: float
    volatility: float
    decimals: int


_FAST = {
    "BRTI": _Index(64_000, 0.5, 2),
    "ETHUSD_RTI": _Index(3_400, 0.7, 2),
    "SOLUSD_RTI": _Index(170, 0.9, 4),
    "XRPUSD_RTI": _Index(2.3, 0.9, 4),
    "DOGEUSD_RTI": _Index(0.18, 1.0, 6),
}
_SLOW = {
    "BCHUSD_RTI": _Index(480, 0.8, 2),
    "LTCUSD_RTI": _Index(95, 0.8, 4),
    "ADAUSD_RTI": _Index(0.62, 0.9, 6),
    "LINKUSD_RTI": _Index(15, 0.9, 4),
    "AVAXUSD_RTI": _Index(21, 0.9, 4),
}
_PYTH = {
    "Commodities.Index.NATGAS/USD": _Index(3.1, 0.6, 5),
    "Commodities.Index.PYTHOIL/USD": _Index(82, 0.35, 5),
    "FX.EUR/USD": _Index(1.09, 0.08, 5),
    "Metal.XAG/USD": _Index(31, 0.3, 5),
    "Metal.XAU/USD": _Index(2_700, 0.16, 5),
    "Metal.XPD/USD": _Index(980, 0.35, 5),
    "Metal.XPT/USD": _Index(960, 0.25, 5),
}


class _Walk:
    """One price; `heard` are its values of the last minute, one per second, as (when it was made, value)."""

    def __init__(self, index: _Index) -> None:
        self._price = index.start
        self._step = index.volatility * sqrt(1 / (HZ * _YEAR_S))
        self._decimals = index.decimals
        self.heard: deque[tuple[int, int]] = deque()

    def move(self, uniform: Callable[[], float]) -> None:
        """Take one of HZ steps of a second."""
        # Three draws are near enough to a normal one: mean 1.5, variance 1/4.
        self._price *= 1 + self._step * 2 * (uniform() + uniform() + uniform() - 1.5)

    def value(self) -> int:
        """Return the price as it is published, rounded to its decimals."""
        coarse: int = 10 ** (8 - self._decimals)
        return round(self._price * _UNIT / coarse) * coarse

    def data(self, name: str, ts_ms: int) -> str:
        """Return the value as whoever makes it writes it."""
        text = _text(self.value())[: self._decimals - 8]
        return f'{{"type":"value","id":"{name}","time":{ts_ms},"value":"{text}"}}'

    def hear(self, source_ms: int) -> None:
        """Remember the value."""
        self.heard.append((source_ms, self.value()))
        while self.heard[0][0] < source_ms - _WINDOW_MS:
            self.heard.popleft()

    def average(self, start_ms: int, end_ms: int) -> dict[str, Any]:
        """Return the average of what was heard from start to end, as the exchange writes it."""
        values = [value for source_ms, value in self.heard if start_ms <= source_ms < end_ms]
        return {
            "value": _text(sum(values) // len(values)),
            "window_size": len(values),
            "window_start_ts_ms": start_ms,
            "window_end_ts_exclusive": end_ms,
        }


class Indices:
    """Speaks HZ times a second on the fast channel and once on the others, and not at all while nobody listens.

    Who comes after a silence is told averages of a full minute all the same: that minute is walked through at once.
    """

    def __init__(self, floor: Floor, uniform: Callable[[], float]) -> None:
        self._world = floor.world
        self._uniform = uniform
        self._fast = {name: _Walk(index) for name, index in _FAST.items()}
        self._benchmarks = self._fast | {name: _Walk(index) for name, index in _SLOW.items()}
        self._pyth = {name: _Walk(index) for name, index in _PYTH.items()}
        self._due = -inf
        self._turn = 0
        self._world.names.update(
            {
                Channel.INDEX: tuple(self._benchmarks),
                Channel.INDEX_5HZ: tuple(self._fast),
                Channel.PYTH: tuple(self._pyth),
            }
        )

    def next_at(self) -> float:
        """Return when the next values are due; infinity while nobody listens."""
        heard = any(self._world.everywhere[channel] for channel in (Channel.INDEX, Channel.INDEX_5HZ, Channel.PYTH))
        return self._due if heard else inf

    def run(self, now: Now) -> None:
        """Say the values of this turn; turns that were missed are not made up for."""
        if now.at - self._due > 1:
            self._begin(now)
        ts_ms = now.ts * 1000 // SECOND
        source_ms = ts_ms - _LATENCY_MS - int(self._uniform() * _LATENCY_MS)
        self._move(self._benchmarks.values())
        self._move(self._pyth.values())
        self._say(Channel.INDEX_5HZ, self._fast, source_ms, ts_ms)
        if self._turn % HZ == 0:
            for walk in self._benchmarks.values():
                walk.hear(source_ms)
            self._say(Channel.INDEX, self._benchmarks, source_ms, ts_ms)
            self._say(Channel.PYTH, self._pyth, source_ms, ts_ms)
        self._turn += 1
        self._due = max(self._due + 1 / HZ, now.at)

    def _begin(self, now: Now) -> None:
        self._due, self._turn = now.at, 0
        ts_ms = now.ts * 1000 // SECOND
        for walk in self._benchmarks.values():
            walk.heard.clear()
            for before_ms in range(_WINDOW_MS - 1000, 0, -1000):
                walk.move(self._uniform)
                walk.hear(ts_ms - before_ms)

    def _move(self, walks: Iterable[_Walk]) -> None:
        for walk in walks:
            walk.move(self._uniform)

    def _say(self, channel: Channel, walks: Mapping[str, _Walk], source_ms: int, ts_ms: int) -> None:
        """Tell each value to those who asked for it."""
        listeners = self._world.everywhere[channel]
        if not listeners:
            return
        for name, walk in walks.items():
            wanting = [known for known in listeners if known.has_asked_for(name)]
            if wanting:
                msg = _MESSAGES[channel](name, walk, source_ms, ts_ms)
                for subscription in wanting:
                    subscription.say(channel.value, msg)


def _value(name: str, walk: _Walk, source_ms: int, ts_ms: int) -> bytes:
    msg: dict[str, Any] = {
        "index_id": name,
        "received_at": ts_ms,
        "data": walk.data(name, source_ms),
        "avg_60s_data": walk.average(ts_ms - _WINDOW_MS, ts_ms),
    }
    # Only in the last minute of a quarter of an hour, whose average decides the markets that end with it.
    start_ms = source_ms - source_ms % _QUARTER_MS + _QUARTER_MS - _WINDOW_MS
    if source_ms >= start_ms:
        msg["last_60s_windowed_average_15min"] = walk.average(start_ms, ts_ms)
    return msgspec.json.encode(msg)


def _value_5hz(name: str, walk: _Walk, source_ms: int, ts_ms: int) -> bytes:
    value, data = _text(walk.value()), walk.data(name, source_ms)
    return msgspec.json.encode(
        {"index_id": name, "value_usd": value, "source_ts_ms": source_ms, "received_at": ts_ms, "data": data}
    )


def _pyth_value(name: str, walk: _Walk, source_ms: int, ts_ms: int) -> bytes:
    value = _text(walk.value())
    return msgspec.json.encode(
        {"underlying_ticker": name, "value_usd": value, "source_ts_ms": source_ms, "received_at": ts_ms}
    )


_MESSAGES = {Channel.INDEX: _value, Channel.INDEX_5HZ: _value_5hz, Channel.PYTH: _pyth_value}


def _text(value: int) -> str:
    return f"{value // _UNIT}.{value % _UNIT:08}"
