"""One channel of one market, as long as some client wants it."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from proto.market import Depth, Ticker1s, Top
from proto.reading import UNREADABLE
from proto.relay import RelayChannel
from services.relay.client import Client, TopicKey
from shared.market.replica import Replica
from shared.market.summary import depth, ticker1s, top

_encode = msgspec.json.Encoder().encode
_views = msgspec.json.Decoder(Top | Depth | Ticker1s)

#: Channels of which only the latest value counts; all but `ticker` can be made from a book.
LATEST: frozenset[RelayChannel] = frozenset({"top", "depth", "ticker", "ticker1s"})
VIEWS: frozenset[RelayChannel] = frozenset({"top", "depth", "ticker1s"})


class Topic:
    """What its clients hear; the state of a `book` is in the table of replicas, else it is the latest payload."""

    __slots__ = ("_replicas", "channel", "clients", "doubted", "key", "last", "ticker")

    def __init__(self, channel: RelayChannel, ticker: str, replicas: Mapping[str, Replica]) -> None:
        self.key: TopicKey = (channel, ticker)
        self.channel = channel
        self.ticker = ticker
        self.clients: set[Client] = set()
        self.last: bytes | None = None
        self.doubted = False
        self._replicas = replicas

    @property
    def has_state(self) -> bool:
        """Whether a new client is given a state before the changes."""
        return self.channel == "book" or self.channel in LATEST

    @property
    def how(self) -> Literal["snapshot", "live"]:
        """What the acknowledgement promises."""
        return "snapshot" if self.has_state else "live"

    def tell(self, payload: bytes) -> None:
        """Give a change to every client that has heard all before it."""
        if self.channel in LATEST:
            self.last = payload
            self.doubted = False
        for client in self.clients:
            if self.key in client.owed:
                continue
            if not client.conflated:
                client.event(payload)
            elif self.has_state:
                client.owed[self.key] = None
            else:
                client.dropped += 1

    def state(self) -> list[bytes]:
        """Return the events that bring a client up to now; none if nothing is known yet."""
        if self.channel != "book":
            return [self.last] if self.last is not None else []
        replica = self._replicas.get(self.ticker)
        if replica is None or not replica.epoch:
            return []
        events = [_encode(replica.image())]
        if replica.reason is not None:
            events.append(_encode(replica.doubt(replica.reason, replica.received_ts)))
        return events

    @property
    def is_open(self) -> bool:
        """Whether this is a view of which the bus has brought no value, or one that can not be relied on any longer."""
        return self.channel in VIEWS and (self.last is None or self.doubted)

    def derive(self, replica: Replica, now_ts: int, *, vouched: bool) -> None:
        """Make an open view from a book that was asked for since; stale if nobody will say its next change."""
        if self.is_open and replica.epoch:
            self.tell(_encode(_view(self.channel, replica, now_ts)))
            if not vouched:
                self.doubt()

    def doubt(self) -> None:
        """Repeat the latest view as stale: what follows it may not have been heard."""
        if self.last is None or self.channel not in VIEWS:
            return
        try:
            view = _views.decode(self.last)
        except UNREADABLE:
            # What was passed on without being understood can not be repeated either.
            return
        if view.status == "live":
            self.tell(_encode(msgspec.structs.replace(view, status="stale")))
        self.doubted = True


def _view(channel: RelayChannel, replica: Replica, now_ts: int) -> Top | Depth | Ticker1s:
    if channel == "top":
        return top(replica)
    return depth(replica) if channel == "depth" else ticker1s(replica, now_ts)
