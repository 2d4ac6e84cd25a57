"""The markets of captures, with the facts that recordings do not tell filled in."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from proto.units import SECOND
from services.simulator.errors import BadCapture
from services.simulator.feed.channels import Channel
from services.simulator.replay.capture import Capture, Step
from services.simulator.world.listing import Event, Listing, Series, market_id
from services.simulator.world.market import Market
from services.simulator.world.ticks import STRUCTURES, ticks

#: Recordings do not tell when their markets opened and closed: while they are played they are open.
_OPEN_TS = round(datetime(2020, 1, 1, tzinfo=UTC).timestamp()) * SECOND
_CLOSE_TS = round(datetime(2099, 1, 1, tzinfo=UTC).timestamp()) * SECOND


def markets(captures: Sequence[Capture]) -> list[Market]:
    """Return the markets of all captures with their first books; raises BadCapture if two move the same book."""
    _check_owners(captures)
    found: dict[str, list[Step]] = {}
    for capture in captures:
        for step in capture.steps:
            if step.ticker:
                found.setdefault(step.ticker, []).append(step)
    return [_market(ticker, steps) for ticker, steps in found.items()]


def facts(listed: Iterable[Market]) -> tuple[list[Series], list[Event]]:
    """Return the series and events that markets belong to, by the convention that a ticker begins with them."""
    series: dict[str, Series] = {}
    events: dict[str, Event] = {}
    for listing in (market.listing for market in listed):
        name = listing.series_ticker
        series[name] = Series(ticker=name, title=f"{name} (replay)", category="Replay")
        events[listing.event_ticker] = Event(
            ticker=listing.event_ticker,
            series_ticker=name,
            title=f"{listing.event_ticker} (replay)",
            sub_title="",
            mutually_exclusive=False,
        )
    return list(series.values()), list(events.values())


def _check_owners(captures: Iterable[Capture]) -> None:
    owners: dict[str, Capture] = {}
    for capture in captures:
        for step in capture.steps:
            if step.channel is Channel.BOOK and (owner := owners.setdefault(step.ticker, capture)) is not capture:
                problem = f"{step.ticker} is moved by {owner.name} already, so name one of them in SIM_CAPTURE"
                raise BadCapture(capture.name, 0, problem)


def _market(ticker: str, steps: Sequence[Step]) -> Market:
    listing = Listing(
        ticker=ticker,
        market_id=next((step.market_id for step in steps if step.market_id), market_id(ticker)),
        event_ticker=ticker.rpartition("-")[0] or ticker,
        series_ticker=ticker.partition("-")[0],
        title=f"{ticker} (replay)",
        price_level_structure=_structure(steps),
        created_ts=_OPEN_TS,
        open_ts=_OPEN_TS,
        close_ts=_CLOSE_TS,
        expected_expiration_ts=_CLOSE_TS,
        latest_expiration_ts=_CLOSE_TS,
    )
    market = Market(listing, replayed=True, legacy=any(step.legacy for step in steps))
    first = next((step.ladders for step in steps if step.ladders is not None), None)
    if first is not None:
        market.book.load(*first)
    market.recorded_ticker = next((step.msg for step in steps if step.channel is Channel.TICKER), None)
    return market


def _structure(steps: Iterable[Step]) -> str:
    """Return the coarsest price level structure that has all recorded prices."""
    prices = set(_prices(steps))
    fitting = [label for label in STRUCTURES if prices.issubset(ticks(label).prices)]
    return min(fitting, key=lambda label: len(ticks(label).prices))


def _prices(steps: Iterable[Step]) -> Iterator[int]:
    for step in steps:
        if step.change is not None:
            yield step.change[1]
        for ladder in step.ladders or ():
            yield from (price for price, _ in ladder)
