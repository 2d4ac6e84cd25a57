"""The facts of what can be traded, as the exchange lists them. Times are microseconds since 1970."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from services.simulator.world.digest import digest


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Events of one kind; the ticker is the part of a market's ticker before the first hyphen."""

    ticker: str
    title: str
    category: str
    tags: tuple[str, ...] = ()
    frequency: str = "custom"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A question with one or several markets; in a mutually exclusive one exactly one market ends with yes."""

    ticker: str
    series_ticker: str
    title: str
    sub_title: str
    mutually_exclusive: bool = True
    exchange_index: int = 0
    strike_ts: int | None = None


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What a market is like when the simulation starts: prices in 1/10 000 dollar, quantities in 1/100 contract.

    Without a bid for yes, `yes_bid` and its quantity are 0; without one for no, `yes_ask` is a dollar, its quantity 0.
    """

    yes_bid: int = 0
    yes_bid_quantity: int = 0
    yes_ask: int = 10_000
    yes_ask_quantity: int = 0
    last_price: int = 0
    volume: int = 0
    volume_24h: int = 0
    open_interest: int = 0


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One of the markets that a combo is made of, and the outcome it needs."""

    event_ticker: str
    market_ticker: str
    side: str


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One market."""

    ticker: str
    market_id: str
    event_ticker: str
    series_ticker: str
    title: str
    yes_sub_title: str = ""
    no_sub_title: str = ""
    rules_primary: str = ""
    rules_secondary: str = ""
    price_level_structure: str = "linear_cent"
    created_ts: int
    open_ts: int
    close_ts: int
    expected_expiration_ts: int
    latest_expiration_ts: int
    settlement_timer_seconds: int = 300
    can_close_early: bool = True
    early_close_condition: str = ""
    strike_type: str = ""
    floor_strike: float | None = None
    cap_strike: float | None = None
    custom_strike: Mapping[str, str] | None = None
    exchange_index: int = 0
    mve_collection_ticker: str = ""
    mve_selected_legs: tuple[Leg, ...] = ()
    opening: Opening = Opening()


def market_id(ticker: str) -> str:
    """Return the id that the exchange's books carry beside the ticker: the same uuid in every run."""
    digits = digest(ticker)
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{'89ab'[int(digits[16], 16) % 4]}{digits[17:20]}-{digits[20:]}"
    )


class Arrival(NamedTuple):
    """A market that is to be listed, and what it belongs to."""

    series: Series
    event: Event
    listing: Listing
