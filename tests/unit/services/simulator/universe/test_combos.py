"""Combos are made of markets of the universe, as the exchange makes them."""

import re
from datetime import UTC, datetime

import pytest

from proto.units import SECOND
from services.simulator.universe.combos import Combos
from services.simulator.universe.listed import Universe, universe
from services.simulator.world.listing import Opening
from shared.kalshi.hours import micros
from tests.unit.services.simulator.universe.recorded import DATA, NOW

TICKER = re.compile(r"KXMVESPORTSMULTIGAMEEXTENDED-S2026[0-9A-F]{11}-[0-9A-F]{11}")


@pytest.fixture(scope="module")
def listed() -> Universe:
    """Some markets to make combos of."""
    return universe(DATA, NOW, markets=200)


def test_combos_are_listed(listed: Universe) -> None:
    """There are as many as wanted, each in an event of its own in the one series, and all tickers differ."""
    made = Combos(listed).listed(NOW, count=3_000)
    assert [series.ticker for series in made.series] == ["KXMVESPORTSMULTIGAMEEXTENDED"]
    assert len({market.ticker for market in made.markets}) == len(made.markets) == 3_000
    assert [market.event_ticker for market in made.markets] == [event.ticker for event in made.events]
    assert len({event.ticker for event in made.events}) == 3_000
    assert not any(event.mutually_exclusive for event in made.events)
    assert all(TICKER.fullmatch(market.ticker) for market in made.markets)


def test_combos_are_never_traded(listed: Universe) -> None:
    """A combo has an empty book on its own shard and grid, is open since a moment, and closes with its last leg."""
    markets = {market.ticker: market for market in listed.markets}
    for combo in Combos(listed).listed(NOW, count=100).markets:
        legs = [markets[leg.market_ticker] for leg in combo.mve_selected_legs]
        assert combo.opening == Opening()
        assert (combo.exchange_index, combo.price_level_structure) == (1, "center_deci_edge_centi_cent")
        assert NOW - 3600 * SECOND <= combo.created_ts == combo.open_ts < NOW
        assert combo.close_ts == max(leg.close_ts for leg in legs)


def test_legs_are_of_different_events(listed: Universe) -> None:
    """Two to six legs, each of another event; words and strike name them in order."""
    markets = {market.ticker: market for market in listed.markets}
    made = Combos(listed).listed(NOW, count=300).markets
    for combo in made:
        legs = combo.mve_selected_legs
        assert 2 <= len({leg.event_ticker for leg in legs}) == len(legs) <= 6
        assert all(markets[leg.market_ticker].event_ticker == leg.event_ticker for leg in legs)
        assert combo.title == combo.yes_sub_title == combo.no_sub_title
        assert combo.title == ",".join(f"{leg.side} {markets[leg.market_ticker].yes_sub_title}" for leg in legs)
        assert combo.mve_collection_ticker == "KXMVESPORTSMULTIGAMEEXTENDED-R"
        assert combo.custom_strike == {
            "Associated Events": ",".join(leg.event_ticker for leg in legs),
            "Associated Market Sides": ",".join(leg.side for leg in legs),
            "Associated Markets": ",".join(leg.market_ticker for leg in legs),
            "Multivariate Event Ticker": combo.mve_collection_ticker,
        }
    assert {len(combo.mve_selected_legs) for combo in made} == {2, 3, 4, 5, 6}
    assert {leg.side for combo in made for leg in combo.mve_selected_legs} == {"yes", "no"}


def test_more_combos_begin_alike(listed: Universe) -> None:
    """The first combos do not depend on how many are wanted."""
    assert Combos(listed).listed(NOW, count=5).markets == Combos(listed).listed(NOW, count=50).markets[:5]


def test_the_year_is_todays(listed: Universe) -> None:
    """The year in the tickers is that of the simulation, in New York."""
    now_ts = micros(datetime(2028, 1, 1, 4, tzinfo=UTC))
    assert Combos(listed).listed(now_ts, count=1).events[0].ticker.startswith("KXMVESPORTSMULTIGAMEEXTENDED-S2027")


def test_few_events_make_small_combos() -> None:
    """Two events make combos of two legs, one makes none."""
    two = universe(DATA, NOW, markets=5)
    assert {len(combo.mve_selected_legs) for combo in Combos(two).listed(NOW, count=20).markets} == {2}
    assert Combos(universe(DATA, NOW, markets=3)).listed(NOW, count=5) == Universe((), (), ())
    assert Combos(two).listed(NOW, count=0) == Universe((), (), ())
