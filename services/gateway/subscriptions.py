"""What one connection is subscribed to: wanted, asked for, acknowledged, refused."""

from collections.abc import Callable, Iterable, Iterator
from itertools import count

import msgspec

from services.gateway.load import Load
from services.gateway.sequence import Sequence
from shared.kalshi.commands import (
    Command,
    ListSubscriptions,
    Subscribe,
    SubscribeParams,
    Unsubscribe,
    UnsubscribeParams,
    UpdateParams,
    UpdateSubscription,
)

BOOK = "orderbook_delta"
LIFECYCLE = "market_lifecycle_v2"
#: Tickers in one command.
BATCH = 500
#: What the exchange refused is tried again after this time.
REFUSED_S = 60.0


class Subscription:
    """One channel; `sid` is None until the exchange has named it.

    `held` are the markets it was asked for, `refused` those to be left alone and until when. `opened_at` is when it was
    asked for, None if it is to be; then not before `open_at`. `ending` is the sid that it had and that is being ended.
    """

    __slots__ = ("channel", "ending", "held", "open_at", "opened_at", "refused", "sequence", "sid")

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.refused: dict[str, float] = {}
        self.begin(0.0)

    def begin(self, open_at: float) -> None:
        """Be as if it had never been asked for."""
        self.open_at = open_at
        self.opened_at: float | None = None
        self.sid: int | None = None
        self.ending: int | None = None
        self.sequence = Sequence()
        self.held: set[str] = set()


class _Command(msgspec.Struct, frozen=True):
    """A command that waits for its reply."""

    subscription: Subscription
    action: str
    tickers: tuple[str, ...]


class Subscriptions:
    """The channels of one connection; hands its commands to `send`."""

    def __init__(self, channels: Iterable[str], send: Callable[[Command], None]) -> None:
        self._channels = {channel: Subscription(channel) for channel in channels}
        self._by_sid: dict[int, Subscription] = {}
        self._ended: set[int] = set()
        self._send = send
        self._ids = count(1)
        self._waiting: dict[int, _Command] = {}

    @property
    def book(self) -> Subscription | None:
        """The book channel, if it is one of ours."""
        return self._channels.get(BOOK)

    def load(self) -> Load:
        """Return the markets whose books were asked for, and how many channels the exchange has opened."""
        book = self.book
        opened = sum(subscription.sid is not None for subscription in self._channels.values())
        return Load(0 if book is None else len(book.held), opened)

    def of(self, channel: str, sid: int) -> Subscription | None:
        """Return the subscription of a frame; data that comes before its acknowledgement names the sid by itself."""
        known = self._by_sid.get(sid)
        if known is None and sid not in self._ended:
            subscription = self._channels.get(channel)
            if subscription is not None and subscription.sid is None and subscription.ending is None:
                self._name(subscription, sid)
                return subscription
        return known

    def by_sid(self, sid: int | None) -> Subscription | None:
        """Return the subscription of a sid."""
        return self._by_sid.get(sid) if sid is not None else None

    def hears(self, channel: str) -> bool:
        """Whether a channel is one of ours."""
        return channel in self._channels

    def has_ended(self, sid: int | None) -> bool:
        """Whether a sid was one of ours on this connection and is none any longer."""
        return sid in self._ended

    def want(self, tickers: set[str], at: float) -> None:
        """Ask for what is wanted and not held; let go of what is held and not wanted."""
        for subscription in self._channels.values():
            subscription.refused = {t: until for t, until in subscription.refused.items() if until > at}
            if at < subscription.open_at:
                continue
            # An `unsubscribed` that has not come until now is not waited for.
            subscription.ending = None
            if subscription.channel == LIFECYCLE:
                self._open(subscription, (), at)
            else:
                self._reconcile(subscription, tickers - subscription.refused.keys(), at)

    def renew(self, subscription: Subscription, open_at: float, *, ended: bool) -> None:
        """Subscribe to a channel anew once the old subscription has ended, or at a time if that is not confirmed.

        A merging subscribe would bring no book, so the exchange is told to end what has not `ended` by itself.
        """
        sid = subscription.sid
        subscription.begin(open_at)
        self._waiting = {n: command for n, command in self._waiting.items() if command.subscription is not subscription}
        if sid is None:
            return
        self._by_sid.pop(sid, None)
        self._ended.add(sid)
        if not ended:
            subscription.ending = sid
            self._send(Unsubscribe(self._wait(subscription, "unsubscribe", ()), UnsubscribeParams([sid])))

    def confirm_end(self, sid: int, command_id: int | None) -> bool:
        """Take an `unsubscribed`; return whether a channel has waited for it."""
        self._waiting.pop(command_id or 0, None)
        for subscription in self._channels.values():
            if subscription.ending == sid:
                subscription.ending = None
                subscription.open_at = 0.0
                return True
        return False

    def merged(self, command_id: int | None, sid: int | None) -> Subscription | None:
        """Return the subscription that an `ok` says was still open when it was subscribed to anew."""
        command = self._waiting.get(command_id or 0)
        if command is None or command.action != "subscribe" or sid is None:
            return None
        self._ended.discard(sid)
        self._name(command.subscription, sid)
        return command.subscription

    def ask_snapshots(self, tickers: Iterable[str]) -> None:
        """Ask for new snapshots on the book channel, which must have a sid."""
        book = self.book
        if book is not None and book.sid is not None:
            self._update(book, "get_snapshot", tickers)

    def probe(self) -> None:
        """Ask what is always answered."""
        self._send(ListSubscriptions(next(self._ids)))

    def acknowledged(self, ticker: str) -> bool:
        """Whether the exchange has confirmed the book of a market."""
        book = self.book
        if book is None or book.sid is None or ticker not in book.held:
            return False
        return not any(
            command.subscription is book and command.action != "get_snapshot" and ticker in command.tickers
            for command in self._waiting.values()
        )

    def opened(self, channel: str, sid: int, command_id: int | None) -> None:
        """Take the acknowledgement of a subscribe."""
        self._waiting.pop(command_id or 0, None)
        if channel in self._channels:
            self._name(self._channels[channel], sid)

    def answered(self, command_id: int | None) -> None:
        """Take the answer to an update: its acknowledgement, or the first snapshot that was asked for."""
        self._waiting.pop(command_id or 0, None)

    def refuse(self, command_id: int | None, named: Iterable[str], at: float) -> str:
        """Take an error reply; the markets it names, or all of its command, are left alone for a while.

        Returns:
            What was refused, in words.
        """
        command = self._waiting.pop(command_id or 0, None)
        if command is None:
            return "a command"
        tickers = set(command.tickers).intersection(named) or set(command.tickers)
        if command.action in {"subscribe", "add_markets"}:
            command.subscription.held -= set(command.tickers)
            command.subscription.refused.update(dict.fromkeys(tickers, at + REFUSED_S))
        if command.action == "subscribe":
            command.subscription.opened_at = None
            command.subscription.open_at = at + REFUSED_S if command.subscription.channel == LIFECYCLE else 0.0
        if command.action == "unsubscribe":
            # There is nothing to end.
            command.subscription.ending = None
            command.subscription.open_at = 0.0
        return f"{command.action} of {command.subscription.channel} for {len(tickers)} markets"

    def _name(self, subscription: Subscription, sid: int) -> None:
        subscription.sid = sid
        self._ended.discard(sid)
        self._by_sid[sid] = subscription

    def _reconcile(self, subscription: Subscription, tickers: set[str], at: float) -> None:
        missing = sorted(tickers - subscription.held)
        if subscription.sid is None:
            # Without a sid only the first batch can be asked for: the others join when it is known.
            if missing and subscription.opened_at is None:
                self._open(subscription, missing[:BATCH], at)
            return
        surplus = subscription.held - tickers
        subscription.held -= surplus
        self._update(subscription, "delete_markets", sorted(surplus))
        subscription.held.update(missing)
        self._update(subscription, "add_markets", missing)

    def _open(self, subscription: Subscription, tickers: Iterable[str], at: float) -> None:
        if subscription.opened_at is not None:
            return
        batch = tuple(tickers)
        subscription.opened_at = at
        subscription.held.update(batch)
        params = SubscribeParams(
            channels=[subscription.channel],
            market_tickers=list(batch) or None,
            skip_ticker_ack=True if batch else None,
            use_yes_price=True if subscription.channel == BOOK else None,
        )
        number = self._wait(subscription, "subscribe", batch)
        self._send(Subscribe(number, params))

    def _update(self, subscription: Subscription, action: str, tickers: Iterable[str]) -> None:
        for batch in _batches(list(tickers)):
            number = self._wait(subscription, action, batch)
            params = UpdateParams(action=action, sids=[subscription.sid or 0], market_tickers=list(batch))
            self._send(UpdateSubscription(number, params))

    def _wait(self, subscription: Subscription, action: str, tickers: tuple[str, ...]) -> int:
        number = next(self._ids)
        self._waiting[number] = _Command(subscription, action, tickers)
        return number


def _batches(tickers: list[str]) -> Iterator[tuple[str, ...]]:
    for first in range(0, len(tickers), BATCH):
        yield tuple(tickers[first : first + BATCH])
