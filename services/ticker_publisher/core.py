"""Which market's summary is said when. Pure."""

from collections.abc import Mapping

import msgspec

from proto.subjects import Subjects
from shared.market.clock import Now
from shared.market.pace import Pacer
from shared.market.replica import Replica
from shared.market.summary import ticker1s

_encode = msgspec.json.Encoder().encode


class Publisher:
    """Turns changes of replicas into paced summaries; `replicas` is the live table of what is followed."""

    def __init__(self, subjects: Subjects, replicas: Mapping[str, Replica], interval_s: float) -> None:
        self._subjects = subjects
        self._replicas = replicas
        self._pacer = Pacer(interval_s)

    def changed(self, ticker: str, now: Now) -> None:
        """Note that a market's book or its status changed."""
        self._pacer.touch(ticker, now.at)

    def due(self, now: Now) -> list[tuple[str, bytes]]:
        """Return the messages whose moment has come."""
        messages = []
        for ticker in self._pacer.release(now.at):
            replica = self._replicas.get(ticker)
            if replica is None or replica.reason == "unsubscribed":
                self._pacer.forget(ticker)
            if replica is not None and replica.epoch:
                messages.append((self._subjects.market("ticker1s", ticker), _encode(ticker1s(replica, now.ts))))
        return messages
