"""How markets end: by their last price, for nobody here plays the matches."""

from collections.abc import Callable

from proto.units import DOLLAR
from services.simulator.world.market import Market
from services.simulator.world.world import World


class Outcomes:
    """Decides results.

    Of the markets of a mutually exclusive event exactly one ends with yes, the dearest; any other market does with the
    probability that its price tells. A price is the middle between the best bids, the last trade if one is missing.
    """

    def __init__(self, world: World, uniform: Callable[[], float]) -> None:
        self._world = world
        self._uniform = uniform
        self._prices: dict[str, int] = {}
        self._won: set[str] = set()

    def note(self, market: Market) -> None:
        """Remember the price of a market whose book is about to be emptied."""
        self._prices[market.ticker] = _price(market)

    def decided(self, market: Market) -> None:
        """Note a result, which decides that of the others in its event."""
        if market.result == "yes":
            self._won.add(market.listing.event_ticker)

    def forget(self, market: Market) -> None:
        """Forget a market that is gone, and with its last one the event."""
        self._prices.pop(market.ticker, None)
        if not self._world.markets_of(market.listing.event_ticker):
            self._won.discard(market.listing.event_ticker)

    def result(self, market: Market) -> str:
        """Return how a market ends."""
        event = self._world.events.get(market.listing.event_ticker)
        siblings = self._world.markets_of(market.listing.event_ticker)
        if event is not None and event.mutually_exclusive and len(siblings) > 1:
            return _answer(event.ticker not in self._won and self._is_dearest(market, siblings))
        if market.is_combo:
            return self._of_legs(market)
        return _answer(self._happens(self._price(market)))

    def _is_dearest(self, market: Market, siblings: list[Market]) -> bool:
        open_ones = [sibling for sibling in siblings if not sibling.result]
        return market is max(open_ones, key=self._price)

    def _of_legs(self, combo: Market) -> str:
        """A leg that has no result yet is drawn by its price; one that nobody lists any more is taken to be lost."""
        for leg in combo.listing.mve_selected_legs:
            market = self._world.markets.get(leg.market_ticker)
            if market is None:
                return "no"
            ends = market.result or _answer(self._happens(self._price(market)))
            if ends != leg.side:
                return "no"
        return "yes"

    def _price(self, market: Market) -> int:
        noted = self._prices.get(market.ticker)
        return _price(market) if noted is None else noted

    def _happens(self, price: int) -> bool:
        return self._uniform() * DOLLAR < price


def _price(market: Market) -> int:
    quote = market.quote()
    if quote.yes_bid_quantity and quote.yes_ask_quantity:
        return (quote.yes_bid + quote.yes_ask) // 2
    return market.last_price or DOLLAR // 2


def _answer(happened: bool) -> str:
    return "yes" if happened else "no"
