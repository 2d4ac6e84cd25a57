"""Combos: markets that end with yes if each of several other markets ends as they say.

At the exchange they are most of what is open: made on request, never traded, with an empty book.
"""

from collections.abc import Sequence
from itertools import groupby

from proto.units import SECOND
from services.simulator.universe.listed import Universe
from services.simulator.world.digest import digest, number
from services.simulator.world.listing import Arrival, Event, Leg, Listing, Series, market_id
from shared.kalshi.hours import new_york

_SERIES = Series(ticker="KXMVESPORTSMULTIGAMEEXTENDED", title="Multi-Game Sports Combo", category="Sports")
_COLLECTION = f"{_SERIES.ticker}-R"
_SHARD = 1
_MOST_LEGS = 6
_HOUR = 3600


class Combos:
    """Makes combos of outcomes of different events of a universe; one of less than two events has none."""

    def __init__(self, universe: Universe) -> None:
        groups = groupby(universe.markets, key=lambda market: market.event_ticker)
        self._events = [tuple(group) for _, group in groups]

    def listed(self, now_ts: int, *, count: int) -> Universe:
        """Return so many combos, all made within the hour before now."""
        if len(self._events) < 2 or count < 1:
            return Universe((), (), ())
        made = [_combo(combo, _picked(self._events, combo), now_ts) for combo in range(count)]
        return Universe((_SERIES,), tuple(map(_event, made)), tuple(made))

    def make(self, combo: int, now_ts: int) -> Arrival | None:
        """Return the combo with this number, None if there can be none."""
        if len(self._events) < 2:
            return None
        made = _combo(combo, _picked(self._events, combo), now_ts)
        return Arrival(_SERIES, _event(made), made)


def _picked(events: Sequence[tuple[Listing, ...]], combo: int) -> list[Listing]:
    """Pick a market from each of some events, all different because they follow each other at equal distance."""
    wanted = 2 + number(f"legs of combo {combo}", min(_MOST_LEGS, len(events)) - 1)
    first = number(f"first leg of combo {combo}", len(events))
    stride = 1 + number(f"distance in combo {combo}", (len(events) - 1) // (wanted - 1))
    chosen = [events[(first + leg * stride) % len(events)] for leg in range(wanted)]
    return [event[number(f"leg {leg} of combo {combo}", len(event))] for leg, event in enumerate(chosen)]


def _combo(combo: int, markets: Sequence[Listing], now_ts: int) -> Listing:
    legs = tuple(_leg(combo, market) for market in markets)
    words = ",".join(f"{leg.side} {market.yes_sub_title}" for leg, market in zip(legs, markets, strict=True))
    event_ticker = f"{_SERIES.ticker}-S{new_york(now_ts).year}{_hexadecimal(f'event of combo {combo}')}"
    ticker = f"{event_ticker}-{_hexadecimal(f'combo {combo}')}"
    created_ts = now_ts - (1 + number(f"age of combo {combo}", _HOUR)) * SECOND
    return Listing(
        ticker=ticker,
        market_id=market_id(ticker),
        event_ticker=event_ticker,
        series_ticker=_SERIES.ticker,
        title=words,
        yes_sub_title=words,
        no_sub_title=words,
        price_level_structure="center_deci_edge_centi_cent",
        created_ts=created_ts,
        open_ts=created_ts,
        close_ts=max(market.close_ts for market in markets),
        expected_expiration_ts=max(market.expected_expiration_ts for market in markets),
        latest_expiration_ts=max(market.latest_expiration_ts for market in markets),
        settlement_timer_seconds=5,
        strike_type="custom",
        custom_strike={
            "Associated Events": ",".join(leg.event_ticker for leg in legs),
            "Associated Market Sides": ",".join(leg.side for leg in legs),
            "Associated Markets": ",".join(leg.market_ticker for leg in legs),
            "Multivariate Event Ticker": _COLLECTION,
        },
        exchange_index=_SHARD,
        mve_collection_ticker=_COLLECTION,
        mve_selected_legs=legs,
    )


def _leg(combo: int, market: Listing) -> Leg:
    side = "yes" if number(f"side of {market.ticker} in combo {combo}", 4) else "no"
    return Leg(event_ticker=market.event_ticker, market_ticker=market.ticker, side=side)


def _event(combo: Listing) -> Event:
    return Event(
        ticker=combo.event_ticker,
        series_ticker=combo.series_ticker,
        title=combo.title,
        sub_title="",
        mutually_exclusive=False,
        exchange_index=combo.exchange_index,
    )


def _hexadecimal(name: str) -> str:
    return digest(name)[:11].upper()
