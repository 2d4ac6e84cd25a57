"""A relay without sockets: markets that speak, clients that may stop reading, and what each client is to believe."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from proto.book import BookMessage, Delta, Snapshot, Stale
from proto.market import Ticker, Trade
from proto.relay import RelayChannel, ServerMessage
from proto.system import Heartbeat
from proto.units import SECOND, Side, StaleReason
from services.relay.client import Client
from services.relay.core import Relay
from services.relay.directory import Directory
from shared.market.clock import Now
from shared.market.replica import Replica

START = Now(at=100.0, ts=1_800_000_000_000_000)
GATEWAY = "gateway-0"
MARKET = "KXA-1-T69499.99"
OTHER = "KXB-2-B"

_messages = msgspec.json.Decoder(ServerMessage)


class Table:
    """A relay whose directory holds some markets, their clock, and everybody who takes part."""

    def __init__(self, *tickers: str) -> None:
        self.now = START
        self.directory = Directory()
        self.replicas: dict[str, Replica] = {}
        self.relay = Relay(self.directory, self.replicas)
        self.markets = {ticker: Market(self, ticker) for ticker in tickers}
        self.beat()

    def beat(self, **changed: Any) -> None:
        """Have the gateway name all markets."""
        heads = {ticker: market.position for ticker, market in self.markets.items()}
        beat = Heartbeat(GATEWAY, 0, self.now.ts, connected=True, markets=len(heads), heads=heads)
        self.directory.heartbeat(msgspec.structs.replace(beat, **changed), self.now)

    def later(self, seconds: float) -> Now:
        """Let time pass."""
        self.now = Now(self.now.at + seconds, self.now.ts + round(seconds * SECOND))
        return self.now

    def client(self) -> "Listener":
        """Connect a client and take its greeting."""
        listener = Listener(self)
        listener.hear()
        return listener


class Market:
    """One market as the bus tells it; `levels` is the truth about its book."""

    def __init__(self, table: Table, ticker: str) -> None:
        self.ticker = ticker
        self.position = (0, 0)
        self.live = False
        self.levels: dict[Side, dict[int, int]] = {"yes": {}, "no": {}}
        self._table = table
        self._trades = 0

    def snapshot(self, yes: dict[int, int] | None = None, no: dict[int, int] | None = None) -> None:
        """Begin a new epoch."""
        self.levels = {"yes": dict(yes or {}), "no": dict(no or {})}
        self.position = (self.position[0] + 1, 0)
        self.live = True
        ladders = {side: tuple(sorted(levels.items(), reverse=True)) for side, levels in self.levels.items()}
        self._tell(Snapshot(self.ticker, *self.position, None, self._ts, None, ladders["yes"], ladders["no"]))

    def delta(self, side: Side = "yes", price: int = 5000, change: int = 100) -> None:
        """Change one level, but never take more than there is."""
        levels = self.levels[side]
        change = max(change, -levels.get(price, 0))
        levels[price] = levels.get(price, 0) + change
        if not levels[price]:
            del levels[price]
        self.position = (self.position[0], self.position[1] + 1)
        self._tell(Delta(self.ticker, *self.position, None, self._ts, None, side, price, change))

    def stale(self, reason: StaleReason = "gap") -> None:
        """Mark the book."""
        self.live = False
        self._tell(Stale(self.ticker, *self.position, self._ts, reason))

    def trade(self) -> str:
        """Say a trade and return its id."""
        self._trades += 1
        trade_id = f"{self.ticker}#{self._trades}"
        self.say("trade", Trade(self.ticker, trade_id, None, self._ts, 5000, 5000, 100, "yes", block=False))
        return trade_id

    def tick(self, volume: int = 0) -> None:
        """Say the exchange's own ticker."""
        ticker = Ticker(self.ticker, None, self._ts, None, 1, 1, 2, 1, 9998, 9999, volume, 0, None, None)
        self.say("ticker", ticker)

    def say(self, channel: RelayChannel, message: object) -> None:
        """Say anything."""
        self._table.relay.event(channel, self.ticker, msgspec.json.encode(message))

    @property
    def _ts(self) -> int:
        return self._table.now.ts

    def _tell(self, message: BookMessage) -> None:
        # As the shell does: the replica first, then the clients.
        replica = self._table.replicas.setdefault(self.ticker, Replica(self.ticker))
        if isinstance(message, Delta):
            replica.delta(message)
        elif isinstance(message, Snapshot):
            replica.snapshot(message)
        else:
            replica.stale(message)
        self.say("book", message)


class Held:
    """One book as a client holds it by the rule of proto/README.md; a broken rule is an AssertionError."""

    def __init__(self) -> None:
        self.position = (0, 0)
        self.status = "unknown"
        self.levels: dict[str, dict[int, int]] = {"yes": {}, "no": {}}

    def take(self, event: dict[str, Any]) -> None:
        """Take the next book message."""
        told = (event["epoch"], event["seq"])
        if event["type"] == "stale":
            assert told == self.position
            self.status = "stale"
        elif event["type"] == "snapshot":
            assert told >= self.position
            self.position, self.status = told, "live"
            self.levels = {side: dict(event[side]) for side in ("yes", "no")}
        else:
            assert self.status == "live"
            assert told == (self.position[0], self.position[1] + 1)
            self.position = told
            levels = self.levels[event["side"]]
            levels[event["price"]] = levels.get(event["price"], 0) + event["delta"]
            assert levels[event["price"]] >= 0
            if not levels[event["price"]]:
                del levels[event["price"]]


class Listener:
    """One client and the queue on the way to it, which grows until it reads."""

    def __init__(self, table: Table) -> None:
        self.client: Client = table.relay.opened("session", table.now)
        self.books: dict[str, Held] = {}
        self._table = table
        self._queue: list[bytes] = []
        self._heard: list[dict[str, Any]] = []

    @property
    def queued_bytes(self) -> int:
        """Bytes that it has not read."""
        return sum(map(len, self._queue))

    def flush(self) -> None:
        """Move what waits into the queue, as the shell does once per loop turn."""
        if not self.client.idle:
            self._queue += self._table.relay.take(self.client, self.queued_bytes, self._table.now)

    def read(self) -> None:
        """Read the queue to its end."""
        payloads, self._queue = self._queue, []
        for payload in payloads:
            _messages.decode(payload)
            message = json.loads(payload)
            for event in message.get("events", ()):
                if event["type"] in {"snapshot", "delta", "stale"}:
                    self.books.setdefault(event["ticker"], Held()).take(event)
            self._heard.append(message)

    def hear(self) -> list[dict[str, Any]]:
        """Flush and read until nothing more comes; return all messages since the last time."""
        self.flush()
        while self._queue:
            self.read()
            self.flush()
        heard, self._heard = self._heard, []
        return heard

    def events(self) -> list[dict[str, Any]]:
        """Return the events of all that it hears."""
        return [event for message in self.hear() for event in message.get("events", ())]

    def types(self) -> list[str]:
        """Return the types of the events that it hears."""
        return [event["type"] for event in self.events()]

    def say(self, text: str | bytes) -> None:
        """Send anything."""
        self._table.relay.received(self.client, text, self._table.now)

    def command(self, cmd: str, channels: Sequence[str], tickers: Sequence[str]) -> dict[str, Any]:
        """Send a command, read on, and return its reply."""
        self.say(json.dumps({"id": 1, "cmd": cmd, "params": {"channels": channels, "market_tickers": tickers}}))
        self.flush()
        self.read()
        reply: dict[str, Any] = next(m for m in reversed(self._heard) if m["type"] in {"ack", "error"})
        self._heard.remove(reply)
        return reply

    def subscribe(self, *channels: str, ticker: str = MARKET) -> dict[str, Any]:
        """Subscribe to channels of one market."""
        return self.command("subscribe", channels, [ticker])

    def unsubscribe(self, *channels: str, ticker: str = MARKET) -> dict[str, Any]:
        """End channels of one market."""
        return self.command("unsubscribe", channels, [ticker])

    def leave(self) -> None:
        """Disconnect."""
        self._table.relay.closed(self.client)
