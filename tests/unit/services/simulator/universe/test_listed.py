"""The universe is the recorded listing, on today's date and in any size."""

import gzip
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import groupby

import msgspec
import pytest

from proto.units import DOLLAR, SECOND
from services.simulator.errors import BadListing
from services.simulator.universe.copies import weeks_later
from services.simulator.universe.listed import Universe, universe
from services.simulator.world.listing import Listing, Opening, market_id
from services.simulator.world.ticks import STRUCTURES, ticks
from shared.kalshi.hours import micros
from tests.unit.services.simulator.universe.recorded import DATA, NOW

RECORDED = 1_079
#: From the day of recording to the day of NOW.
SHIFT = timedelta(days=134)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def everything() -> Universe:
    """All recorded markets."""
    return universe(DATA, NOW, markets=RECORDED)


def _shifted(text: str) -> int:
    return micros(datetime.fromisoformat(text) + SHIFT)


def _find(listed: Universe, ticker: str) -> Listing:
    return next(market for market in listed.markets if market.ticker == ticker)


def _sizes(listed: Universe) -> Counter[str]:
    return Counter(market.event_ticker for market in listed.markets)


def test_everything_recorded_is_listed(everything: Universe) -> None:
    """All markets, events and series are there once, and belong together."""
    assert (len(everything.markets), len(everything.events), len(everything.series)) == (RECORDED, 469, 42)
    assert len({market.ticker for market in everything.markets}) == RECORDED
    assert [event.ticker for event in everything.events] == [
        ticker for ticker, _ in groupby(market.event_ticker for market in everything.markets)
    ]
    assert {event.series_ticker for event in everything.events} == {series.ticker for series in everything.series}
    assert all(market.ticker.startswith(f"{market.event_ticker}-") for market in everything.markets)
    assert all(market.event_ticker.startswith(f"{market.series_ticker}-") for market in everything.markets)


def test_a_market_is_as_recorded(everything: Universe) -> None:
    """Words, quotes, sizes and volumes are the recording's; its times are those of the recording on later days."""
    market = _find(everything, "KXNFLGAME-26AUG14DENATL-ATL")
    assert market.title == "Will Atlanta win the Denver vs Atlanta Pro Football game?"
    assert market.yes_sub_title == market.no_sub_title == "Atlanta"
    assert market.rules_primary.endswith("originally scheduled for Aug 14, 2026, then the market resolves to Yes.")
    assert market.opening == Opening(
        yes_bid=2_600,
        yes_bid_quantity=2_000,
        yes_ask=7_300,
        yes_ask_quantity=4_300,
        last_price=7_500,
        volume=654,
        open_interest=654,
    )
    assert market.created_ts == _shifted("2026-06-29T17:56:54.160521Z")
    assert market.open_ts == _shifted("2026-06-29T18:01:00Z")
    assert market.close_ts == market.latest_expiration_ts == _shifted("2026-08-16T23:00:00Z")
    assert market.expected_expiration_ts == _shifted("2026-08-15T02:00:00Z")
    assert (market.settlement_timer_seconds, market.strike_type) == (60, "structured")
    assert market.custom_strike == {"football_team": "75685be6-4388-4bba-8bcb-d0b0c24feb50"}


@pytest.mark.parametrize(
    ("event_ticker", "title", "sub_title"),
    [
        ("KXNFLGAME-26AUG14DENATL", "Denver vs Atlanta", "DEN vs ATL (Aug 14)"),
        ("KXWCGAME-26JUL11NORENG", "Norway vs England", "NOR vs ENG (Jul 11)"),
        ("KXDOTA2GAME-26JUL100500FLCPOO", "Team Falcons vs Poor Rangers", "FLC vs POO (Jul 10)"),
        ("KXMLBASGAME-26JUL14ALNL", "American League vs National League", "AL vs NL (Jul 14)"),
    ],
)
def test_events_are_named_by_their_teams(everything: Universe, event_ticker: str, title: str, sub_title: str) -> None:
    """An event's words are made of its markets': both teams in the order of the fixture, and no tie."""
    event = next(event for event in everything.events if event.ticker == event_ticker)
    assert (event.title, event.sub_title, event.mutually_exclusive) == (title, sub_title, True)


def test_series_are_named_by_their_leagues(everything: Universe) -> None:
    """A series has the league's name, the category of sports and its sport as tag."""
    series = {series.ticker: series for series in everything.series}
    football = series["KXNFLGAME"]
    assert (football.title, football.category, football.tags) == ("Pro Football Game", "Sports", ("Football",))
    assert series["KXBIG3GAME"].title == "BIG3 Game"
    assert all(series.tags for series in everything.series)


def test_baseball_has_its_shard(everything: Universe) -> None:
    """Markets and events of baseball are on the shard where they are today, all others on the first."""
    baseball = {series.ticker for series in everything.series if series.tags == ("Baseball",)}
    assert {market.exchange_index for market in everything.markets if market.series_ticker in baseball} == {3}
    assert {market.exchange_index for market in everything.markets if market.series_ticker not in baseball} == {0}
    assert {event.exchange_index for event in everything.events if event.series_ticker in baseball} == {3}


def test_every_structure_is_met(everything: Universe) -> None:
    """Roughly a third of the events are not on whole cents, these on all other grids, and all markets of one alike."""
    found = {(market.event_ticker, market.price_level_structure) for market in everything.markets}
    assert len(found) == len(everything.events)
    structures = Counter(structure for _, structure in found)
    assert set(structures) == set(STRUCTURES)
    assert 0.6 < structures["linear_cent"] / len(everything.events) < 0.73


def test_opening_quotes_are_allowed(everything: Universe) -> None:
    """A quote is on its market's grid and uncrossed, and where there is none nothing rests."""
    for market in everything.markets:
        opening = market.opening
        prices = ticks(market.price_level_structure).prices
        assert opening.yes_bid in prices if opening.yes_bid_quantity else opening.yes_bid == 0
        assert opening.yes_ask in prices if opening.yes_ask_quantity else opening.yes_ask == DOLLAR
        assert opening.yes_bid < opening.yes_ask


@pytest.mark.parametrize("second", [0, 6 * 3600, 17 * 3600 + 240, 20 * 3600, 24 * 3600 - 1])
def test_everything_is_open_at_any_time_of_day(second: int) -> None:
    """Whenever the simulation starts, all markets are created and open and none is closed."""
    now_ts = micros(datetime(2028, 2, 29, tzinfo=UTC)) + second * SECOND
    for market in universe(DATA, now_ts, markets=RECORDED).markets:
        assert market.created_ts <= market.open_ts <= now_ts < market.close_ts <= market.latest_expiration_ts


def test_a_market_that_would_be_closed_closes_later() -> None:
    """A close that is past, days even, is moved to the next day at the same time of day, and what follows it too."""
    page = msgspec.json.decode(gzip.decompress(DATA))
    page["markets"][0]["close_time"] = "2026-07-06T05:00:00Z"
    page["markets"][0]["latest_expiration_time"] = "2026-07-06T05:00:00Z"
    page["markets"] = page["markets"][:1]
    market = universe(msgspec.json.encode(page), NOW, markets=1).markets[0]
    assert market.close_ts == market.latest_expiration_ts == _shifted("2026-07-10T05:00:00Z")


@pytest.mark.parametrize("markets", [0, 1, 2, 3, 4, 5, 50, 51, 1_000, 1_077, 1_078, 1_080, 2_158, 2_159])
def test_any_number_of_markets(everything: Universe, markets: int) -> None:
    """There are as many markets as wanted, all different, in whole events unless not even one fits."""
    listed = universe(DATA, NOW, markets=markets)
    assert len({market.ticker for market in listed.markets}) == len(listed.markets) == markets
    if markets != 1:
        assert set(_sizes(listed).values()) <= {2, 3}
    if markets <= RECORDED // 2:
        whole = _sizes(everything)
        assert all(size == whole[event] for event, size in _sizes(listed).items() if markets != 1)


def test_few_markets_are_hot_and_quiet() -> None:
    """Of a dozen markets some events were traded in the last day and some not, the hottest of all among them."""
    listed = universe(DATA, NOW, markets=12)
    traded = {market.event_ticker for market in listed.markets if market.opening.volume_24h}
    assert 2 <= len(traded) <= len(listed.events) - 2
    hottest = max(universe(DATA, NOW, markets=RECORDED).markets, key=lambda market: market.opening.volume_24h)
    assert hottest in listed.markets


def test_many_markets_are_later_fixtures(everything: Universe) -> None:
    """Beyond the recording the same teams meet again, weeks later, as markets with tickers and ids of their own."""
    listed = universe(DATA, NOW, markets=4_500)
    assert len({market.ticker for market in listed.markets}) == 4_500
    assert len({market.market_id for market in listed.markets}) == 4_500
    assert listed.markets[:RECORDED] == everything.markets
    first, again = _find(listed, "KXNFLGAME-26SEP13CHICAR-CHI"), _find(listed, "KXNFLGAME-26OCT04CHICAR-CHI")
    assert again.event_ticker == "KXNFLGAME-26OCT04CHICAR"
    assert again.rules_primary == first.rules_primary.replace("Sep 13, 2026", "Oct 4, 2026") != first.rules_primary
    assert (again.open_ts, again.close_ts - first.close_ts) == (first.open_ts, 21 * 24 * 3600 * SECOND)
    assert again.opening == first.opening
    assert _find(listed, "KXNBASUMMERGAME-26JUL17BOSTOR-BOS").title.endswith("scheduled for Jul 17, 2026?")
    assert next(event for event in listed.events if event.ticker == again.event_ticker).sub_title.endswith("(Oct 4)")


def test_a_ticker_without_a_date_gets_a_suffix(everything: Universe) -> None:
    """A later copy of an event whose ticker has no date is told by the number of weeks."""
    market = msgspec.structs.replace(everything.markets[0], ticker="KXNEWPOPE-70-PAR", event_ticker="KXNEWPOPE-70")
    again = weeks_later(market, 2)
    assert (again.ticker, again.event_ticker) == ("KXNEWPOPE-70W2-PAR", "KXNEWPOPE-70W2")


def test_the_same_in_every_run(everything: Universe) -> None:
    """Nothing depends on chance, and packed or not the bytes mean the same."""
    assert universe(gzip.decompress(DATA), NOW, markets=RECORDED) == everything


def test_market_ids_are_uuids(everything: Universe) -> None:
    """An id has the form of a random uuid, is the market's own, and never changes."""
    ids = {market.market_id for market in everything.markets}
    assert len(ids) == RECORDED
    assert all(UUID.fullmatch(text) for text in ids)
    assert market_id("KXNFLGAME-26AUG14DENATL-ATL") == "86aad8bc-3ac0-4445-8e06-c4e383a971f9"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"markets":[]}',
        b'{"markets":[{"ticker":"KXA-1-B"}]}',
        DATA[:1_000],
        gzip.decompress(DATA).replace(b'"0.2600"', b'"much"'),
    ],
)
def test_another_listing_is_refused(data: bytes) -> None:
    """What is no listing, or holds nothing, raises the simulator's error."""
    with pytest.raises(BadListing, match="was not understood"):
        universe(data, NOW, markets=10)
