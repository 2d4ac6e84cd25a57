"""Replies in the order and at the time that the exchange's habits want."""

from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from math import inf
from typing import TypeAlias

import msgspec

from services.simulator.errors import CommandRefused
from services.simulator.feed.habits import Manners
from services.simulator.feed.subscription import Subscription
from services.simulator.session.commands import ERRORS

#: Says something now; sequence numbers are given when it is called, so they are always in the order of sending.
Saying: TypeAlias = Callable[[], None]


class Replies:
    """What one client is answered; frames go to its outbox."""

    def __init__(self, outbox: list[bytes], manners: Manners, uniform: Callable[[], float]) -> None:
        self._outbox = outbox
        self._manners = manners
        self._uniform = uniform
        self._shuffled: list[tuple[float, Saying]] = []
        self._late: list[tuple[float, int, Saying]] = []
        self._number = 0

    def data(self, saying: Saying) -> None:
        """Send what a command brought about."""
        if self._manners.habits.acks_shuffled:
            self._shuffled.append((self._uniform(), saying))
        else:
            saying()

    def acknowledge(self, saying: Saying, at: float) -> None:
        """Send the acknowledgement of a command that was taken at this time."""
        delay_ms = self._manners.habits.ack_delay_ms
        if delay_ms:
            self._number += 1
            heappush(self._late, (at + delay_ms / 1000, self._number, saying))
        else:
            self.data(saying)

    def next_at(self) -> float:
        """Return when something has to be sent."""
        return -inf if self._shuffled else self._late[0][0] if self._late else inf

    def release(self, at: float) -> None:
        """Send what waited for the end of the turn or for this time."""
        shuffled, self._shuffled = self._shuffled, []
        for _, saying in sorted(shuffled, key=lambda waiting: waiting[0]):
            saying()
        while self._late and self._late[0][0] <= at:
            heappop(self._late)[2]()

    def refuse(self, command_id: int, refusal: CommandRefused) -> None:
        """Send an error."""
        msg = {"code": refusal.code, "msg": ERRORS[refusal.code]}
        subscription = refusal.subscription
        if subscription is None:
            self.send({"type": "error"}, command_id, msg=msg)
            return
        envelope: dict[str, object] = {"type": "error", "sid": subscription.sid}
        if subscription.sequenced:
            envelope["seq"] = subscription.control_seq()
        subscription.outlet.append(self._frame(envelope, command_id, msg))

    def control(self, kind: str, subscription: Subscription, command_id: int, msg: object = None) -> None:
        """Send a reply that has a place in a subscription's sequence."""
        envelope = {"type": kind, "sid": subscription.sid, "seq": subscription.control_seq()}
        frame = self._frame(envelope, command_id, msg)
        subscription.outlet.append(frame)

    def send(self, envelope: Mapping[str, object], command_id: int, *, msg: object = None) -> None:
        """Send a reply that has none."""
        self._outbox.append(self._frame(envelope, command_id, msg))

    def _frame(self, envelope: Mapping[str, object], command_id: int, msg: object) -> bytes:
        frame = dict(envelope)
        if command_id:  # 0 means that the command had no id
            frame["id"] = command_id
        if msg is not None:
            frame["msg"] = msg
        return msgspec.json.encode(frame)[:-1] + self._manners.tail
