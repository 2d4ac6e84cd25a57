"""REST replies about markets: as the exchange writes them, and as the bus carries them.

Members come and go without notice: unknown ones are ignored, most may be missing, and one market that can not be
understood does not spoil its page.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from proto.catalog import ListedMarket
from proto.market import PriceRange
from proto.reading import UNREADABLE
from proto.subjects import series_of
from proto.units import DOLLAR
from shared.kalshi.errors import Inexact, Malformed
from shared.kalshi.members import rfc3339
from shared.kalshi.numbers import dollars
from shared.kalshi.wire import Name, PriceRangeMsg


class MarketsPage(msgspec.Struct, frozen=True):
    """One page of a list; an empty cursor means that it was the last one."""

    markets: list[msgspec.Raw]
    cursor: str | None = None


class MarketReply(msgspec.Struct, frozen=True):
    """The answer to a look-up of one market."""

    market: msgspec.Raw


class MarketMsg(msgspec.Struct, frozen=True, gc=False):
    """A market as REST shows it; `subtitle` and `expiration_time` are the older spellings."""

    ticker: Name
    event_ticker: str | None = None
    series_ticker: str | None = None
    market_type: str | None = None
    title: str | None = None
    subtitle: str | None = None
    yes_sub_title: str | None = None
    no_sub_title: str | None = None
    status: Annotated[str, Meta(min_length=1)] = "initialized"
    open_time: str | None = None
    close_time: str | None = None
    expected_expiration_time: str | None = None
    latest_expiration_time: str | None = None
    expiration_time: str | None = None
    settlement_timer_seconds: int | None = None
    settlement_bounds_type: str | None = None
    settlement_value_dollars: str | None = None
    settlement_ts: str | None = None
    can_close_early: bool | None = None
    result: str | None = None
    strike_type: str | None = None
    floor_strike: float | None = None
    cap_strike: float | None = None
    custom_strike: dict[str, Any] | None = None
    price_level_structure: str | None = None
    price_ranges: list[PriceRangeMsg] | None = None
    notional_value_dollars: str | None = None
    exchange_index: int | None = None
    mve_collection_ticker: str | None = None
    is_provisional: bool | None = None


class Listed(msgspec.Struct, frozen=True):
    """What a reply holds: the markets that were understood, why others were not, and where the list goes on."""

    markets: tuple[ListedMarket, ...]
    problems: tuple[str, ...] = ()
    cursor: str = ""


_PAGE = msgspec.json.Decoder(MarketsPage)
_REPLY = msgspec.json.Decoder(MarketReply)
_MARKET = msgspec.json.Decoder(MarketMsg)


def read_page(body: bytes, updated_ts: int) -> Listed:
    """Return a page of GET /markets; raises Malformed if it is none."""
    try:
        page = _PAGE.decode(body)
    except UNREADABLE as error:
        raise Malformed("invalid", f"no page of markets: {error}") from error
    return _listed(page.markets, page.cursor or "", updated_ts)


def read_market(body: bytes, updated_ts: int) -> Listed:
    """Return the answer to GET /markets/{ticker}; raises Malformed if it is none."""
    try:
        reply = _REPLY.decode(body)
    except UNREADABLE as error:
        raise Malformed("invalid", f"no market: {error}") from error
    return _listed([reply.market], "", updated_ts)


def _listed(raws: list[msgspec.Raw], cursor: str, updated_ts: int) -> Listed:
    markets: list[ListedMarket] = []
    problems: list[str] = []
    for raw in raws:
        try:
            markets.append(_market(_MARKET.decode(raw), updated_ts))
        except (Malformed, Inexact, *UNREADABLE) as error:
            problems.append(str(error))
    return Listed(tuple(markets), tuple(problems), cursor)


def _market(msg: MarketMsg, updated_ts: int) -> ListedMarket:
    settlement = _dollars(msg.settlement_value_dollars)
    if settlement is not None and not 0 <= settlement <= DOLLAR:
        raise Malformed("out_of_range", f"settlement_value_dollars {settlement}")
    return ListedMarket(
        ticker=msg.ticker,
        event_ticker=msg.event_ticker or "",
        series_ticker=msg.series_ticker or series_of(msg.event_ticker or msg.ticker),
        status=msg.status,
        followed=False,
        updated_ts=updated_ts,
        title=msg.title or "",
        yes_sub_title=msg.yes_sub_title or msg.subtitle or "",
        no_sub_title=msg.no_sub_title or "",
        market_type=msg.market_type or "",
        open_ts=_time(msg.open_time),
        close_ts=_time(msg.close_time),
        can_close_early=msg.can_close_early,
        expected_expiration_ts=_time(msg.expected_expiration_time),
        latest_expiration_ts=_time(msg.latest_expiration_time or msg.expiration_time),
        settlement_timer_s=msg.settlement_timer_seconds,
        settlement_bounds_type=msg.settlement_bounds_type or "",
        result=msg.result or "",
        settlement_value=settlement,
        settled_ts=_time(msg.settlement_ts),
        strike_type=msg.strike_type or "",
        floor_strike=msg.floor_strike,
        cap_strike=msg.cap_strike,
        custom_strike=_texts(msg.custom_strike),
        price_level_structure=msg.price_level_structure or "",
        price_ranges=tuple(_range(band) for band in msg.price_ranges or ()),
        notional_value=_dollars(msg.notional_value_dollars),
        exchange_index=msg.exchange_index,
        mve_collection_ticker=msg.mve_collection_ticker or "",
        is_provisional=bool(msg.is_provisional),
    )


def _dollars(text: str | None) -> int | None:
    return dollars(text) if text else None


def _time(text: str | None) -> int | None:
    return rfc3339(text) if text else None


def _range(band: PriceRangeMsg) -> PriceRange:
    return PriceRange(dollars(band.start), dollars(band.end), dollars(band.step))


def _texts(strike: dict[str, Any] | None) -> dict[str, str] | None:
    return None if strike is None else {name: _text(value) for name, value in strike.items()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
