"""One client's conversation: commands in, replies out.

Where the exchange's documents are silent, this is what happens here: an update's `ok` comes before the snapshots it
causes; get_snapshot is answered by snapshots alone; a merging subscribe keeps the `use_yes_price` that the
subscription was opened with; a market that does not exist is accepted and has an empty book.
"""

from collections.abc import Iterable, Mapping

import msgspec

from services.simulator.commands import ERRORS, Command, Params, read
from services.simulator.errors import CommandRefused
from services.simulator.market import Market, unknown_snapshot
from services.simulator.subscription import (
    CHANNELS,
    FILTERED_CHANNELS,
    UNSEQUENCED_CHANNELS,
    Channel,
    Subscription,
)


class _Request(msgspec.Struct, frozen=True):
    id: int
    params: Params
    now_ts: int


class Session:
    """What one connection has subscribed to; its frames wait in `outbox` in the order in which they were caused."""

    def __init__(self, markets: Mapping[str, Market]) -> None:
        self.outbox: list[bytes] = []
        self._markets = markets
        self._subscriptions: dict[int, Subscription] = {}
        self._last_sid = 0
        self._handlers = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "update_subscription": self._update,
        }

    def receive(self, text: str | bytes, now_ts: int) -> None:
        """Take one command; whatever is wrong with it becomes an error reply."""
        command_id = 0
        try:
            command = read(text)
            command_id = command.id
            self._dispatch(command, now_ts)
        except CommandRefused as refusal:
            self._refuse(command_id, refusal)

    def take(self) -> list[bytes]:
        """Return the frames that wait, which then no longer do."""
        frames = self.outbox.copy()
        self.outbox.clear()
        return frames

    def close(self) -> None:
        """Forget all subscriptions."""
        for subscription in self._subscriptions.values():
            self._unlisten_all(subscription)
        self._subscriptions.clear()

    def _dispatch(self, command: Command, now_ts: int) -> None:
        if command.cmd == "list_subscriptions":
            opened = [{"channel": known.channel, "sid": sid} for sid, known in self._subscriptions.items()]
            self._reply({"type": "ok"}, command.id, msg=opened)
        elif (handler := self._handlers.get(command.cmd)) is not None:
            handler(_Request(command.id, command.read_params(), now_ts))
        else:
            raise CommandRefused(5)

    def _subscribe(self, request: _Request) -> None:
        if not request.params.channels:
            raise CommandRefused(3)
        tickers = request.params.tickers()
        for channel in request.params.channels:
            try:
                self._open(channel, tickers, request)
            except CommandRefused as refusal:  # the other channels of the command still work
                self._refuse(request.id, refusal)

    def _open(self, channel: str, tickers: list[str] | None, request: _Request) -> None:
        if channel not in CHANNELS:
            raise CommandRefused(8)
        if channel == Channel.BOOK and not tickers:
            raise CommandRefused(14)
        if channel in FILTERED_CHANNELS and tickers == []:
            raise CommandRefused(11)
        opened = (known for known in self._subscriptions.values() if known.channel == channel)
        subscription = next(opened, None)
        if subscription is None:
            subscription = self._new_subscription(channel, request.params)
            msg = {"channel": channel, "sid": subscription.sid}
            self._reply({"type": "subscribed"}, request.id, msg=msg)
            added = self._listen(subscription, tickers)
        else:
            added = self._listen(subscription, tickers)
            self._ok(request.id, subscription)
        self._introduce(subscription, added, request)

    def _unsubscribe(self, request: _Request) -> None:
        if not request.params.sids:
            raise CommandRefused(4)
        for sid in request.params.sids:
            subscription = self._subscriptions.pop(sid, None)
            if subscription is None:
                self._refuse(request.id, CommandRefused(7))
            else:
                self._unlisten_all(subscription)
                self._reply({"type": "unsubscribed", "sid": sid, "seq": subscription.next_seq()}, request.id)

    def _update(self, request: _Request) -> None:
        action = request.params.action
        if not action:
            raise CommandRefused(15)
        subscription = self._subscriptions.get(request.params.the_sid())
        if subscription is None:
            raise CommandRefused(7)
        if action == "get_snapshot" and subscription.channel == Channel.BOOK:
            self._get_snapshot(subscription, request)
        elif action in {"add_markets", "delete_markets"} and _takes_markets(subscription):
            self._change_markets(subscription, request)
        else:
            raise CommandRefused(13, subscription)

    def _change_markets(self, subscription: Subscription, request: _Request) -> None:
        tickers = request.params.tickers()
        if not tickers:
            raise CommandRefused(14, subscription)
        if request.params.action == "delete_markets":
            self._unlisten(subscription, tickers)
            self._ok(request.id, subscription)
            return
        added = self._listen(subscription, tickers)
        self._ok(request.id, subscription)
        self._introduce(subscription, added, request)

    def _get_snapshot(self, subscription: Subscription, request: _Request) -> None:
        if request.params.market_tickers is None:  # this action does not take the singular form
            raise CommandRefused(14, subscription)
        for ticker in request.params.market_tickers:
            subscription.say("orderbook_snapshot", self._snapshot(ticker, subscription), answers=request.id)

    def _new_subscription(self, channel: str, params: Params) -> Subscription:
        self._last_sid += 1
        subscription = Subscription(
            self._last_sid,
            channel,
            self.outbox,
            yes_scale=params.use_yes_price,
            lists_markets=not params.skip_ticker_ack,
        )
        self._subscriptions[subscription.sid] = subscription
        return subscription

    def _listen(self, subscription: Subscription, tickers: list[str] | None) -> list[str]:
        """Return the tickers that are new to the subscription; without a list it hears every market."""
        if subscription.channel not in FILTERED_CHANNELS:
            return []
        if tickers is None:
            subscription.everything = True
        added = [ticker for ticker in dict.fromkeys(tickers or ()) if ticker not in subscription.tickers]
        subscription.tickers.update(dict.fromkeys(added))
        for market in self._known(self._markets if tickers is None else added):
            market.listeners(subscription.channel)[subscription] = None
        return added

    def _unlisten(self, subscription: Subscription, tickers: Iterable[str]) -> None:
        for ticker in tickers:
            subscription.tickers.pop(ticker, None)
        for market in self._known(tickers):
            market.listeners(subscription.channel).pop(subscription, None)

    def _unlisten_all(self, subscription: Subscription) -> None:
        self._unlisten(subscription, list(self._markets if subscription.everything else subscription.tickers))

    def _known(self, tickers: Iterable[str]) -> list[Market]:
        return [self._markets[ticker] for ticker in tickers if ticker in self._markets]

    def _introduce(self, subscription: Subscription, added: list[str], request: _Request) -> None:
        if subscription.channel == Channel.BOOK:
            for ticker in added:
                subscription.say("orderbook_snapshot", self._snapshot(ticker, subscription))
        elif subscription.channel == Channel.TICKER and request.params.send_initial_snapshot:
            for market in self._known(added):
                subscription.say_unsequenced("ticker", market.ticker_now(request.now_ts))

    def _snapshot(self, ticker: str, subscription: Subscription) -> bytes:
        market = self._markets.get(ticker)
        if market is None:
            return unknown_snapshot(ticker)
        return market.snapshot(yes_scale=subscription.yes_scale)

    def _ok(self, command_id: int, subscription: Subscription) -> None:
        listed = subscription.lists_markets and _takes_markets(subscription)
        msg = {"market_tickers": list(subscription.tickers)} if listed else {}
        envelope = {"type": "ok", "sid": subscription.sid, "seq": subscription.next_seq()}
        self._reply(envelope, command_id, msg=msg)

    def _refuse(self, command_id: int, refusal: CommandRefused) -> None:
        envelope: dict[str, object] = {"type": "error"}
        if refusal.subscription is not None:
            envelope["sid"] = refusal.subscription.sid
            if refusal.subscription.channel not in UNSEQUENCED_CHANNELS:
                envelope["seq"] = refusal.subscription.next_seq()
        self._reply(envelope, command_id, msg={"code": refusal.code, "msg": ERRORS[refusal.code]})

    def _reply(self, envelope: Mapping[str, object], command_id: int, *, msg: object = None) -> None:
        frame = dict(envelope)
        if command_id:  # 0 means that the command had no id
            frame["id"] = command_id
        if msg is not None:
            frame["msg"] = msg
        self.outbox.append(msgspec.json.encode(frame) + b"\n")


def _takes_markets(subscription: Subscription) -> bool:
    return subscription.channel in FILTERED_CHANNELS and not subscription.everything
