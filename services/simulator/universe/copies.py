"""The same fixture again, weeks later: more markets than were recorded, under tickers of real form."""

import re
from datetime import timedelta

from msgspec.structs import replace

from services.simulator.universe.dates import text_date, text_day, ticker_date, ticker_day
from services.simulator.universe.sports import DAY
from services.simulator.world.listing import Listing, market_id

_TICKER_DATE = re.compile(r"(?<=-)\d\d[A-Z]{3}\d\d")
_TEXT_DATE = re.compile(r"\b[A-Z][a-z]{2} \d{1,2}, \d{4}\b")


def weeks_later(market: Listing, weeks: int) -> Listing:
    """Return a market of the same teams that closes so many weeks later, as a market of its own."""
    if not weeks:
        return market
    event_ticker = _later_ticker(market.event_ticker, weeks)
    ticker = event_ticker + market.ticker.removeprefix(market.event_ticker)
    shift = 7 * weeks * DAY
    return replace(
        market,
        ticker=ticker,
        market_id=market_id(ticker),
        event_ticker=event_ticker,
        title=_later_text(market.title, weeks),
        rules_primary=_later_text(market.rules_primary, weeks),
        rules_secondary=_later_text(market.rules_secondary, weeks),
        close_ts=market.close_ts + shift,
        expected_expiration_ts=market.expected_expiration_ts + shift,
        latest_expiration_ts=market.latest_expiration_ts + shift,
    )


def _later_ticker(event_ticker: str, weeks: int) -> str:
    found = _TICKER_DATE.search(event_ticker)
    day = ticker_day(found[0]) if found else None
    if found is None or day is None:
        return f"{event_ticker}W{weeks}"
    return event_ticker[: found.start()] + ticker_date(day + timedelta(weeks=weeks)) + event_ticker[found.end() :]


def _later_text(text: str, weeks: int) -> str:
    def later(found: re.Match[str]) -> str:
        day = text_day(found[0])
        return text_date(day + timedelta(weeks=weeks)) if day else found[0]

    return _TEXT_DATE.sub(later, text)
