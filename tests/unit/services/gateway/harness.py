"""A gateway core on a bench: frames and time in; what it wants done, decoded, out."""

from collections.abc import Iterable
from typing import Any

import msgspec

from proto.book import BookMessage, Delta, Snapshot, Stale
from proto.market import Event, Lifecycle, Ticker, Trade
from proto.requests import Explain, ExplainReply, Resync, ResyncReply
from proto.subjects import Subjects
from proto.system import Heartbeat
from services.gateway.core import Gateway
from services.gateway.output import Output
from shared.kalshi.commands import Command, Subscribe, UpdateSubscription
from shared.market.clock import Now

A, B, C = "KXA-1", "KXA-2", "KXB-3.5"
BOOK_SID = 1
START = Now(at=500.0, ts=1_800_000_000_000_000)

Said = BookMessage | Ticker | Trade | Lifecycle | Event | Heartbeat
_said: msgspec.json.Decoder[Said] = msgspec.json.Decoder(Said)


class Done(msgspec.Struct, frozen=True):
    """What the core wanted done, decoded."""

    said: list[Said]
    quarantined: list[tuple[str, bytes]]
    commands: list[Command]
    notes: list[str]
    drop: str | None

    @property
    def books(self) -> list[BookMessage]:
        """The book messages."""
        return [message for message in self.said if isinstance(message, (Snapshot, Delta, Stale))]

    @property
    def beats(self) -> list[Heartbeat]:
        """The heartbeats."""
        return [message for message in self.said if isinstance(message, Heartbeat)]

    @property
    def stale(self) -> dict[str, str]:
        """The markets that were marked stale, and why."""
        return {message.ticker: message.reason for message in self.said if isinstance(message, Stale)}

    @property
    def short(self) -> list[tuple[str, str, str]]:
        """The commands: what, on which channel or action, for which tickers."""
        return [_short(command) for command in self.commands]


class Bench:
    """A gateway core with its clock; every method returns what the core wanted done."""

    def __init__(self, *tickers: str, channels: Iterable[str] = ("orderbook_delta",), private: bool = False) -> None:
        self.now = START
        self.core = Gateway(
            instance="gateway-0", tickers=tickers, channels=channels, subjects=Subjects(), private=private
        )
        self.seq = 0

    def open(self) -> Done:
        """Connect."""
        self.core.opened(self.now)
        return self.done()

    def close(self) -> Done:
        """Lose the connection."""
        self.core.closed("closed_by_exchange", self.now)
        return self.done()

    def give(self, *frames: bytes) -> Done:
        """Bring frames of the exchange, a millisecond apart."""
        for frame in frames:
            self.now = Now(self.now.at + 0.001, self.now.ts + 1000)
            self.core.received(frame, self.now)
        return self.done()

    def wait(self, seconds: float) -> Done:
        """Pass time in tenths of a second."""
        for _ in range(round(seconds * 10)):
            self.now = Now(self.now.at + 0.1, self.now.ts + 100_000)
            self.core.tick(self.now)
        return self.done()

    def live(self) -> "Bench":
        """Connect, and bring the acknowledgement and the snapshot of every market."""
        self.open()
        self.give(subscribed("orderbook_delta", BOOK_SID, 1))
        for ticker in list(self.core.markets):
            self.give(self.snapshot(ticker))
        self.core.tick(self.now)
        self.done()
        return self

    def explain(self, ticker: str) -> ExplainReply:
        """Ask why a market is followed."""
        reply = self.core.explain(Explain(ticker))
        assert reply is not None
        return reply

    def resync(self, request: Resync) -> ResyncReply:
        """Ask for new snapshots."""
        reply = self.core.resync(request, self.now)
        assert reply is not None
        return reply

    def snapshot(self, ticker: str, *, command_id: int | None = None) -> bytes:
        """Make the next snapshot of the book channel: one yes level and one no level at a yes price."""
        levels = {"yes_dollars_fp": [["0.4000", "10.00"]], "no_dollars_fp": [["0.4500", "20.00"]]}
        return frame("orderbook_snapshot", BOOK_SID, self._next(), {"market_ticker": ticker, **levels}, command_id)

    def delta(self, ticker: str, **members: Any) -> bytes:
        """Make the next delta of the book channel."""
        msg = {"market_ticker": ticker, "side": "yes", "price_dollars": "0.4000", "delta_fp": "1.00", **members}
        return frame("orderbook_delta", BOOK_SID, self._next(), msg)

    def ok(self, command_id: int) -> bytes:
        """Make the next acknowledgement of an update of the book channel."""
        return frame("ok", BOOK_SID, self._next(), {}, command_id)

    def error(self, code: int, *, command_id: int | None = None, sid: int | None = None, **members: Any) -> bytes:
        """Make an error."""
        return frame("error", sid, None, {"code": code, "msg": "no", **members}, command_id)

    def done(self) -> Done:
        """Return what is to be done since the last call."""
        return decoded(self.core.out.take())

    def _next(self) -> int:
        self.seq += 1
        return self.seq


def frame(
    kind: str, sid: int | None, seq: int | None, msg: dict[str, Any] | None, command_id: int | None = None
) -> bytes:
    """Make a frame as the exchange sends it."""
    members = {"type": kind, "id": command_id, "sid": sid, "seq": seq, "msg": msg}
    return msgspec.json.encode({name: value for name, value in members.items() if value is not None}) + b"\n"


def subscribed(channel: str, sid: int, command_id: int) -> bytes:
    """Make the acknowledgement of a subscribe."""
    return frame("subscribed", None, None, {"channel": channel, "sid": sid}, command_id)


def decoded(out: Output) -> Done:
    """Read what is to be done as a consumer of the bus would."""
    said: list[Said] = []
    quarantined: list[tuple[str, bytes]] = []
    for subject, payload in out.publications:
        if ".quarantine." in subject:
            quarantined.append((subject.rpartition(".")[2], payload))
            continue
        message = _said.decode(payload)
        assert subject == _subject(message)
        said.append(message)
    return Done(said, quarantined, [command for _, command in out.commands], out.notes, out.drops.get(0))


def _subject(message: Said) -> str:
    subjects = Subjects()
    if isinstance(message, Heartbeat):
        return subjects.gateway(message.instance)
    if isinstance(message, Event):
        return subjects.market("event", message.event_ticker)
    kind = "book" if isinstance(message, (Snapshot, Delta, Stale)) else str(type(message).__struct_config__.tag)
    return subjects.market(kind, message.ticker)


def _short(command: Command) -> tuple[str, str, str]:
    if isinstance(command, Subscribe):
        return "subscribe", ",".join(command.params.channels), ",".join(command.params.market_tickers or ())
    if isinstance(command, UpdateSubscription):
        return command.params.action, str(command.params.sids), ",".join(command.params.market_tickers or ())
    return type(command).__name__, "", ""


#: How a question that is always answered looks among the commands.
PROBE = ("ListSubscriptions", "", "")


def listed(command: Command) -> bytes:
    """Make the answer to a `list_subscriptions`."""
    return b'{"type":"ok","id":%d,"msg":[]}\n' % command.id
