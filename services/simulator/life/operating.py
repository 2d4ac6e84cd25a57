"""The operator's hand: steps in a market's life that are taken when somebody says so."""

from typing import Any

import msgspec

from proto.units import CONTRACT, SECOND
from services.simulator.errors import BadStep
from services.simulator.feed.channels import Channel
from services.simulator.life import steps
from services.simulator.life.calendar import Calendar
from services.simulator.life.lifecycle import Lifecycle
from services.simulator.world.floor import Floor
from services.simulator.world.listing import Arrival, Event, Listing, Opening, Series, market_id
from services.simulator.world.market import Market, Phase
from services.simulator.world.ticks import STRUCTURES, ticks
from shared.kalshi.numbers import dollars
from shared.market.clock import Now

_OPENING = Opening(yes_bid=4800, yes_bid_quantity=100 * CONTRACT, yes_ask=5200, yes_ask_quantity=100 * CONTRACT)
_WEEK = 7 * 24 * 3600 * SECOND

_LISTED = (Phase.INITIALIZED, Phase.ACTIVE, Phase.INACTIVE)
_OPENED = (Phase.ACTIVE, Phase.INACTIVE)
_DECIDABLE = (*_OPENED, Phase.CLOSED)


class Operator:
    """Does what bodies of `/sim/lifecycle` say."""

    def __init__(self, floor: Floor, life: Lifecycle, calendar: Calendar) -> None:
        self._floor = floor
        self._world = floor.world
        self._life = life
        self._calendar = calendar

    def command(self, body: bytes, now: Now) -> dict[str, Any]:
        """Take a step and return what has become of the market or event; raises BadStep."""
        step = steps.read(body)
        match step:
            case steps.Create():
                market = self._life.create(self._arrival(step, now.ts), now.ts)
                if market.listing.open_ts <= now.ts:
                    self._life.open(market, now.ts)
            case steps.Fees():
                return self._fees(step)
            case _:
                market = self._market(step.ticker)
                _require_not_replayed(market, step)
                self._change(market, step, now.ts)
        self._calendar.follow(market)
        return _report(market)

    def _change(self, market: Market, step: steps.Change, ts: int) -> None:
        life = self._life
        match step:
            case steps.Deactivate():
                _require(market, step, Phase.ACTIVE)
                life.deactivate(market, ts)
            case steps.Activate():
                _require(market, step, Phase.INACTIVE)
                life.activate(market, ts)
            case steps.MoveClose(close_in_s=seconds):
                _require(market, step, *_LISTED)
                life.close_at(market, max(ts + round(seconds * SECOND), market.listing.open_ts), ts)
            case steps.Determine(result=result, settlement_value=value):
                self._determine(market, step, ts, result, None if value is None else dollars(value))
            case steps.Settle():
                if market.phase is not Phase.DETERMINED:
                    self._determine(market, step, ts)
                life.settle(market, ts)
            case steps.Refine(price_level_structure=structure):
                self._refine(market, step, structure, ts)
            case steps.Describe():
                self._describe(market, step, ts)
            case steps.Other(event_type=event_type, members=members):
                life.tell(market, event_type, **members)

    def _determine(
        self, market: Market, step: steps.Change, ts: int, result: str = "", value: int | None = None
    ) -> None:
        _require(market, step, *_DECIDABLE)
        if result == "scalar" and value is None:
            raise BadStep('A scalar result needs its "settlement_value", in dollars like "0.3500".')
        if market.phase in _OPENED:
            self._life.close_at(market, ts, ts)
            self._life.close(market, ts)
        self._life.determine(market, ts, result, value)

    def _refine(self, market: Market, step: steps.Change, structure: str, ts: int) -> None:
        _require(market, step, *_LISTED)
        _require_no_combo(market)
        self._life.refine(market, _finer(market, structure), ts)

    def _describe(self, market: Market, step: steps.Describe, ts: int) -> None:
        _require_no_combo(market)
        if not step.members():
            raise BadStep("Nothing is to be changed: give strike_type, floor_strike, cap_strike, … or yes_sub_title.")
        self._life.describe(market, step.members(), ts)

    def _fees(self, step: steps.Fees) -> dict[str, Any]:
        if step.event_ticker not in self._world.events:
            raise BadStep(f"There is no event {step.event_ticker!r}; GET /trade-api/v2/events lists them.")
        told = msgspec.to_builtins(step)
        del told["action"]
        self._floor.announce("event_fee_update", msgspec.json.encode(told), Channel.LIFECYCLE)
        return dict(told)

    def _market(self, ticker: str) -> Market:
        market = self._world.markets.get(ticker)
        if market is None:
            raise BadStep(f"There is no market {ticker!r}; GET /trade-api/v2/markets lists them.")
        return market

    def _arrival(self, step: steps.Create, ts: int) -> Arrival:
        if step.ticker in self._world.markets:
            raise BadStep(f"There is a market {step.ticker!r} already: take another ticker.")
        if step.close_in_s < step.open_in_s:
            raise BadStep(f"It would close {step.close_in_s:g} s from now, before it opens: give a longer close_in_s.")
        listing = _listing(step, ts)
        event = self._world.events.get(listing.event_ticker) or Event(
            ticker=listing.event_ticker,
            series_ticker=listing.series_ticker,
            title=listing.title,
            sub_title="",
            mutually_exclusive=step.mutually_exclusive,
            exchange_index=step.exchange_index,
        )
        series = Series(ticker=listing.series_ticker, title=listing.title, category="Test")
        return Arrival(series, event, listing)


def _listing(step: steps.Create, ts: int) -> Listing:
    _require_known(step.price_level_structure)
    close_ts = ts + round(step.close_in_s * SECOND)
    title = step.title or f"Will {step.ticker} happen?"
    return Listing(
        ticker=step.ticker,
        market_id=market_id(step.ticker),
        event_ticker=step.event_ticker or _event_ticker(step.ticker),
        series_ticker=step.ticker.partition("-")[0],
        title=title,
        yes_sub_title=step.yes_sub_title or "Yes",
        no_sub_title=step.no_sub_title or "No",
        rules_primary=step.rules_primary or title,
        price_level_structure=step.price_level_structure,
        created_ts=ts,
        open_ts=ts + round(step.open_in_s * SECOND),
        close_ts=close_ts,
        expected_expiration_ts=close_ts,
        latest_expiration_ts=close_ts + _WEEK,
        settlement_timer_seconds=step.settlement_timer_seconds,
        exchange_index=step.exchange_index,
        opening=_OPENING,
    )


def _event_ticker(ticker: str) -> str:
    event_ticker, hyphen, _ = ticker.rpartition("-")
    return event_ticker if hyphen else ticker


def _finer(market: Market, structure: str) -> str:
    allowed = set(market.ticks.prices)
    if structure:
        _require_known(structure)
        if not allowed < set(ticks(structure).prices):
            raise BadStep(
                f"{structure} is not finer than {market.ticks.label}: resting orders would be off its prices."
            )
        return structure
    for label in STRUCTURES:
        if allowed < set(ticks(label).prices):
            return label
    raise BadStep(f"Nothing is finer than {market.ticks.label}.")


def _require_known(structure: str) -> None:
    if structure not in STRUCTURES:
        raise BadStep(f"There is no price level structure {structure!r}; they are {', '.join(STRUCTURES)}.")


def _require(market: Market, step: steps.Change, *phases: Phase) -> None:
    if market.phase not in phases:
        action = step.__struct_config__.tag
        raise BadStep(f"{market.ticker} is {market.phase}; {action} needs one that is {' or '.join(phases)}.")


def _require_not_replayed(market: Market, step: steps.Change) -> None:
    if market.replayed and not isinstance(step, steps.Describe | steps.Other):
        raise BadStep(f"{market.ticker} is moved by a capture, which no step can stop: create a market for that.")


def _require_no_combo(market: Market) -> None:
    if market.is_combo:
        raise BadStep(f"{market.ticker} is a combo, and the exchange has no such message about combos.")


def _report(market: Market) -> dict[str, Any]:
    listing = market.listing
    return {
        "ticker": market.ticker,
        "event_ticker": listing.event_ticker,
        "status": market.phase,
        "open_ts": listing.open_ts // SECOND,
        "close_ts": listing.close_ts // SECOND,
        "result": market.result,
        "price_level_structure": market.ticks.label,
    }
