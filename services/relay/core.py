"""The relay's decisions: commands in, messages for each client out, and which subjects to listen to. Pure.

A topic is one channel of one market. Its events go to its clients in order; a client that is owed a topic's state hears
no change of it before it was given the state. That one rule serves late joins, conflation and the way back from it.
"""

from collections.abc import Iterator, Mapping
from typing import TypeGuard

import msgspec

from proto.reading import UNREADABLE
from proto.relay import (
    RELAY_CHANNELS,
    Accepted,
    Ack,
    Command,
    Error,
    Hello,
    Limits,
    Ping,
    Pong,
    Refused,
    RelayChannel,
    RelayCode,
    Subscribe,
    SubscriptionParams,
)
from services.relay.client import Client, TopicKey
from services.relay.directory import Directory
from services.relay.topic import VIEWS, Topic
from shared.market.clock import Now
from shared.market.counts import Counts
from shared.market.replica import Replica

HEARTBEAT_S = 5.0
LIMITS = Limits(subscriptions=10_000, message_bytes=2**20, queued_bytes=256 * 2**10, stalled_s=30)
#: A conflated client is given everything again when its queue is down to this.
RESUME_BYTES = LIMITS.queued_bytes // 4

_commands = msgspec.json.Decoder(Command)


class _Numbered(msgspec.Struct):
    id: int


class Relay:
    """All clients and topics; `topics` are what the shell has to hear from the bus."""

    def __init__(self, directory: Directory, replicas: Mapping[str, Replica]) -> None:
        self.counts = Counts()
        self.clients: set[Client] = set()
        self.topics: dict[TopicKey, Topic] = {}
        self._directory = directory
        self._replicas = replicas
        self._unvouched: frozenset[str] = frozenset()
        self._beat_at = 0.0
        self._told_lost = True

    def opened(self, session: str, now: Now) -> Client:
        """Greet a new client."""
        client = Client(session)
        self.clients.add(client)
        client.say(Hello(session, now.ts, RELAY_CHANNELS, HEARTBEAT_S, LIMITS))
        client.beat(now.ts, lost=self._directory.feed_lost(now), lag_ms=self._directory.lag_ms)
        return client

    def closed(self, client: Client) -> None:
        """Forget a client."""
        self.clients.discard(client)
        for key in list(client.topics):
            self._leave(client, self.topics[key])

    def received(self, client: Client, message: str | bytes, now: Now) -> None:
        """Take a client's command and queue the reply."""
        if isinstance(message, bytes):
            self._fail(client, None, RelayCode.BINARY_MESSAGE, "send commands as text, not binary")
            return
        try:
            command = _commands.decode(message)
        except msgspec.ValidationError as error:
            self._fail(client, _id_of(message), RelayCode.BAD_COMMAND, str(error))
        except UNREADABLE:
            self._fail(client, None, RelayCode.BAD_JSON, "the command is not JSON: nothing was changed")
        else:
            self._obey(client, command, now)

    def event(self, channel: RelayChannel, ticker: str, payload: bytes) -> None:
        """Give a bus event to the clients of its topic; one of a book is contained in its replica already."""
        topic = self.topics.get((channel, ticker))
        if topic is not None:
            self.counts.add("events", channel)
            topic.tell(payload)

    def open_views(self) -> list[str]:
        """Return the markets whose books have to be asked for, because a view of them is open."""
        return sorted({t.ticker for t in self.topics.values() if t.is_open and t.channel not in self._unvouched})

    def derive(self, replica: Replica, now: Now) -> None:
        """Make the open views of a market from its book."""
        for channel in VIEWS:
            topic = self.topics.get((channel, replica.ticker))
            if topic is not None:
                topic.derive(replica, now.ts, vouched=channel not in self._unvouched)

    def vouched(self, lost: frozenset[str]) -> None:
        """Note whose makers are not heard: what they said last is stale from here on."""
        for topic in self.topics.values():
            if topic.channel in lost - self._unvouched:
                topic.doubt()
        self._unvouched = lost

    def broken(self) -> None:
        """The bus may have lost messages to us: every view is stale until its book was asked for."""
        for topic in self.topics.values():
            topic.doubt()

    def tick(self, now: Now) -> None:
        """Tell every client that the relay is alive: when it is time, and at once when the feed is lost or back."""
        lost = self._directory.feed_lost(now)
        if now.at < self._beat_at and lost is self._told_lost:
            return
        self._beat_at, self._told_lost = now.at + HEARTBEAT_S, lost
        for client in self.clients:
            client.beat(now.ts, lost=lost, lag_ms=self._directory.lag_ms)

    def take(self, client: Client, queued_bytes: int, now: Now) -> list[bytes]:
        """Return what to send to a client that has queued_bytes unread; too many, and it is conflated."""
        # What waits since the loop turn before is no sign of slowness: it can be the reply to one command.
        if queued_bytes > LIMITS.queued_bytes:
            client.conflate()
        elif queued_bytes < RESUME_BYTES:
            client.conflated = False
        client.stalled_at = None if queued_bytes < RESUME_BYTES else client.stalled_at or now.at
        # Half of what is granted, so that a client that subscribes to much is not taken for a slow one.
        room = LIMITS.queued_bytes // 2 - queued_bytes
        while client.owed and client.waiting_bytes < room and not client.conflated:
            key = next(iter(client.owed))
            del client.owed[key]
            for payload in self.topics[key].state():
                client.event(payload)
        client.caught_up()
        return client.take()

    def stalled(self, client: Client, now: Now) -> bool:
        """Whether a client has not read for so long that it is to be closed."""
        return client.stalled_at is not None and now.at - client.stalled_at >= LIMITS.stalled_s

    def _obey(self, client: Client, command: Command, now: Now) -> None:
        if isinstance(command, Ping):
            client.say(Pong(command.id, now.ts))
            return
        if _is_too_much(command.params):
            text = f"more than {LIMITS.subscriptions} pairs, or {LIMITS.message_bytes} bytes to name them: send several"
            self._fail(client, command.id, RelayCode.TOO_MANY_SUBSCRIPTIONS, text)
            return
        change = self._subscribe if isinstance(command, Subscribe) else self._unsubscribe
        outcomes = [change(client, channel, ticker, now) for channel, ticker in _pairs(command.params)]
        client.say(
            Ack(
                command.id,
                accepted=tuple(outcome for outcome in outcomes if isinstance(outcome, Accepted)),
                refused=tuple(outcome for outcome in outcomes if isinstance(outcome, Refused)),
            )
        )

    def _subscribe(self, client: Client, channel: str, ticker: str, now: Now) -> Accepted | Refused:
        if not _is_channel(channel):
            return _no_channel(channel, ticker)
        if ticker not in self._directory:
            return self._unknown(channel, ticker, now)
        topic = self.topics.get((channel, ticker))
        if topic is None or topic.key not in client.topics:
            if len(client.topics) >= LIMITS.subscriptions:
                text = f"more than {LIMITS.subscriptions} subscriptions: end some"
                return _refused(channel, ticker, RelayCode.TOO_MANY_SUBSCRIPTIONS, text)
            topic = self._join(client, channel, ticker)
        if topic.has_state:
            client.owed[topic.key] = None
        return Accepted(channel, ticker, topic.how)

    def _unsubscribe(self, client: Client, channel: str, ticker: str, _: Now) -> Accepted | Refused:
        if not _is_channel(channel):
            return _no_channel(channel, ticker)
        topic = self.topics.get((channel, ticker))
        if topic is None or topic.key not in client.topics:
            return _refused(channel, ticker, RelayCode.NOT_SUBSCRIBED, "there is nothing to end")
        self._leave(client, topic)
        return Accepted(channel, ticker, "ended")

    def _unknown(self, channel: str, ticker: str, now: Now) -> Refused:
        if not self._directory.is_complete(now):
            text = "it is not known yet which markets there are, for no gateway has named all of its own: try again"
            return _refused(channel, ticker, RelayCode.FEED_UNAVAILABLE, text)
        text = "no such market here: check the ticker, or ask for it to be followed"
        return _refused(channel, ticker, RelayCode.UNKNOWN_MARKET, text)

    def _join(self, client: Client, channel: RelayChannel, ticker: str) -> Topic:
        topic = self.topics.get((channel, ticker))
        if topic is None:
            topic = self.topics[channel, ticker] = Topic(channel, ticker, self._replicas)
        topic.clients.add(client)
        client.topics.add(topic.key)
        return topic

    def _leave(self, client: Client, topic: Topic) -> None:
        client.topics.discard(topic.key)
        client.owed.pop(topic.key, None)
        topic.clients.discard(client)
        if not topic.clients:
            del self.topics[topic.key]

    def _fail(self, client: Client, command_id: int | None, code: RelayCode, message: str) -> None:
        self.counts.add("bad_commands", code.name.lower())
        client.say(Error(command_id, code, code.name.lower(), message))


def _pairs(params: SubscriptionParams) -> Iterator[tuple[str, str]]:
    for channel in dict.fromkeys(params.channels):
        for ticker in dict.fromkeys(params.market_tickers):
            yield channel, ticker


def _is_too_much(params: SubscriptionParams) -> bool:
    # The reply names both halves of every pair, so a small command could ask for one without bound.
    channels, tickers = params.channels, params.market_tickers
    named = len(tickers) * sum(map(len, channels)) + len(channels) * sum(map(len, tickers))
    return len(channels) * len(tickers) > LIMITS.subscriptions or named > LIMITS.message_bytes


def _is_channel(channel: str) -> TypeGuard[RelayChannel]:
    return channel in RELAY_CHANNELS


def _no_channel(channel: str, ticker: str) -> Refused:
    text = f"no such channel: there are {', '.join(RELAY_CHANNELS)}"
    return _refused(channel, ticker, RelayCode.UNKNOWN_CHANNEL, text)


def _refused(channel: str, ticker: str, code: RelayCode, message: str) -> Refused:
    return Refused(channel, ticker, code, code.name.lower(), message)


def _id_of(message: str) -> int | None:
    try:
        return msgspec.json.decode(message, type=_Numbered).id
    except UNREADABLE:
        return None
