"""How a subscription comes by its markets and names, and loses them."""

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from proto.units import SECOND
from services.simulator.errors import CommandRefused
from services.simulator.feed.channels import ALL_NAMES, TRAITS, Channel
from services.simulator.feed.habits import Manners
from services.simulator.feed.subscription import Subscription
from services.simulator.session.commands import Params, Request
from services.simulator.session.replies import Replies
from services.simulator.world.floor import Floor
from services.simulator.world.messages import Stamps

#: What a channel of indices calls the list of its names, in an action and as a message.
_LISTS = {
    Channel.INDEX: ("indexlist", "cfbenchmarks_value_indexlist"),
    Channel.INDEX_5HZ: ("indexlist", "cfbenchmarks_value_5hz_indexlist"),
    Channel.PYTH: ("underlying_list", "pyth_value_underlying_list"),
}
_NAME_ACTIONS = {
    "index_ids": ("subscribe_indices", "unsubscribe_indices"),
    "underlying_tickers": ("subscribe_underlyings", "unsubscribe_underlyings"),
}


class Wish(NamedTuple):
    """What a subscription is to be narrowed to; None of either means that it is not."""

    tickers: list[str] | None = None
    names: list[str] | None = None
    by_id: bool = False


class Updates:
    """Changes the subscriptions of one client."""

    def __init__(self, floor: Floor, manners: Manners, replies: Replies) -> None:
        self._floor = floor
        self._manners = manners
        self._replies = replies
        self._stamps = Stamps()

    def wish(self, channel: Channel, params: Params) -> Wish:
        """Return what a subscribe to this channel asks for; raises CommandRefused."""
        traits = TRAITS[channel]
        if traits.named:
            names = getattr(params, traits.named)
            if not names:
                raise CommandRefused(24 if traits.named == "index_ids" else 28)
            return Wish(names=names)
        if channel is Channel.COMMUNICATIONS:
            params.shard()
        if traits.markets == "ignored":
            return Wish()
        wish = self._markets(channel, params)
        if wish.tickers == [] or (traits.markets == "required" and wish.tickers is None):
            raise CommandRefused(14 if traits.markets == "required" else 11)
        return wish

    def check_room(self, wish: Wish) -> None:
        """Raise CommandRefused if these are more markets than one subscription may have."""
        if len(set(wish.tickers or ())) > self._manners.habits.max_markets:
            raise CommandRefused(26)

    def merge(self, subscription: Subscription, wish: Wish, request: Request) -> None:
        """Widen an open subscription by what a second subscribe asks for; raises CommandRefused."""
        self._count(subscription, request.now.ts // SECOND)
        added = self.add(subscription, wish)
        self._ok_and_data(subscription, added, request)

    def update(self, subscription: Subscription, request: Request) -> None:
        """Do what `update_subscription` asks for; raises CommandRefused."""
        self._count(subscription, request.now.ts // SECOND)
        try:
            self._act(subscription, request)
        except CommandRefused as refusal:
            raise CommandRefused(refusal.code, subscription) from refusal

    def _act(self, subscription: Subscription, request: Request) -> None:
        action = request.params.action or ""
        traits = TRAITS[subscription.channel]
        if action == "get_snapshot" and subscription.channel is Channel.BOOK:
            self._get_snapshot(subscription, request)
        elif action in {"add_markets", "delete_markets"} and _takes_markets(subscription):
            self._change_markets(subscription, request)
        elif traits.named and action == _LISTS[subscription.channel][0]:
            names = {traits.named: list(self._floor.world.names.get(subscription.channel, ()))}
            kind = _LISTS[subscription.channel][1]
            said = partial(self._replies.control, kind, subscription, request.id, names)
            self._replies.acknowledge(said, request.now.at)
        elif traits.named and action in _NAME_ACTIONS[traits.named]:
            self._change_names(subscription, request)
        else:
            raise CommandRefused(13)

    def add(self, subscription: Subscription, wish: Wish) -> list[str]:
        """Return the markets that are new to the subscription; raises CommandRefused if they are too many."""
        world = self._floor.world
        if wish.names is not None:
            subscription.names.update(dict.fromkeys(wish.names))
        if wish.tickers is None:
            if subscription.channel is not Channel.BOOK:
                world.unlisten(subscription, subscription.tickers)
                world.everywhere[subscription.channel][subscription] = None
                subscription.tickers.clear()
                subscription.everything = TRAITS[subscription.channel].markets == "optional"
            return []
        added = [ticker for ticker in dict.fromkeys(wish.tickers) if ticker not in subscription.tickers]
        if len(subscription.tickers) + len(added) > self._manners.habits.max_markets:
            raise CommandRefused(26, subscription)
        if subscription.everything:
            return []
        subscription.by_id = wish.by_id or (subscription.by_id and not added)
        subscription.tickers.update(dict.fromkeys(added))
        world.listen(subscription, added)
        return added

    def introduce(self, subscription: Subscription, added: Iterable[str], request: Request) -> None:
        """Send what a subscriber of new markets is given first."""
        if subscription.channel is Channel.BOOK:
            for ticker in added:
                self._replies.data(partial(self._floor.say_book, subscription, ticker))
        elif subscription.channel is Channel.TICKER and request.params.send_initial_snapshot:
            stamp = self._stamps.at(request.now.ts)
            for ticker in added:
                market = self._floor.world.markets.get(ticker)
                if market is not None:
                    self._replies.data(partial(subscription.say, "ticker", market.last_ticker_msg(stamp)))

    def _markets(self, channel: Channel, params: Params) -> Wish:
        ids = params.ids()
        if ids is None:
            return Wish(params.tickers())
        if channel is not Channel.TICKER:
            raise CommandRefused(11)
        # An id that is not known is taken for a market that is not known.
        return Wish([self._floor.world.ticker_of(market_id) or market_id for market_id in ids], by_id=True)

    def _change_markets(self, subscription: Subscription, request: Request) -> None:
        wish = self._markets(subscription.channel, request.params)
        if not wish.tickers:
            raise CommandRefused(14)
        if request.params.action == "add_markets":
            self._ok_and_data(subscription, self.add(subscription, wish), request)
            return
        for ticker in wish.tickers:
            subscription.tickers.pop(ticker, None)
        self._floor.world.unlisten(subscription, wish.tickers)
        self._ok(subscription, request)

    def _change_names(self, subscription: Subscription, request: Request) -> None:
        wish = self.wish(subscription.channel, request.params)
        names = wish.names or []
        if request.params.action in {"subscribe_indices", "subscribe_underlyings"}:
            subscription.names.update(dict.fromkeys(names))
        elif ALL_NAMES in names:
            subscription.names.clear()
        else:
            for name in names:
                subscription.names.pop(name, None)
        self._ok(subscription, request)

    def _get_snapshot(self, subscription: Subscription, request: Request) -> None:
        if request.params.market_tickers is None:  # this action takes neither the singular form nor ids
            raise CommandRefused(14)
        for ticker in request.params.market_tickers:
            self._replies.data(partial(self._floor.say_book, subscription, ticker, answers=request.id))
        if self._manners.habits.ok_after_get_snapshot:
            self._ok(subscription, request)

    def _ok_and_data(self, subscription: Subscription, added: list[str], request: Request) -> None:
        if self._manners.habits.ok_after_snapshots:
            self.introduce(subscription, added, request)
            self._ok(subscription, request)
        else:
            self._ok(subscription, request)
            self.introduce(subscription, added, request)

    def _ok(self, subscription: Subscription, request: Request) -> None:
        said = partial(self._replies.control, "ok", subscription, request.id, self._ok_msg(subscription))
        self._replies.acknowledge(said, request.now.at)

    def _ok_msg(self, subscription: Subscription) -> dict[str, list[str]]:
        named = TRAITS[subscription.channel].named
        if named:
            return {named: list(subscription.names)}
        if not subscription.lists_markets or not _takes_markets(subscription):
            return {}
        if not subscription.by_id:
            return {"market_tickers": list(subscription.tickers)}
        return {"market_ids": [self._id_of(ticker) for ticker in subscription.tickers]}

    def _id_of(self, ticker: str) -> str:
        market = self._floor.world.markets.get(ticker)
        # What is not known was named by its id.
        return ticker if market is None else market.listing.market_id

    def _count(self, subscription: Subscription, second: int) -> None:
        counted_second, commands = subscription.counted
        commands = commands + 1 if counted_second == second else 1
        subscription.counted = second, commands
        if commands > self._manners.habits.max_commands:
            raise CommandRefused(27, subscription)


def _takes_markets(subscription: Subscription) -> bool:
    return TRAITS[subscription.channel].markets != "ignored" and not subscription.everything
