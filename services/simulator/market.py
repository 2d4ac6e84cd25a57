"""One market: its book, its listeners, and the forms in which the exchange tells of it."""

from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

import msgspec

from proto.units import DOLLAR, SECOND, Ladder
from services.simulator.subscription import Subscription
from shared.kalshi.numbers import format_count, format_dollars
from shared.market.book import Book

Listeners: TypeAlias = dict[Subscription, None]
JsonObject: TypeAlias = dict[str, object]

#: Recordings do not tell when their markets opened and closed: while they are played they are open.
_OPEN_TIME = "2020-01-01T00:00:00Z"
_CLOSE_TIME = "2099-01-01T00:00:00Z"


class Quote(NamedTuple):
    """Best bid and ask for yes; 0 and one dollar, with nothing resting, where there is none."""

    yes_bid: int
    yes_bid_quantity: int
    yes_ask: int
    yes_ask_quantity: int


class Market:
    """A market that is played; `legacy` if its frames carry cents, which its snapshots then do too."""

    def __init__(self, ticker: str, market_id: str, *, legacy: bool) -> None:
        self.ticker = ticker
        self.market_id = market_id
        self.legacy = legacy
        self.book = Book()
        self.recorded_ticker: bytes | None = None
        self._listeners: dict[str, Listeners] = {}
        self._told = self.quote()

    @property
    def event_ticker(self) -> str:
        """The event, by the convention that a market's ticker begins with it."""
        return self.ticker.rpartition("-")[0] or self.ticker

    @property
    def series_ticker(self) -> str:
        """The series, by the same convention."""
        return self.ticker.partition("-")[0]

    def listeners(self, channel: str) -> Listeners:
        """Return who listens to a channel of this market; meant to be changed."""
        return self._listeners.setdefault(channel, {})

    def is_heard(self) -> bool:
        """Tell whether anybody listens to any channel."""
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

    def snapshot(self, *, yes_scale: bool) -> bytes:
        """Return the `msg` of a book snapshot; the key of an empty side is absent."""
        yes, no = reversed(self.book.ladder("yes")), reversed(self.book.ladder("no"))
        msg: JsonObject = {"market_ticker": self.ticker, "market_id": self.market_id}
        if self.legacy:
            del msg["market_id"]
            msg["yes"] = [(price // 100, quantity // 100) for price, quantity in yes]
            msg["no"] = [(price // 100, quantity // 100) for price, quantity in no]
        else:
            turned = [(DOLLAR - price, quantity) for price, quantity in no][::-1] if yes_scale else no
            msg["yes_dollars_fp"] = [_level(*level) for level in yes]
            msg["no_dollars_fp"] = [_level(*level) for level in turned]
        return msgspec.json.encode({key: value for key, value in msg.items() if value != []})

    def ticker_now(self, now_ts: int) -> bytes:
        """Return the `msg` of a ticker: derived from the book, or the last recorded if there is no book."""
        has_book = self.book.yes.levels or self.book.no.levels
        return self.derived_ticker(now_ts) if has_book else self.recorded_ticker or self.derived_ticker(now_ts)

    def derived_ticker(self, now_ts: int) -> bytes:
        """Return the `msg` of a ticker; what a book does not tell (trades, volumes) is zero."""
        quote = self.quote()
        return msgspec.json.encode(
            {
                "market_ticker": self.ticker,
                "market_id": self.market_id,
                "price_dollars": "0.0000",
                "yes_bid_dollars": format_dollars(quote.yes_bid),
                "yes_ask_dollars": format_dollars(quote.yes_ask),
                "volume_fp": "0.00",
                "open_interest_fp": "0.00",
                "dollar_volume": 0,
                "dollar_open_interest": 0,
                "yes_bid_size_fp": format_count(quote.yes_bid_quantity),
                "yes_ask_size_fp": format_count(quote.yes_ask_quantity),
                "last_trade_size_fp": "0.00",
                "ts": now_ts // SECOND,
                "ts_ms": now_ts // 1000,
                "time": datetime.fromtimestamp(now_ts / SECOND, UTC).isoformat().replace("+00:00", "Z"),
            }
        )

    def rest_orderbook(self, depth: int) -> JsonObject:
        """Return the REST form of the book: no prices on the no side, best level last; depth 0 means all."""
        return {
            "orderbook_fp": {
                "yes_dollars": _ascending(self.book.ladder("yes", depth)),
                "no_dollars": _ascending(self.book.ladder("no", depth)),
            }
        }

    def rest_market(self) -> JsonObject:
        """Return the REST form of the market, as far as a recording tells."""
        quote = self.quote()
        return {
            "ticker": self.ticker,
            "event_ticker": self.event_ticker,
            "market_type": "binary",
            "title": f"{self.ticker} (replay)",
            "yes_sub_title": "",
            "no_sub_title": "",
            "status": "active",
            "result": "",
            "open_time": _OPEN_TIME,
            "close_time": _CLOSE_TIME,
            "yes_bid_dollars": format_dollars(quote.yes_bid),
            "yes_ask_dollars": format_dollars(quote.yes_ask),
            "no_bid_dollars": format_dollars(DOLLAR - quote.yes_ask),
            "no_ask_dollars": format_dollars(DOLLAR - quote.yes_bid),
            "yes_bid_size_fp": format_count(quote.yes_bid_quantity),
            "yes_ask_size_fp": format_count(quote.yes_ask_quantity),
        }


def unknown_snapshot(ticker: str) -> bytes:
    """Return the `msg` of a snapshot for a market that does not exist: no sides and no id."""
    return msgspec.json.encode({"market_ticker": ticker, "market_id": ""})


def _ascending(ladder: Ladder) -> list[tuple[str, str]]:
    return [_level(price, quantity) for price, quantity in reversed(ladder)]


def _level(price: int, quantity: int) -> tuple[str, str]:
    return format_dollars(price), format_count(quantity)
