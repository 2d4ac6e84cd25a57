"""Where it happens: every change of a book, every trade and every step of a market's life passes here and is told."""

from collections.abc import Callable, Sequence

from proto.units import DOLLAR, Ladder, Side
from services.simulator.feed.channels import Channel
from services.simulator.feed.subscription import Subscription
from services.simulator.world import messages
from services.simulator.world.market import Market
from services.simulator.world.messages import Stamp, Stamps
from services.simulator.world.tape import Trade
from services.simulator.world.uuids import drawn_uuid
from services.simulator.world.world import World


class Floor:
    """Changes the world and tells those who listen; `told` counts messages about markets, heard or not."""

    def __init__(self, world: World, uniform: Callable[[], float]) -> None:
        self.world = world
        self.told = 0
        self._stamps = Stamps()
        self._uniform = uniform

    def change(self, market: Market, changes: Sequence[tuple[Side, int, int]], ts: int) -> None:
        """Change levels of a book, all with one time; raises NegativeLevel."""
        stamp = self._stamps.at(ts)
        history, listeners = self.world.history, market.listeners(Channel.BOOK)
        for side, price, delta in changes:
            market.book.apply(side, price, delta)
            history.changed(market.ticker, side, price, delta)
            self.told += 1
            if listeners:
                self._tell_change(market, side, price, delta, stamp)

    def trade(self, market: Market, prints: Sequence[tuple[int, int, Side]], ts: int) -> None:
        """Report trades of (yes price, quantity, taker's side)."""
        stamp = self._stamps.at(ts)
        for yes_price, quantity, taker in prints:
            market.traded(yes_price, quantity)
            trade_id = drawn_uuid(self._uniform)
            self.world.tape.add(Trade(trade_id, market.ticker, yes_price, quantity, taker, ts))
            msg = market.phrases.trade(trade_id.encode(), yes_price, quantity, taker, stamp)
            self.tell("trade", msg, Channel.TRADE, market)

    def quote(self, market: Market, ts: int, *, traded: bool = False) -> None:
        """Tell the ticker of a market, if anything that it tells has changed."""
        if market.moved() or traded:
            msg = market.ticker_msg(self._stamps.at(ts))
            self.tell("ticker", msg, Channel.TICKER, market)

    def replace(self, market: Market, yes: Ladder, no: Ladder) -> None:
        """Replace a book without telling."""
        self.world.history.replaced(market.ticker, market.book)
        market.book.load(yes, no)

    def show(self, market: Market) -> None:
        """Send a book to everybody who listens to it, unasked."""
        for subscription in market.listeners(Channel.BOOK):
            self.say_book(subscription, market.ticker)

    def say_book(self, subscription: Subscription, ticker: str, *, answers: int = 0) -> None:
        """Send one subscriber a book; a market that does not exist has no sides and no id."""
        market = self.world.markets.get(ticker)
        if market is None:
            msg = messages.snapshot(ticker, "", (), (), yes_scale=False)
        else:
            msg = market.snapshot(yes_scale=subscription.yes_scale)
        subscription.say("orderbook_snapshot", msg, answers=answers)
        subscription.moments.note(subscription.seq, self.world.history.number)

    def tell_book(self, market: Market, kind: str, msg: bytes, turned: bytes) -> None:
        """Tell everybody who listens to a book; `turned` has the prices of the no side on the yes scale."""
        self.told += 1
        number = self.world.history.number
        for subscription in market.listeners(Channel.BOOK):
            subscription.say(kind, turned if subscription.yes_scale else msg)
            subscription.moments.note(subscription.seq, number)

    def _tell_change(self, market: Market, side: Side, price: int, delta: int, stamp: Stamp) -> None:
        number = self.world.history.number
        own = turned = b""
        for subscription in market.listeners(Channel.BOOK):
            if subscription.yes_scale and side == "no":
                msg = turned = turned or market.phrases.delta(side, DOLLAR - price, delta, stamp)
            else:
                msg = own = own or market.phrases.delta(side, price, delta, stamp)
            subscription.say("orderbook_delta", msg)
            subscription.moments.note(subscription.seq, number)

    def tell(self, kind: str, msg: bytes, channel: Channel, market: Market) -> None:
        """Tell everybody who hears this channel of a market."""
        self.told += 1
        for subscription in self.world.hearing(channel, market):
            subscription.say(kind, msg)

    def announce(self, kind: str, msg: bytes, channel: Channel, *, index: str = "") -> None:
        """Tell everybody who hears a channel that is about no single market; of an index, who asked for it."""
        for subscription in self.world.everywhere[channel]:
            if not index or subscription.has_asked_for(index):
                subscription.say(kind, msg)
