"""Events, series and trades are found by every filter."""

from typing import Any

import pytest

from proto.units import SECOND
from services.simulator.world.market import Phase
from tests.unit.services.simulator.rest.scene import START, TWO_SIDED, Desk

UP = {f"KXUP-{index}" for index in range(13)}


@pytest.fixture
def desk() -> Desk:
    """An exchange."""
    return Desk()


async def _events(desk: Desk, path: str = "/events", **params: Any) -> set[str]:
    return {event["event_ticker"] for event in (await desk.json(path, **params))["events"]}


async def _series(desk: Desk, **params: Any) -> set[str]:
    return {series["ticker"] for series in (await desk.json("/series", **params))["series"]}


async def test_events_leave_combos_out(desk: Desk) -> None:
    """The events of combos have a list of their own."""
    assert await _events(desk) == {"KXGAME-26", "KXSIDE-26"} | UP
    assert await _events(desk, "/events/multivariate") == {"KXMVE-0", "KXMVE-1", "KXMVE-2"}
    assert await _events(desk, "/events/multivariate", series_ticker="KXGAME") == set()
    assert len(await _events(desk, "/events/multivariate", collection_ticker="KXMVE-R")) == 3
    assert await _events(desk, "/events/multivariate", collection_ticker="KXOTHER-R") == set()
    assert await _events(desk, "/events/multivariate", tickers="KXMVE-0,KXMVE-2,KXGAME-26") == {"KXMVE-0", "KXMVE-2"}
    response = await desk.get("/events/multivariate", collection_ticker="KXMVE-R", series_ticker="KXMVE")
    assert response.status_code == 400


async def test_filters_of_events(desk: Desk) -> None:
    """Series, tickers, closing and update narrow the list."""
    assert await _events(desk, series_ticker="KXGAME") == {"KXGAME-26"}
    assert await _events(desk, tickers="KXSIDE-26,KXNONE,KXMVE-0") == {"KXSIDE-26"}
    last_close_s = max(market.listing.close_ts for market in desk.world.markets_of("KXSIDE-26")) // SECOND
    assert await _events(desk, min_close_ts=last_close_s) == {"KXSIDE-26"}
    assert await _events(desk, min_close_ts=last_close_s + 1) == set()
    desk.world.markets[TWO_SIDED].updated_ts = START.ts
    assert await _events(desk, min_updated_ts=START.ts // SECOND) == {"KXGAME-26"}


@pytest.mark.parametrize(
    ("phases", "status"),
    [
        ({Phase.ACTIVE, Phase.FINALIZED}, "open"),
        ({Phase.INACTIVE}, "open"),
        ({Phase.INITIALIZED, Phase.CLOSED}, "unopened"),
        ({Phase.DETERMINED, Phase.FINALIZED}, "closed"),
        ({Phase.FINALIZED}, "settled"),
    ],
)
@pytest.mark.parametrize("trading", [True, False])
async def test_status_of_an_event(desk: Desk, phases: set[Phase], status: str, trading: bool) -> None:
    """An event is as far as its most lively market, paused or not."""
    desk.world.trading_active = trading
    for market in desk.world.markets_of("KXGAME-26"):
        if market.phase not in phases:
            desk.world.remove(market)
    found = {
        asked for asked in ("unopened", "open", "closed", "settled") if "KXGAME-26" in await _events(desk, status=asked)
    }
    assert found == {status}


async def test_pages_of_events(desk: Desk) -> None:
    """Following the cursors shows each event once."""
    seen, cursor = [], ""
    while True:
        page = await desk.json("/events", limit=4, cursor=cursor)
        seen += [event["event_ticker"] for event in page["events"]]
        cursor = page["cursor"]
        if cursor == "":
            break
    assert len(seen) == len(set(seen))
    assert set(seen) == await _events(desk)


async def test_markets_stand_in_and_beside_their_event(desk: Desk) -> None:
    """Nested markets are there if asked for; the old list beside the event always is."""
    plain = await desk.json("/events/KXGAME-26")
    nested = await desk.json("/events/KXGAME-26", with_nested_markets="true")
    assert "markets" not in plain["event"]
    assert nested["event"]["markets"] == plain["markets"] == nested["markets"]
    assert {market["status"] for market in plain["markets"]} == set(Phase)
    assert plain["event"]["category"] == "Sports"
    listed = (await desk.json("/events", with_nested_markets="true", tickers="KXGAME-26"))["events"]
    assert listed == [nested["event"]]


async def test_metadata_names_the_markets_of_its_event(desk: Desk) -> None:
    """Each market of the event has its details, and an unknown event none."""
    details = (await desk.json("/events/KXSIDE-26/metadata"))["market_details"]
    assert {market["market_ticker"] for market in details} == {f"KXSIDE-26-{sides}" for sides in ("YES", "NO", "NONE")}
    assert (await desk.get("/events/KXNONE/metadata")).status_code == 404


async def test_filters_of_series(desk: Desk) -> None:
    """The category is exact, one of the tags suffices."""
    assert await _series(desk) == {"KXGAME", "KXUP", "KXMVE"}
    assert await _series(desk, category="Sports") == {"KXGAME", "KXMVE"}
    assert await _series(desk, category="sports") == set()
    assert await _series(desk, tags="Golf,Tennis") == {"KXGAME"}
    desk.world.markets[TWO_SIDED].updated_ts = START.ts
    assert await _series(desk, min_updated_ts=START.ts // SECOND) == {"KXGAME"}


async def test_volume_of_a_series_is_that_of_its_markets(desk: Desk) -> None:
    """It is told when asked for, in the list and alone."""
    desk.world.markets[TWO_SIDED].volume = 150
    desk.world.markets["KXGAME-26-CLOSED"].volume = 25
    assert (await desk.json("/series/KXGAME", include_volume="true"))["series"]["volume_fp"] == "1.75"
    assert "volume_fp" not in (await desk.json("/series/KXGAME"))["series"]
    listed = (await desk.json("/series", include_volume="true"))["series"]
    assert {series["ticker"]: series["volume_fp"] for series in listed} == {
        "KXGAME": "1.75",
        "KXUP": "0.00",
        "KXMVE": "0.00",
    }


async def test_trades_come_newest_first(desk: Desk) -> None:
    """Ticker and times narrow them, pages go back in time, and there are no block trades."""
    for _ in range(3):
        for ticker in (TWO_SIDED, "KXSIDE-26-NO"):
            desk.exchange.floor.trade(desk.world.markets[ticker], [(4700, 250, "no")], desk.now.ts)
        desk.pass_time(1)
    first = await desk.json("/markets/trades", ticker=TWO_SIDED, limit=2)
    second = await desk.json("/markets/trades", ticker=TWO_SIDED, limit=2, cursor=first["cursor"])
    times = [trade["created_time"] for trade in first["trades"] + second["trades"]]
    assert times == sorted(times, reverse=True)
    assert (len(times), second["cursor"]) == (3, "")
    second_s = START.ts // SECOND + 1
    assert len((await desk.json("/markets/trades", min_ts=second_s, max_ts=second_s))["trades"]) == 2
    assert (await desk.json("/markets/trades", is_block_trade="true"))["trades"] == []
    assert len((await desk.json("/markets/trades", is_block_trade="false"))["trades"]) == 6


async def test_trade_tells_both_prices_and_who_took(desk: Desk) -> None:
    """Who buys no sells yes."""
    desk.exchange.floor.trade(desk.world.markets[TWO_SIDED], [(4700, 250, "no")], desk.now.ts)
    (trade,) = (await desk.json("/markets/trades"))["trades"]
    assert (trade["yes_price_dollars"], trade["no_price_dollars"], trade["count_fp"]) == ("0.4700", "0.5300", "2.50")
    assert (trade["taker_side"], trade["taker_outcome_side"], trade["taker_book_side"]) == ("no", "no", "ask")


async def test_tags_are_listed_by_category(desk: Desk) -> None:
    """Each category has the tags of its series."""
    assert (await desk.json("/search/tags_by_categories"))["tags_by_categories"] == {
        "Sports": ["Soccer", "Tennis"],
        "Crypto": [],
    }
