"""One client as the core sees it: what it subscribed to, what waits for it, and how well it keeps up."""

from typing import TypeAlias

import msgspec

from proto.relay import Flow, RelayChannel, RelayHeartbeat

#: The channel and the market of a topic.
TopicKey: TypeAlias = tuple[RelayChannel, str]

_encode = msgspec.json.Encoder().encode
_EVENTS = b'{"type":"events","events":['


class Client:
    """Collects messages; events that follow one another become one batch.

    `owed` are the topics whose present state the client has still to be given: it just subscribed, or it was too slow
    to hear every change. Until then it hears no change of them, so that what it gets is always in order. While it is
    `conflated` it is given nothing that can wait; `told_conflated` lasts until it has been given all that it missed.
    """

    __slots__ = (
        "_batch",
        "_beats",
        "_messages",
        "conflated",
        "dropped",
        "owed",
        "session",
        "stalled_at",
        "told_conflated",
        "topics",
        "waiting_bytes",
    )

    def __init__(self, session: str) -> None:
        self.session = session
        self.topics: set[TopicKey] = set()
        self.owed: dict[TopicKey, None] = {}
        self.conflated = False
        self.told_conflated = False
        self.dropped = 0
        self.stalled_at: float | None = None
        self.waiting_bytes = 0
        self._messages: list[bytes] = []
        self._batch: list[bytes] = []
        self._beats = 0

    @property
    def idle(self) -> bool:
        """Whether there is nothing to send to it and nothing to decide about it."""
        return not self.waiting_bytes and not self.owed and self.stalled_at is None

    def say(self, message: msgspec.Struct) -> None:
        """Queue a message that is no event."""
        self._end_batch()
        payload = _encode(message)
        self.waiting_bytes += len(payload)
        self._messages.append(payload)

    def event(self, payload: bytes) -> None:
        """Queue a bus event."""
        self.waiting_bytes += len(payload)
        self._batch.append(payload)

    def take(self) -> list[bytes]:
        """Return what waits, as the payloads of WebSocket messages."""
        self._end_batch()
        messages, self._messages = self._messages, []
        self.waiting_bytes = 0
        return messages

    def conflate(self) -> None:
        """Keep changes from a client that reads too slowly, and tell it."""
        if not self.told_conflated:
            self.say(Flow("conflated", self.dropped))
        self.conflated = self.told_conflated = True

    def caught_up(self) -> None:
        """Tell a client that was conflated that it has been given everything it missed."""
        if self.told_conflated and not self.conflated and not self.owed:
            self.told_conflated = False
            self.say(Flow("full", self.dropped))

    def beat(self, server_ts: int, *, lost: bool, lag_ms: float | None) -> None:
        """Tell the client that the relay is alive, and how the feed is."""
        self._beats += 1
        self.say(RelayHeartbeat(self._beats, server_ts, "lost" if lost else "live", lag_ms))

    def _end_batch(self) -> None:
        if self._batch:
            self._messages.append(_EVENTS + b",".join(self._batch) + b"]}")
            self._batch = []
