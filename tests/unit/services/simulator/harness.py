"""A small exchange for tests: its markets, captures of each age, and clients that talk without sockets."""

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec

from proto.units import SECOND, Ladder
from services.simulator.core import Exchange, Outgoing
from services.simulator.feed.habits import Habits
from services.simulator.replay.capture import Capture, parse
from services.simulator.replay.markets import facts, markets
from services.simulator.replay.player import Player
from services.simulator.session.session import Session
from services.simulator.world.listing import Listing, market_id
from services.simulator.world.market import Market
from services.simulator.world.world import World
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


def listing(ticker: str, **facts_of_it: Any) -> Listing:
    """Return a listing of which only the ticker matters, and what is said of it."""
    known: dict[str, Any] = {
        "ticker": ticker,
        "market_id": market_id(ticker),
        "event_ticker": ticker.rpartition("-")[0] or ticker,
        "series_ticker": ticker.partition("-")[0],
        "title": ticker,
        "created_ts": START.ts - 3600 * SECOND,
        "open_ts": START.ts - 1800 * SECOND,
        "close_ts": START.ts + 3600 * SECOND,
        "expected_expiration_ts": START.ts + 3600 * SECOND,
        "latest_expiration_ts": START.ts + 7200 * SECOND,
    }
    return Listing(**(known | facts_of_it))


def market(ticker: str, yes: Ladder = (), no: Ladder = (), **facts_of_it: Any) -> Market:
    """Return a market with this book, best levels first."""
    made = Market(listing(ticker, **facts_of_it))
    made.book.load(yes, no)
    made.moved()
    return made


class Table:
    """An exchange, its clock, and the clients at it."""

    def __init__(
        self,
        played: Sequence[Capture] | None = None,
        *,
        listed: Sequence[Market] = (),
        habits: Habits | None = None,
        speed: float = 1.0,
        loop: bool = True,
    ) -> None:
        played = captures() if played is None else played
        world = World()
        self.exchange = Exchange(world, Random(1).random, habits=habits)
        found = markets(played)
        series, events = facts(found)
        world.series.update({known.ticker: known for known in series})
        world.events.update({known.ticker: known for known in events})
        for known in (*found, *listed):
            world.add(known)
        self.players = [Player(capture, self.exchange.floor, speed=speed, loop=loop) for capture in played]
        self.exchange.engines += self.players
        self.now = START
        self._clients: dict[Session, Client] = {}

    @property
    def world(self) -> World:
        """What is listed."""
        return self.exchange.world

    def client(self) -> "Client":
        """Connect a client."""
        client = Client(self)
        self._clients[client.session] = client
        return client

    def pass_time(self, seconds: float = 0.0) -> None:
        """Let time pass and do what is due, waking up when the exchange wants to."""
        end = self.now.at + seconds
        while (wake_at := self.turn().wake_at) <= end:
            self._move(max(wake_at, self.now.at))
        self._move(end)

    def turn(self) -> Outgoing:
        """Do what is due now, once."""
        outgoing = self.exchange.advance(self.now)
        for session, frames in outgoing.frames:
            self._clients[session].take(frames)
        return outgoing

    def _move(self, at: float) -> None:
        self.now = Now(at, self.now.ts + round((at - self.now.at) * SECOND))


class Client:
    """One client; it keeps every frame until asked."""

    def __init__(self, table: Table) -> None:
        self.session = table.exchange.open("key")
        self.table = table
        self._frames: list[bytes] = []

    def say(self, cmd: str, command_id: int = 1, /, **params: object) -> list[dict[str, Any]]:
        """Send a command and return all frames that wait, its replies last."""
        return self.say_raw(msgspec.json.encode({"id": command_id, "cmd": cmd, "params": params}).decode())

    def update(self, action: str, command_id: int = 1, /, **params: object) -> list[dict[str, Any]]:
        """Send `update_subscription` and return all frames that wait."""
        return self.say("update_subscription", command_id, action=action, **params)

    def say_raw(self, text: str | bytes) -> list[dict[str, Any]]:
        """Send any text and return all frames that wait."""
        self.take(self.table.exchange.receive(self.session, text, self.table.now))
        return self.heard()

    def take(self, frames: list[bytes]) -> None:
        """Keep frames."""
        self._frames += frames

    def heard(self) -> list[dict[str, Any]]:
        """Return the frames since the last time without the time of sending, checked for it and the final newline."""
        return [without_time(frame) for frame in self.heard_raw()]

    def heard_raw(self) -> list[dict[str, Any]]:
        """Return the frames since the last time, checked for their final newline."""
        frames, self._frames = self._frames, []
        assert all(frame.endswith(b"}\n") and frame.count(b"\n") == 1 for frame in frames)
        return [msgspec.json.decode(frame) for frame in frames]

    def leave(self) -> None:
        """Disconnect."""
        self.table.exchange.close(self.session)


def without_time(frame: dict[str, Any]) -> dict[str, Any]:
    """Return a frame without the member that tells when it was sent."""
    return {member: value for member, value in frame.items() if member != "sending_ts_ms"}


def kinds(frames: Sequence[dict[str, Any]]) -> list[str]:
    """Return the types of frames."""
    return [frame["type"] for frame in frames]


def error(code: int, text: str, **envelope: int) -> dict[str, Any]:
    """Return an error frame."""
    return {"type": "error", **envelope, "msg": {"code": code, "msg": text}}
