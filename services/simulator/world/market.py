"""One market: its facts, its phase, its book, what was traded, and who listens."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from proto.units import DOLLAR, Ladder, Side
from services.simulator.feed.subscription import Subscription
from services.simulator.world import messages
from services.simulator.world.listing import Listing
from services.simulator.world.messages import Phrases, Stamp, TickerValues
from services.simulator.world.ticks import Ticks, ticks
from shared.market.book import Book

Listeners: TypeAlias = dict[Subscription, None]


class Phase(StrEnum):
    """Where in its life a market is; REST's words."""

    INITIALIZED = "initialized"
    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"
    DETERMINED = "determined"
    FINALIZED = "finalized"


class Quote(NamedTuple):
    """Best bid and ask for yes; 0 and one dollar, with nothing resting, where there is none."""

    yes_bid: int
    yes_bid_quantity: int
    yes_ask: int
    yes_ask_quantity: int


class Market:
    """A market with what changes about it; times are microseconds, None until they have come.

    `replayed` if a capture moves it, and nobody else may; `legacy` if its recorded frames carry cents, which its
    snapshots then do too. `recorded_ticker` is what was last played on its ticker channel.
    """

    def __init__(self, listing: Listing, *, replayed: bool = False, legacy: bool = False) -> None:
        opening = listing.opening
        self.listing = listing
        self.ticker = listing.ticker
        self.ticks: Ticks = ticks(listing.price_level_structure)
        self.book = Book()
        self.phase = Phase.ACTIVE
        self.replayed = replayed
        self.legacy = legacy
        self.recorded_ticker: bytes | None = None
        self.updated_ts = listing.created_ts
        self.determined_ts: int | None = None
        self.settled_ts: int | None = None
        self.result = ""
        self.settlement_value: int | None = None
        self.last_price = opening.last_price
        self.last_quantity = 0
        self.volume = opening.volume
        self.volume_24h = opening.volume_24h
        self.open_interest = opening.open_interest
        self.phrases = Phrases(listing.ticker, listing.market_id)
        self._listeners: dict[str, Listeners] = {}
        self._told = self.quote()
        self._ticker_stamp: Stamp | None = None

    @property
    def is_combo(self) -> bool:
        """Whether it is made of other markets."""
        return bool(self.listing.mve_collection_ticker)

    def listeners(self, channel: str) -> Listeners:
        """Return who listens to a channel of this market; meant to be changed."""
        return self._listeners.setdefault(channel, {})

    def is_heard(self) -> bool:
        """Tell whether anybody listens to any channel of this market by name."""
        return any(self._listeners.values())

    def quote(self) -> Quote:
        """Return the best prices as they are now."""
        yes, no = self.book.yes, self.book.no
        yes_best, no_best = yes.best_two()[0], no.best_two()[0]
        return Quote(
            0 if yes_best is None else yes_best,
            0 if yes_best is None else yes.levels[yes_best],
            DOLLAR if no_best is None else DOLLAR - no_best,
            0 if no_best is None else no.levels[no_best],
        )

    def moved(self) -> bool:
        """Tell whether the quote differs from when this was last asked."""
        before, self._told = self._told, self.quote()
        return before != self._told

    def can_have_moved(self, changes: Iterable[tuple[Side, int, int]]) -> bool:
        """Tell, for less than `moved` costs, whether changes since it was asked reach the best levels."""
        told = self._told
        for side, price, _ in changes:  # noqa: SIM110 - any() takes twice as long, and this is done for every action
            if price >= (told.yes_bid if side == "yes" else DOLLAR - told.yes_ask):
                return True
        return False

    def traded(self, yes_price: int, quantity: int) -> None:
        """Note a trade; half of what is traded is taken to open positions, the other half to close some."""
        self.last_price = yes_price
        self.last_quantity = quantity
        self.volume += quantity
        self.volume_24h += quantity
        self.open_interest += quantity // 2

    def snapshot(self, *, yes_scale: bool) -> bytes:
        """Return the `msg` of a book snapshot."""
        yes, no = self.ladders()
        if self.legacy:
            return messages.legacy_snapshot(self.ticker, yes, no)
        return messages.snapshot(self.ticker, self.listing.market_id, yes, no, yes_scale=yes_scale)

    def ladders(self) -> tuple[Ladder, Ladder]:
        """Return both ladders, best first."""
        return self.book.ladder("yes"), self.book.ladder("no")

    def ticker_msg(self, stamp: Stamp) -> bytes:
        """Return the `msg` of a ticker that is caused now."""
        self._ticker_stamp = stamp
        return self.phrases.ticker(self._ticker_values(), stamp)

    def last_ticker_msg(self, stamp: Stamp) -> bytes:
        """Return the `msg` of the ticker as it was last caused, which can be long ago; `stamp` if it never was."""
        if self.recorded_ticker is not None:
            return self.recorded_ticker
        return self.phrases.ticker(self._ticker_values(), self._ticker_stamp or stamp)

    def _ticker_values(self) -> TickerValues:
        quote = self.quote()
        return TickerValues(
            last_price=self.last_price,
            yes_bid=quote.yes_bid,
            yes_ask=quote.yes_ask,
            volume=self.volume,
            open_interest=self.open_interest,
            yes_bid_quantity=quote.yes_bid_quantity,
            yes_ask_quantity=quote.yes_ask_quantity,
            last_quantity=self.last_quantity,
        )
