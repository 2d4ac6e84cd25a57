"""One channel of one client: its sid, its sequence, its markets, and where its frames go."""

from typing import Protocol

from services.simulator.feed.channels import ALL_NAMES, TRAITS, Channel
from services.simulator.feed.dress import dress
from services.simulator.feed.habits import Manners
from services.simulator.feed.moments import Moments


class Outlet(Protocol):
    """Where frames go: the client's outbox, or something that spoils them on their way there."""

    def append(self, frame: bytes, /) -> None:
        """Take a frame."""


class Subscription:
    """Appends frames to its outlet.

    Between the subscribers of a message only sid and sequence number differ, so these are spliced around the bytes of
    the message. `tickers` are the markets it is narrowed to, unless it hears `everything`; `names` the indices;
    `shard` the part of the communications, as (factor, key), and `own_only` whether only its owner's. `counted` holds
    the second of its last command and how many it had in it.
    """

    __slots__ = (
        "_control_seq",
        "_heads",
        "_manners",
        "by_id",
        "channel",
        "counted",
        "ended",
        "everything",
        "lists_markets",
        "moments",
        "names",
        "outlet",
        "own_only",
        "seq",
        "sequenced",
        "shard",
        "sid",
        "tickers",
        "yes_scale",
    )

    def __init__(
        self, sid: int, channel: Channel, outlet: Outlet, manners: Manners, *, yes_scale: bool, lists_markets: bool
    ) -> None:
        self.sid = sid
        self.channel = channel
        self.outlet = outlet
        self.yes_scale = yes_scale
        self.lists_markets = lists_markets
        self.sequenced = TRAITS[channel].sequenced
        self.by_id = False
        self.everything = False
        self.ended = False
        self.tickers: dict[str, None] = {}
        self.names: dict[str, None] = {}
        self.shard: tuple[int, int] = (1, 0)
        self.own_only = False
        self.counted = (0, 0)
        self.seq = 0
        self.moments = Moments()
        self._control_seq = 0
        self._manners = manners
        self._heads: dict[str, bytes] = {}

    def say(self, kind: str, msg: bytes, *, answers: int = 0) -> None:
        """Send a message, unless the end came before it; `answers` is the id of the command that asked for it."""
        if self.ended:
            return
        manners = self._manners
        if manners.dresses:
            msg = dress(msg, manners.habits, yes_scale=self.yes_scale)
        head = self._heads.get(kind) or self._head(kind)
        if answers:
            head = b'%b,"id":%d' % (head, answers)
        if self.sequenced:
            self.seq += 1
            self.outlet.append(b'%b,"seq":%d,"msg":%b%b' % (head, self.seq, msg, manners.tail))
        else:
            self.outlet.append(b'%b,"msg":%b%b' % (head, msg, manners.tail))

    def has_asked_for(self, index: str) -> bool:
        """Whether it is to be told the values of an index."""
        return index in self.names or ALL_NAMES in self.names

    def control_seq(self) -> int:
        """Return the sequence number of the next control reply."""
        if self._manners.habits.control_shares_seq:
            self.seq += 1
            return self.seq
        self._control_seq += 1
        return self._control_seq

    def _head(self, kind: str) -> bytes:
        head = self._heads[kind] = b'{"type":"%b","sid":%d' % (kind.encode(), self.sid)
        return head
