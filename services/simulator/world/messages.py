"""The `msg` of what is said about markets, as bytes: one encoding for all who listen.

The messages of the hot path are put together from prepared parts, which costs a quarter of encoding an object.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from proto.units import DOLLAR, SECOND, Ladder, Side
from services.simulator.world.listing import Event, Listing
from services.simulator.world.ticks import Ticks
from shared.kalshi.numbers import format_count, format_dollars

PRICES = tuple(format_dollars(price).encode() for price in range(DOLLAR + 1))


class Stamp(NamedTuple):
    """A moment in the forms in which messages tell it."""

    seconds: int
    ts_ms: int
    rfc3339: bytes


class Stamps:
    """Makes stamps; the last one, and the part that changes once a second, are kept."""

    def __init__(self) -> None:
        self._second = -1
        self._text = b""
        self._ts = -1
        self._stamp = Stamp(0, 0, b"")

    def at(self, ts: int) -> Stamp:
        """Return the stamp of a time in microseconds; trailing zeros of the fraction are cut, as the exchange does."""
        if ts == self._ts:
            return self._stamp
        second, micros = divmod(ts, SECOND)
        if second != self._second:
            self._second = second
            self._text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()
        fraction = (b".%06d" % micros).rstrip(b"0").rstrip(b".")
        self._ts, self._stamp = ts, Stamp(second, ts // 1000, b"%b%bZ" % (self._text, fraction))
        return self._stamp


def rfc3339(ts: int) -> str:
    """Return a time as REST tells it."""
    return Stamps().at(ts).rfc3339.decode()


def count_text(quantity: int) -> bytes:
    """Return a quantity as the exchange writes it, never negative."""
    return b"%d.%02d" % divmod(quantity, 100)


class Phrases:
    """The parts of a market's messages that stay the same."""

    __slots__ = ("_delta", "_ticker", "_trade")

    def __init__(self, ticker: str, market_id: str) -> None:
        names = msgspec.json.encode({"market_ticker": ticker, "market_id": market_id})[:-1]
        self._delta = names + b',"price_dollars":"'
        self._ticker = names
        self._trade = b',"market_ticker":%b' % msgspec.json.encode(ticker)

    def delta(self, side: Side, price: int, delta: int, stamp: Stamp) -> bytes:
        """Return the `msg` of a change of one level; the price is written as it is given."""
        sign = b"-" if delta < 0 else b""
        return b'%b%b","delta_fp":"%b%b","side":"%b","ts":"%b","ts_ms":%d}' % (
            self._delta,
            PRICES[price],
            sign,
            count_text(abs(delta)),
            b"yes" if side == "yes" else b"no",
            stamp.rfc3339,
            stamp.ts_ms,
        )

    def trade(self, trade_id: bytes, yes_price: int, quantity: int, taker: Side, stamp: Stamp) -> bytes:
        """Return the `msg` of a trade."""
        side, book_side = (b"yes", b"bid") if taker == "yes" else (b"no", b"ask")
        return (
            b'{"trade_id":"%b"%b,"yes_price_dollars":"%b","no_price_dollars":"%b","count_fp":"%b","taker_side":"%b",'
            b'"taker_outcome_side":"%b","taker_book_side":"%b","is_block_trade":false,"ts":%d,"ts_ms":%d}'
        ) % (
            trade_id,
            self._trade,
            PRICES[yes_price],
            PRICES[DOLLAR - yes_price],
            count_text(quantity),
            side,
            side,
            book_side,
            stamp.seconds,
            stamp.ts_ms,
        )

    def ticker(self, values: "TickerValues", stamp: Stamp) -> bytes:
        """Return the `msg` of a ticker."""
        return (
            b'%b,"price_dollars":"%b","yes_bid_dollars":"%b","yes_ask_dollars":"%b","volume_fp":"%b",'
            b'"open_interest_fp":"%b","dollar_volume":%d,"dollar_open_interest":%d,"yes_bid_size_fp":"%b",'
            b'"yes_ask_size_fp":"%b","last_trade_size_fp":"%b","ts":%d,"ts_ms":%d,"time":"%b"}'
        ) % (
            self._ticker,
            PRICES[values.last_price],
            PRICES[values.yes_bid],
            PRICES[values.yes_ask],
            count_text(values.volume),
            count_text(values.open_interest),
            # The exchange counts half a dollar for each contract, whatever its price.
            values.volume // 200,
            values.open_interest // 200,
            count_text(values.yes_bid_quantity),
            count_text(values.yes_ask_quantity),
            count_text(values.last_quantity),
            stamp.seconds,
            stamp.ts_ms,
            stamp.rfc3339,
        )


class TickerValues(NamedTuple):
    """What a ticker tells: prices in 1/10 000 dollar, quantities in 1/100 contract."""

    last_price: int
    yes_bid: int
    yes_ask: int
    volume: int
    open_interest: int
    yes_bid_quantity: int
    yes_ask_quantity: int
    last_quantity: int


def snapshot(ticker: str, market_id: str, yes: Ladder, no: Ladder, *, yes_scale: bool) -> bytes:
    """Return the `msg` of a book, worst level first; the key of an empty side is absent."""
    turned = [(DOLLAR - price, quantity) for price, quantity in no] if yes_scale else no[::-1]
    msg: dict[str, Any] = {"market_ticker": ticker, "market_id": market_id}
    if yes:
        msg["yes_dollars_fp"] = levels(yes[::-1])
    if no:
        msg["no_dollars_fp"] = levels(turned)
    return msgspec.json.encode(msg)


def legacy_snapshot(ticker: str, yes: Ladder, no: Ladder) -> bytes:
    """Return the `msg` of a book in cents and whole contracts, as it was until March 2026."""
    msg: dict[str, Any] = {"market_ticker": ticker}
    for side, ladder in (("yes", yes), ("no", no)):
        if ladder:
            msg[side] = [(price // 100, quantity // 100) for price, quantity in ladder[::-1]]
    return msgspec.json.encode(msg)


def levels(ladder: Sequence[tuple[int, int]]) -> list[tuple[str, str]]:
    """Return levels as the exchange writes them, in the order given."""
    return [(format_dollars(price), format_count(quantity)) for price, quantity in ladder]


def price_ranges(ticks: Ticks) -> list[dict[str, str]]:
    """Return the tick grid as the exchange writes it."""
    return [
        {"start": format_dollars(r.start), "end": format_dollars(r.end), "step": format_dollars(r.step)}
        for r in ticks.ranges
    ]


def created(listing: Listing, ticks: Ticks, event_title: str) -> bytes:
    """Return the `msg` that announces a market; its times are in seconds."""
    metadata: dict[str, Any] = {
        "name": event_title,
        "title": listing.title,
        "yes_sub_title": listing.yes_sub_title,
        "no_sub_title": listing.no_sub_title,
        "rules_primary": listing.rules_primary,
        "rules_secondary": listing.rules_secondary,
        "can_close_early": listing.can_close_early,
        "event_ticker": listing.event_ticker,
        "expected_expiration_ts": listing.expected_expiration_ts // SECOND,
    }
    # The messages about combos have no ranges.
    ranges = {} if listing.mve_collection_ticker else {"price_ranges": price_ranges(ticks)}
    return lifecycle(
        listing.ticker,
        "created",
        exchange_index=listing.exchange_index,
        open_ts=listing.open_ts // SECOND,
        close_ts=listing.close_ts // SECOND,
        price_level_structure=listing.price_level_structure,
        additional_metadata=metadata | strikes(listing),
        **ranges,
    )


def strikes(listing: Listing) -> dict[str, Any]:
    """Return what the market depends on, as far as it does."""
    known = {
        "strike_type": listing.strike_type or None,
        "floor_strike": listing.floor_strike,
        "cap_strike": listing.cap_strike,
        "custom_strike": listing.custom_strike,
    }
    return {member: value for member, value in known.items() if value is not None}


def lifecycle(ticker: str, event_type: str, /, **members: Any) -> bytes:
    """Return the `msg` of a step in a market's life."""
    return msgspec.json.encode({"market_ticker": ticker, "event_type": event_type, **members})


def event_lifecycle(event: Event) -> bytes:
    """Return the `msg` that announces an event."""
    msg: dict[str, Any] = {
        "event_ticker": event.ticker,
        "exchange_index": event.exchange_index,
        "title": event.title,
        "subtitle": event.sub_title,
        "collateral_return_type": "MECNET" if event.mutually_exclusive else "",
        "series_ticker": event.series_ticker,
    }
    if event.strike_ts is not None:
        msg["strike_date"] = event.strike_ts // SECOND
    return msgspec.json.encode(msg)
