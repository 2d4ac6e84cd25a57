"""Everything that is listed, who hears all of it, and what happened to the books."""

from collections.abc import Iterable
from itertools import chain

from services.simulator.account.ledger import Ledger
from services.simulator.feed.channels import Channel
from services.simulator.feed.subscription import Subscription
from services.simulator.world.history import History
from services.simulator.world.listing import Event, Series
from services.simulator.world.market import Listeners, Market
from services.simulator.world.tape import Tape


class World:
    """Series, events and markets by ticker; `everywhere` holds who listens to a channel without naming markets."""

    def __init__(self) -> None:
        self.series: dict[str, Series] = {}
        self.events: dict[str, Event] = {}
        self.markets: dict[str, Market] = {}
        #: Counts the markets that came and went.
        self.changes = 0
        self.history = History()
        self.tape = Tape()
        self.ledger = Ledger()
        self.everywhere: dict[Channel, Listeners] = {channel: {} for channel in Channel}
        #: Names that can be asked for on the channels of indices.
        self.names: dict[Channel, tuple[str, ...]] = {}
        #: Whether orders can be placed, and whether the exchange works at all.
        self.trading_active = True
        self.exchange_active = True
        self._awaited: dict[str, dict[Channel, Listeners]] = {}
        self._by_event: dict[str, dict[str, Market]] = {}
        self._by_id: dict[str, Market] = {}

    def add(self, market: Market) -> None:
        """List a market; whoever asked for it before it was there listens to it now."""
        self.changes += 1
        self.markets[market.ticker] = market
        self._by_event.setdefault(market.listing.event_ticker, {})[market.ticker] = market
        self._by_id[market.listing.market_id] = market
        for channel, listeners in self._awaited.pop(market.ticker, {}).items():
            market.listeners(channel).update(listeners)

    def remove(self, market: Market) -> None:
        """Forget a market; its last one takes the event along, and whoever listens would hear it if it came again."""
        self.changes += 1
        del self.markets[market.ticker]
        for channel in Channel:
            if listeners := market.listeners(channel):
                self._awaited.setdefault(market.ticker, {})[channel] = listeners
        self._by_id.pop(market.listing.market_id, None)
        siblings = self._by_event[market.listing.event_ticker]
        del siblings[market.ticker]
        if not siblings:
            del self._by_event[market.listing.event_ticker]
            self.events.pop(market.listing.event_ticker, None)

    def markets_of(self, event_ticker: str) -> list[Market]:
        """Return the markets of an event."""
        return list(self._by_event.get(event_ticker, {}).values())

    def ticker_of(self, market_id: str) -> str | None:
        """Return the ticker of the market with this id."""
        market = self._by_id.get(market_id)
        return None if market is None else market.ticker

    def listen(self, subscription: Subscription, tickers: Iterable[str]) -> None:
        """Let a subscription hear these markets, and those that do not exist yet as soon as they do."""
        for ticker in tickers:
            self._listeners(ticker, subscription.channel)[subscription] = None

    def unlisten(self, subscription: Subscription, tickers: Iterable[str]) -> None:
        """Let a subscription no longer hear these markets."""
        for ticker in tickers:
            self._listeners(ticker, subscription.channel).pop(subscription, None)
            if ticker in self._awaited and not any(self._awaited[ticker].values()):
                del self._awaited[ticker]

    def hearing(self, channel: Channel, market: Market) -> Iterable[Subscription]:
        """Return who hears this channel of a market."""
        return chain(market.listeners(channel), self.everywhere[channel])

    def _listeners(self, ticker: str, channel: Channel) -> Listeners:
        market = self.markets.get(ticker)
        if market is not None:
            return market.listeners(channel)
        return self._awaited.setdefault(ticker, {}).setdefault(channel, {})
