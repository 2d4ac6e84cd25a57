"""A small exchange for tests: played markets of each age, and clients that talk without sockets."""

from typing import Any

import msgspec

from proto.units import SECOND
from services.simulator.core import Exchange
from services.simulator.replay import Capture, parse
from services.simulator.session import Session
from shared.market.clock import Now

START = Now(at=100.0, ts=1_800_000_000_000_000)

BOOK = b"""
{"type":"subscribed","id":1,"msg":{"channel":"orderbook_delta","sid":1}}

{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"KXA-1-B","market_id":"id-b",\
"yes_dollars_fp":[["0.0100","1.00"],["0.4700","3.00"]],\
"no_dollars_fp":[["0.2000","5.50"],["0.4800","2.00"]]}}

{"type":"orderbook_snapshot","sid":1,"seq":2,"msg":{"market_ticker":"KXA-1-C","market_id":"id-c",\
"no_dollars_fp":[["0.9000","7.00"]]}}

{"type":"orderbook_delta","sid":1,"seq":3,"msg":{"market_ticker":"KXA-1-B","market_id":"id-b",\
"price_dollars":"0.4800","delta_fp":"-2.00","side":"no","ts":"2026-06-11T06:31:29.957466Z",\
"ts_ms":1781159489957}}

{"type":"orderbook_delta","sid":1,"seq":4,"msg":{"market_ticker":"KXA-1-B","market_id":"id-b",\
"price_dollars":"0.0200","delta_fp":"4.25","side":"yes","ts":"2026-06-11T06:31:31.957466Z",\
"ts_ms":1781159491957}}
"""

CENTS = b"""{"recv_ts_local_et":"2023-08-31T09:30:11.177187","type":"orderbook_snapshot",\
"msg":{"market_ticker":"KXL-1","yes":[[11,135]],"no":[[48,31]]}}
{"recv_ts_local_et":"2023-08-31T09:30:12.177187","type":"orderbook_delta","msg":{"market_ticker":"KXL-1",\
"price":48,"delta":-31,"side":"no"}}
{"recv_ts_local_et":"2023-08-31T09:30:11.977187","type":"orderbook_delta","msg":{"market_ticker":"KXL-1",\
"price":50,"delta":7,"side":"no"}}
"""

TICKERS = b"""{"type":"ticker","sid":1,"msg":{"market_id":"id-t","market_ticker":"KXT-1",\
"price_dollars":"0.1400","yes_bid_dollars":"0.0400","yes_ask_dollars":"0.9500","volume_fp":"13446.00",\
"open_interest_fp":"892.00","ts":1770897976}}
"""

TRADES = b"""{"type":"trade","sid":2,"seq":10,"msg":{"trade_id":"f8","market_ticker":"KXT-2",\
"yes_price_dollars":"0.7700","no_price_dollars":"0.2300","count_fp":"75.00","taker_side":"yes",\
"ts":1770897981}}
{"type":"trade","sid":2,"seq":48,"msg":{"trade_id":"d6","market_ticker":"KXT-2",\
"yes_price_dollars":"0.5700","no_price_dollars":"0.4300","count_fp":"90.00","taker_side":"no",\
"ts":1770897984}}
"""


def captures() -> list[Capture]:
    """Return all four captures."""
    return [
        parse("book.jsonl", BOOK),
        parse("cents.jsonl", CENTS),
        parse("tickers.jsonl", TICKERS),
        parse("trades.jsonl", TRADES),
    ]


class Table:
    """An exchange, its clock, and the clients at it."""

    def __init__(self, *, speed: float = 1.0, loop: bool = True) -> None:
        self.exchange = Exchange(captures(), speed=speed, loop=loop)
        self.now = START
        self._clients: dict[Session, Client] = {}

    def client(self) -> "Client":
        """Connect a client."""
        client = Client(self)
        self._clients[client.session] = client
        return client

    def pass_time(self, seconds: float = 0.0) -> None:
        """Let time pass and play what is due, waking up when the exchange wants to."""
        end = self.now.at + seconds
        while (wake_at := self._advance()) <= end:
            self._move(max(wake_at, self.now.at))
        self._move(end)

    def _advance(self) -> float:
        outgoing = self.exchange.advance(self.now)
        for session, frames in outgoing.frames:
            self._clients[session].take(frames)
        return outgoing.wake_at

    def _move(self, at: float) -> None:
        self.now = Now(at, self.now.ts + round((at - self.now.at) * SECOND))


class Client:
    """One client; it keeps every frame until asked."""

    def __init__(self, table: Table) -> None:
        self.session = table.exchange.open()
        self._table = table
        self._frames: list[bytes] = []

    def say(self, cmd: str, command_id: int = 1, **params: object) -> list[dict[str, Any]]:
        """Send a command and return all frames that wait, its replies last."""
        return self.say_raw(msgspec.json.encode({"id": command_id, "cmd": cmd, "params": params}).decode())

    def say_raw(self, text: str | bytes) -> list[dict[str, Any]]:
        """Send any text and return all frames that wait."""
        self.take(self._table.exchange.receive(self.session, text, self._table.now))
        return self.heard()

    def take(self, frames: list[bytes]) -> None:
        """Keep frames."""
        self._frames += frames

    def heard(self) -> list[dict[str, Any]]:
        """Return the frames since the last time, checked for their final newline."""
        frames, self._frames = self._frames, []
        assert all(frame.endswith(b"}\n") and frame.count(b"\n") == 1 for frame in frames)
        return [msgspec.json.decode(frame) for frame in frames]

    def leave(self) -> None:
        """Disconnect."""
        self._table.exchange.close(self.session)
