"""The exchange's objects as REST shows them."""

from functools import lru_cache
from typing import Any

from proto.units import DOLLAR
from services.simulator.world import messages
from services.simulator.world.listing import Event, Listing, Series
from services.simulator.world.market import Market, Phase, Quote
from services.simulator.world.messages import levels, price_ranges, strikes
from services.simulator.world.tape import Trade
from shared.kalshi.numbers import format_count, format_dollars
from shared.market.book import Book

_OVER = frozenset({Phase.CLOSED, Phase.DETERMINED, Phase.FINALIZED})
_EMPTY = Quote(0, 0, DOLLAR, 0)
#: As recorded: before a market opens its ask is nothing, too.
_UNOPENED = Quote(0, 0, 0, 0)
_NOTHING = format_dollars(0)


@lru_cache(maxsize=50_000)
def time(ts: int) -> str:
    """Return a time as REST shows it; many markets share theirs."""
    return messages.rfc3339(ts)


def market(known: Market) -> dict[str, Any]:
    """Return a market; members that nothing can be said about are absent, as at the exchange."""
    shown = _listed(known.listing) | _quoted(known)
    shown |= {
        "status": known.phase,
        "result": known.result,
        "updated_time": time(known.updated_ts),
        "price_level_structure": known.ticks.label,
        "price_ranges": price_ranges(known.ticks),
    }
    if known.settlement_value is not None:
        shown["settlement_value_dollars"] = format_dollars(known.settlement_value)
    if known.settled_ts is not None:
        shown["settlement_ts"] = time(known.settled_ts)
    return shown


def orderbook(book: Book, depth: int = 0) -> dict[str, Any]:
    """Return a book on the scale of each side, best level last."""
    return {
        "yes_dollars": levels(book.ladder("yes", depth)[::-1]),
        "no_dollars": levels(book.ladder("no", depth)[::-1]),
    }


def trade(known: Trade) -> dict[str, Any]:
    """Return a trade."""
    return {
        "trade_id": known.trade_id,
        "ticker": known.ticker,
        "count_fp": format_count(known.quantity),
        "yes_price_dollars": format_dollars(known.yes_price),
        "no_price_dollars": format_dollars(DOLLAR - known.yes_price),
        "taker_side": known.taker,
        "taker_outcome_side": known.taker,
        "taker_book_side": "bid" if known.taker == "yes" else "ask",
        "is_block_trade": False,
        "created_time": time(known.ts),
    }


def event(known: Event, *, category: str, updated_ts: int) -> dict[str, Any]:
    """Return an event without its markets."""
    shown = {
        "event_ticker": known.ticker,
        "series_ticker": known.series_ticker,
        "title": known.title,
        "sub_title": known.sub_title,
        "category": category,
        "mutually_exclusive": known.mutually_exclusive,
        "collateral_return_type": "MECNET" if known.mutually_exclusive else "",
        "settlement_sources": [],
        "last_updated_ts": time(updated_ts),
        "exchange_index": known.exchange_index,
    }
    if known.strike_ts is not None:
        shown["strike_date"] = time(known.strike_ts)
    return shown


def series(known: Series) -> dict[str, Any]:
    """Return a series without what its markets add up to."""
    return {
        "ticker": known.ticker,
        "frequency": known.frequency,
        "title": known.title,
        "category": known.category,
        "categories": [known.category],
        "tags": known.tags or None,
        "settlement_sources": [],
        "contract_url": "",
        "contract_terms_url": "",
        "fee_type": "quadratic",
        "fee_multiplier": 1,
        "additional_prohibitions": [],
    }


def _listed(listing: Listing) -> dict[str, Any]:
    shown = {
        "ticker": listing.ticker,
        "event_ticker": listing.event_ticker,
        "market_type": "binary",
        "title": listing.title,
        "yes_sub_title": listing.yes_sub_title,
        "no_sub_title": listing.no_sub_title,
        "created_time": time(listing.created_ts),
        "open_time": time(listing.open_ts),
        "close_time": time(listing.close_ts),
        "expected_expiration_time": time(listing.expected_expiration_ts),
        "expiration_time": time(listing.latest_expiration_ts),
        "latest_expiration_time": time(listing.latest_expiration_ts),
        "occurrence_datetime": time(listing.expected_expiration_ts),
        "settlement_timer_seconds": listing.settlement_timer_seconds,
        "settlement_bounds_type": "default",
        "can_close_early": listing.can_close_early,
        "expiration_value": "",
        "rules_primary": listing.rules_primary,
        "rules_secondary": listing.rules_secondary,
        "exchange_index": listing.exchange_index,
        **strikes(listing),
    }
    if listing.early_close_condition:
        shown["early_close_condition"] = listing.early_close_condition
    if listing.mve_collection_ticker:
        shown["mve_collection_ticker"] = listing.mve_collection_ticker
        shown["mve_selected_legs"] = listing.mve_selected_legs
    return shown


def _quoted(known: Market) -> dict[str, str]:
    quote = _quote(known)
    return {
        "yes_bid_dollars": format_dollars(quote.yes_bid),
        "yes_bid_size_fp": format_count(quote.yes_bid_quantity),
        "yes_ask_dollars": format_dollars(quote.yes_ask),
        "yes_ask_size_fp": format_count(quote.yes_ask_quantity),
        "no_bid_dollars": format_dollars(DOLLAR - quote.yes_ask),
        "no_ask_dollars": format_dollars(DOLLAR - quote.yes_bid),
        "last_price_dollars": format_dollars(known.last_price),
        "volume_fp": format_count(known.volume),
        "volume_24h_fp": format_count(known.volume_24h),
        "open_interest_fp": format_count(known.open_interest),
        "notional_value_dollars": format_dollars(DOLLAR),
        # What was a day ago is not known: nothing, as of every market younger than that.
        "previous_price_dollars": _NOTHING,
        "previous_yes_bid_dollars": _NOTHING,
        "previous_yes_ask_dollars": _NOTHING,
    }


def _quote(known: Market) -> Quote:
    if known.phase is Phase.INITIALIZED:
        return _UNOPENED
    return _EMPTY if known.phase in _OVER else known.quote()
