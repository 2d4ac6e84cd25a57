"""One client's conversation: commands in, replies out.

Where the exchange's documents are silent, this is what happens here unless its habits say otherwise: an update's `ok`
comes before the snapshots it causes; get_snapshot is answered by snapshots alone; a merging subscribe keeps the
`use_yes_price` that the subscription was opened with; a market that does not exist is accepted and has an empty book.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from math import inf

from services.simulator.errors import CommandRefused
from services.simulator.feed.channels import TRAITS, Channel
from services.simulator.feed.habits import Manners
from services.simulator.feed.subscription import Subscription
from services.simulator.session.acts import Act
from services.simulator.session.commands import Command, Params, Request, read
from services.simulator.session.replies import Replies
from services.simulator.session.updates import Updates
from services.simulator.world.floor import Floor
from shared.market.clock import Now

ENDED_SUBSCRIPTIONS = 4


class Session:
    """What one connection has subscribed to; its frames wait in `outbox` in the order in which they were caused.

    `number` tells sessions apart, `key_id` is the key that the handshake was signed with.
    """

    def __init__(self, number: int, key_id: str, floor: Floor, manners: Manners, uniform: Callable[[], float]) -> None:
        self.number = number
        self.key_id = key_id
        self.outbox: list[bytes] = []
        self.subscriptions: dict[int, Subscription] = {}
        #: The last subscriptions to books that ended, whose books can still be asked for.
        self.ended: deque[Subscription] = deque(maxlen=ENDED_SUBSCRIPTIONS)
        #: Codes with which the next commands are refused, whatever they are.
        self.refusals: deque[int] = deque()
        #: What is to happen to the connection.
        self.acts: list[Act] = []
        #: Whether what would be sent is lost instead.
        self.muted = False
        self._floor = floor
        self._manners = manners
        self._replies = Replies(self.outbox, manners, uniform)
        self._updates = Updates(floor, manners, self._replies)
        self._waiting: deque[tuple[float, str | bytes]] = deque()
        self._last_sid = manners.habits.first_sid - 1
        self._handlers = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "update_subscription": self._update,
            "list_subscriptions": self._list,
        }

    def receive(self, text: str | bytes, now: Now) -> None:
        """Take one command; whatever is wrong with it becomes an error reply."""
        delay_ms = self._manners.habits.command_delay_ms
        if delay_ms or self._waiting:
            self._waiting.append((now.at + delay_ms / 1000, text))
        else:
            self._obey(text, now)

    def release(self, now: Now) -> None:
        """Do what waited for the end of the turn or for this time."""
        while self._waiting and self._waiting[0][0] <= now.at:
            self._obey(self._waiting.popleft()[1], now)
        self._replies.release(now.at)

    def next_at(self) -> float:
        """Return when something waits to be done; infinity if nothing does."""
        return min(self._replies.next_at(), self._waiting[0][0] if self._waiting else inf)

    def take(self) -> list[bytes]:
        """Return the frames that wait, which then no longer do."""
        frames = [] if self.muted else self.outbox.copy()
        self.outbox.clear()
        return frames

    def take_acts(self) -> list[Act]:
        """Return what is to happen to the connection, which then no longer is."""
        acts, self.acts = self.acts, []
        return acts

    def subscription(self, channel: Channel) -> Subscription | None:
        """Return the subscription to a channel; there is at most one."""
        return next((known for known in self.subscriptions.values() if known.channel == channel), None)

    def end(self, subscription: Subscription) -> None:
        """Let a subscription deliver no more."""
        subscription.ended = True
        self._floor.world.everywhere[subscription.channel].pop(subscription, None)
        self._floor.world.unlisten(subscription, subscription.tickers)
        self.subscriptions.pop(subscription.sid, None)
        if subscription.channel is Channel.BOOK:
            self.ended.append(subscription)

    def fail(self, subscription: Subscription, code: int) -> None:
        """End a subscription with an error, unasked."""
        self._replies.refuse(0, CommandRefused(code, subscription))
        self.end(subscription)

    def drop(self, subscription: Subscription) -> None:
        """End a subscription with an `unsubscribed` that nobody asked for."""
        self._replies.control("unsubscribed", subscription, 0)
        self.end(subscription)

    def close(self) -> None:
        """Forget all subscriptions."""
        for subscription in list(self.subscriptions.values()):
            self.end(subscription)

    def _obey(self, text: str | bytes, now: Now) -> None:
        command_id = 0
        try:
            command = read(text)
            command_id = command.id
            self._dispatch(command, now)
        except CommandRefused as refusal:
            self._replies.refuse(command_id, refusal)

    def _dispatch(self, command: Command, now: Now) -> None:
        if self.refusals:
            raise CommandRefused(self.refusals.popleft())
        handler = self._handlers.get(command.cmd)
        if handler is None:
            raise CommandRefused(5)
        params = Params() if command.cmd == "list_subscriptions" else command.read_params()
        handler(Request(command.id, params, now))

    def _list(self, request: Request) -> None:
        opened = [{"channel": known.channel, "sid": sid} for sid, known in self.subscriptions.items()]
        self._replies.acknowledge(partial(self._replies.send, {"type": "ok"}, request.id, msg=opened), request.now.at)

    def _subscribe(self, request: Request) -> None:
        if not request.params.channels:
            raise CommandRefused(3)
        for channel in request.params.channels:
            try:
                self._open(channel, request)
            except CommandRefused as refusal:  # the other channels of the command still work
                self._replies.refuse(request.id, refusal)

    def _open(self, name: str, request: Request) -> None:
        if name not in TRAITS:
            raise CommandRefused(8)
        channel = Channel(name)
        wish = self._updates.wish(channel, request.params)
        known = self.subscription(channel)
        if known is not None:
            self._updates.merge(known, wish, request)
            return
        self._updates.check_room(wish)
        subscription = self._new_subscription(channel, request.params)
        if channel is Channel.COMMUNICATIONS:
            subscription.shard = request.params.shard()
            subscription.own_only = request.params.user_filter == "self"
        msg = {"channel": channel, "sid": subscription.sid}
        opened = partial(self._replies.send, {"type": "subscribed"}, request.id, msg=msg)
        self._replies.acknowledge(opened, request.now.at)
        added = self._updates.add(subscription, wish)
        self._updates.introduce(subscription, added, request)

    def _unsubscribe(self, request: Request) -> None:
        if not request.params.sids:
            raise CommandRefused(4)
        for sid in request.params.sids:
            subscription = self.subscriptions.get(sid)
            if subscription is None:
                self._replies.refuse(request.id, CommandRefused(7))
                continue
            self.end(subscription)
            ended = partial(self._replies.control, "unsubscribed", subscription, request.id)
            self._replies.acknowledge(ended, request.now.at)

    def _update(self, request: Request) -> None:
        if not request.params.action:
            raise CommandRefused(15)
        subscription = self.subscriptions.get(request.params.the_sid())
        if subscription is None:
            raise CommandRefused(7)
        self._updates.update(subscription, request)

    def _new_subscription(self, channel: Channel, params: Params) -> Subscription:
        self._last_sid += 1
        yes_scale = params.use_yes_price
        subscription = Subscription(
            self._last_sid,
            channel,
            self.outbox,
            self._manners,
            yes_scale=self._manners.habits.yes_price_default if yes_scale is None else yes_scale,
            lists_markets=not params.skip_ticker_ack,
        )
        self.subscriptions[subscription.sid] = subscription
        return subscription
