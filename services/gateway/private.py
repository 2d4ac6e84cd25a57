"""The account's own channels: what they say goes to `private.*` alone, and after each break the account is read anew.

Lives as long as the gateway. Whatever fails here, the public feed does not notice: a channel that is refused or ends is
asked for again after a while, on the same connection.
"""

from collections.abc import Iterable
from itertools import count
from typing import Literal, TypeAlias, TypeVar

import msgspec

from proto.private import Account, Fill, Order, Position
from proto.subjects import Subjects
from proto.units import SECOND
from services.gateway.holdings import Holdings
from services.gateway.output import LineOutput
from services.gateway.reading import Found, Read, Reply, Steps, reading
from shared.kalshi import wire
from shared.kalshi.account import normalise
from shared.kalshi.commands import Subscribe, SubscribeParams
from shared.kalshi.errors import Malformed
from shared.market.clock import Now
from shared.market.counts import Counts

CHANNELS = ("fill", "user_orders", "market_positions")
#: A channel that was refused or has ended, and a reading that failed, are tried again after this time.
RETRY_S = 60.0
#: A channel that is not acknowledged in this time is asked for again.
ACKNOWLEDGED_S = 30.0
#: Failures in a row, after which a reading begins anew: its cursors may be good no longer.
FAILURES = 5
#: Fills are read from this long before the break, for a connection can be dead for a while before it is given up.
MARGIN_S = 60
#: Fills of so long before its start are read by a gateway that has just begun.
FIRST_S = 3600
#: Our commands are told from the session's by their numbers.
FIRST_ID = 1_000_000_001

Reason: TypeAlias = Literal["disconnected", "exchange_error", "unreadable"]
_Held = TypeVar("_Held", Order, Position)
#: All others are passed by at the cost of one look.
_FRAMES = frozenset(
    {
        *(wire.Fill, wire.UserOrder, wire.MarketPosition),
        *(wire.Subscribed, wire.Unsubscribed, wire.Ok, wire.Error),
    }
)


class _Channel:
    """One channel on one connection: what was asked under which number, and when to ask again unless it is `open`."""

    __slots__ = ("ask_at", "command_id", "name", "open", "sid")

    def __init__(self, name: str) -> None:
        self.name = name
        self.command_id = 0
        self.sid: int | None = None
        self.open = False
        self.ask_at = 0.0


class Private:
    """Takes frames of the account and replies of REST; says fills, orders, positions, and whether that is all.

    Args:
        subjects: where it is said.
        out: takes what is to be done.
        counts: takes what is counted.
        enabled: without it nothing is subscribed to, and nothing said.
    """

    def __init__(self, subjects: Subjects, out: LineOutput, counts: Counts, *, enabled: bool) -> None:
        self.enabled = enabled
        self.holdings = Holdings()
        self.live = False
        self._subjects = subjects
        self._out = out
        self._counts = counts
        self._encode = msgspec.json.Encoder().encode
        self._ids = count(FIRST_ID)
        self._channels: dict[str, _Channel] = {}
        #: All that the connection named: what still comes on one that has ended is ours, too.
        self._sids: dict[int, _Channel] = {}
        self._generation = 0
        self._since_ts: int | None = None
        self._begun = False
        self._steps: Steps[Found] | None = None
        self._read: Read | None = None
        self._read_at = 0.0
        self._failures = 0

    def opened(self, now: Now) -> None:
        """Subscribe on a new connection."""
        if not self.enabled:
            return
        if self._since_ts is None:
            self._since_ts = max(0, now.ts - FIRST_S * SECOND)
        if not self._begun:
            self._begun = True
            self._say_stale("disconnected", now)
        self._channels = {name: _Channel(name) for name in CHANNELS}
        self._sids = {}
        self._read_at = now.at
        self.tick(now)

    def closed(self, now: Now) -> None:
        """The connection is gone: something may be missed until the next reading."""
        self._channels, self._sids = {}, {}
        self._doubt("disconnected", now)

    def stop(self, now: Now) -> None:
        """Nothing further will be true; the next connection begins by saying so, for others may have told since."""
        self.closed(now)
        self._begun = False

    def tick(self, now: Now) -> None:
        """Ask for channels that are not open, and begin to read when all are."""
        for channel in self._channels.values():
            if not channel.open and channel.ask_at <= now.at:
                channel.command_id = next(self._ids)
                channel.ask_at = now.at + ACKNOWLEDGED_S
                self._out.send(Subscribe(channel.command_id, SubscribeParams(channels=[channel.name])))
        is_open = bool(self._channels) and all(channel.open for channel in self._channels.values())
        if is_open and not self.live and self._steps is None and self._read_at <= now.at:
            self._begin(now)

    def takes(self, message: wire.Frame, now: Now) -> bool:
        """Whether a frame belongs to the account, and is done with; raises Malformed."""
        if type(message) not in _FRAMES:
            return False
        if isinstance(message, wire.Fill | wire.UserOrder | wire.MarketPosition):
            if self.enabled:
                self._hear(message, now)
            return True
        return self._controls(message, now)

    def owns(self, error: Malformed) -> bool:
        """Whether a frame that was not understood may tell of the account."""
        return error.kind in wire.ACCOUNT_TYPES or error.sid in self._sids

    def quarantine(self, frame: bytes, error: Malformed, now: Now) -> None:
        """Keep what was not understood from all but the account; what it told is read."""
        if not self.enabled:
            return
        self._counts.add("account_quarantined", error.reason)
        self._out.publish(self._subjects.private_quarantine(error.reason), frame)
        self._doubt("unreadable", now)
        self._read_at = now.at + RETRY_S

    def wanted(self) -> Read | None:
        """Return the read that is to be done next; it stays the same until its reply is brought."""
        return self._read

    def answered(self, read: Read, body: bytes | None, now: Now) -> None:
        """Take the reply to a read, None if there is no such; one that is no longer wanted is left."""
        if read is not self._read or self._steps is None:
            return
        self._failures = 0
        try:
            self._read = self._steps.send(Reply(body, now.ts))
        except StopIteration as end:
            self._steps = self._read = None
            self._finish(end.value, now)
        except Malformed as error:
            self._steps = self._read = None
            self._note_failure(f"a reply to {read.path} was not understood ({error})")
            self.quarantine(body or b"", error, now)

    def failed(self, read: Read, reason: str, now: Now) -> None:
        """Take that a read was tried in vain; after a few times everything is read anew."""
        self._counts.add("account_reads_failed", reason)
        if read is self._read:
            self._failures += 1
            if self._failures >= FAILURES:
                self._abandon()
                self._read_at = now.at + RETRY_S
                self._note_failure(f"{read.path} fails ({reason})")

    def _hear(self, frame: wire.AccountFrame, now: Now) -> None:
        match frame:
            case wire.Fill(msg=fill):
                told = normalise.fill(fill, now.ts)
                if self.holdings.is_new(told):
                    self._say("fill", told)
            case wire.UserOrder(msg=order):
                changed = normalise.order(order, now.ts)
                self.holdings.hear_order(changed)
                self._say("order", changed)
            case wire.MarketPosition(msg=position):
                held = normalise.position(position, now.ts)
                self.holdings.hear_position(held)
                self._say("position", held)

    def _controls(self, message: wire.Frame, now: Now) -> bool:
        match message:
            case wire.Subscribed():
                return self._acknowledged(self._channels.get(message.msg.channel), message.msg.sid)
            case wire.Ok():
                return self._acknowledged(self._asked(message.id), message.sid)
            case wire.Unsubscribed():
                return self._ended(message.sid, "unsubscribed", now)
            case wire.Error():
                why = f"error {message.msg.code}, {message.msg.msg}"
                return self._refused(message.id, why, now) or self._ended(message.sid, why, now)
        return False

    def _acknowledged(self, channel: _Channel | None, sid: int | None) -> bool:
        if channel is None:
            return False
        channel.open, channel.sid = True, sid
        if sid is not None:
            self._sids[sid] = channel
        return True

    def _refused(self, command_id: int | None, why: str, now: Now) -> bool:
        channel = self._asked(command_id)
        if channel is None:
            return False
        self._lose(channel, why, now)
        return True

    def _ended(self, sid: int | None, why: str, now: Now) -> bool:
        channel = self._sids.get(sid or 0)
        if channel is None:
            return False
        if channel.open and channel.sid == sid:
            self._lose(channel, why, now)
        return True

    def _lose(self, channel: _Channel, why: str, now: Now) -> None:
        channel.open = False
        channel.ask_at = now.at + RETRY_S
        self._counts.add("account_channels_lost", channel.name)
        self._out.note(
            f"the exchange does not say {channel.name} of the account ({why}): asking again in {RETRY_S:.0f} s"
        )
        self._doubt("exchange_error", now)

    def _begin(self, now: Now) -> None:
        self._generation = max(now.ts, self._generation + 1)
        self._failures = 0
        self._steps = reading(
            self.holdings,
            generation=self._generation,
            fills_since_ts=self._since_ts or 0,
            acknowledged_ts=now.ts,
        )
        self._read = next(self._steps)

    def _finish(self, found: Found, now: Now) -> None:
        holdings = self.holdings
        fills = [fill for fill in found.fills if holdings.is_new(fill)]
        for fill in fills:
            self._say("fill", fill)
        orders_gone = self._tell_all("order", holdings.take_orders(found.orders.values()), holdings.orders.values())
        positions_gone = self._tell_all(
            "position", holdings.take_positions(found.positions, found.places, now.ts), holdings.positions.values()
        )
        for error, row in found.unreadable:
            self.quarantine(row, error, now)
        self.live = not found.unreadable
        if self.live:
            self._counts.add("account_readings")
            holdings.settle()
        self._say_account(
            Account(
                status="live" if self.live else "stale",
                reason=None if self.live else "unreadable",
                received_ts=now.ts,
                generation=self._generation,
                as_of_ts=found.as_of_ts,
                fills_since_ts=self._since_ts,
                fills=len(fills),
                orders=len(holdings.orders),
                positions=len(holdings.positions),
                orders_gone=orders_gone,
                positions_gone=positions_gone,
            )
        )

    def _tell_all(self, kind: str, gone: list[_Held], held: Iterable[_Held]) -> int:
        """Say what is gone, then all that there is, and return how many are gone."""
        for told in (*gone, *held):
            self._say(kind, msgspec.structs.replace(told, generation=self._generation))
        return len(gone)

    def _doubt(self, reason: Reason, now: Now) -> None:
        self._abandon()
        self.holdings.break_off()
        if self.live:
            self.live = False
            self._since_ts = now.ts - MARGIN_S * SECOND
            self._say_stale(reason, now)

    def _abandon(self) -> None:
        self._steps = self._read = None

    def _note_failure(self, what: str) -> None:
        self._out.note(f"the account could not be read: {what}; trying again in {RETRY_S:.0f} s")

    def _asked(self, command_id: int | None) -> _Channel | None:
        return next((known for known in self._channels.values() if known.command_id == command_id), None)

    def _say(self, kind: str, told: Fill | Order | Position) -> None:
        self._out.publish(self._subjects.market(f"private.{kind}", told.ticker), self._encode(told))

    def _say_stale(self, reason: Reason, now: Now) -> None:
        self._say_account(Account("stale", reason, now.ts, self._generation, None, None, 0, 0, 0, 0, 0))

    def _say_account(self, account: Account) -> None:
        self._out.publish(self._subjects.account, self._encode(account))
