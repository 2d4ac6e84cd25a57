"""Markets are found by every filter, and shown as the exchange shows them."""

from typing import Any

import pytest

from proto.units import SECOND
from services.simulator.world.market import Phase
from tests.unit.services.simulator.rest.scene import TWO_SIDED, Desk


@pytest.fixture
def desk() -> Desk:
    """An exchange."""
    return Desk()


async def _found(desk: Desk, **params: Any) -> set[str]:
    return {market["ticker"] for market in (await desk.json("/markets", limit=1000, **params))["markets"]}


def _game(*phases: Phase) -> set[str]:
    return {f"KXGAME-26-{phase.upper()}" for phase in phases}


@pytest.mark.parametrize(
    ("status", "phases"),
    [
        ("unopened", {Phase.INITIALIZED}),
        ("open", {Phase.ACTIVE, Phase.INACTIVE}),
        ("paused", {Phase.INACTIVE}),
        ("closed", {Phase.CLOSED, Phase.DETERMINED}),
        ("settled", {Phase.FINALIZED}),
    ],
)
async def test_status_filter_speaks_another_language(desk: Desk, status: str, phases: set[Phase]) -> None:
    """Each of the filter's words stands for phases that objects call otherwise."""
    assert await _found(desk, series_ticker="KXGAME", status=status) == _game(*phases)


async def test_paused_market_is_not_open_outside_trading_hours(desk: Desk) -> None:
    """While nobody can trade, an inactive market is only paused."""
    desk.world.trading_active = False
    assert await _found(desk, series_ticker="KXGAME", status="open") == _game(Phase.ACTIVE)


async def test_filters_on_names(desk: Desk) -> None:
    """Tickers, event and series narrow, together too; unknown names find nothing."""
    assert await _found(desk, tickers=f"{TWO_SIDED},KXSIDE-26-NO,KXNONE") == {TWO_SIDED, "KXSIDE-26-NO"}
    assert await _found(desk, event_ticker="KXGAME-26") == _game(*Phase)
    assert await _found(desk, event_ticker="KXGAME-26", tickers="KXSIDE-26-NO") == set()
    assert await _found(desk, event_ticker="KXGAME-26,KXSIDE-26") == set()
    assert await _found(desk, series_ticker="KXNONE") == set()


async def test_combos_are_markets_unless_excluded(desk: Desk) -> None:
    """`mve_filter` takes them alone or leaves them out; without it they come along, the newest, so first."""
    combos = {"KXMVE-0-C", "KXMVE-1-C", "KXMVE-2-C"}
    assert await _found(desk, mve_filter="only") == combos
    assert await _found(desk, mve_filter="exclude") == set(desk.world.markets) - combos
    first = (await desk.json("/markets", status="open", limit=3))["markets"]
    assert [market["ticker"] for market in first] == ["KXMVE-2-C", "KXMVE-1-C", "KXMVE-0-C"]
    assert {market["volume_fp"] for market in first} == {"0.00"}


@pytest.mark.parametrize("kind", ["created", "close", "settled", "updated"])
async def test_filters_on_times(desk: Desk, kind: str) -> None:
    """Between two seconds lie those markets whose time does; what has not come lies nowhere."""
    market = desk.world.markets["KXGAME-26-FINALIZED"]
    market.updated_ts += SECOND // 2
    listing = market.listing
    times = {
        "created": listing.created_ts,
        "close": listing.close_ts,
        "settled": market.settled_ts or 0,
        "updated": market.updated_ts,
    }
    second = times[kind] // SECOND
    bounds = {f"min_{kind}_ts": second, f"max_{kind}_ts": second + 1}
    found = await _found(desk, **bounds)
    assert listing.ticker in found
    assert len(found) <= 2
    assert listing.ticker not in await _found(desk, **{f"min_{kind}_ts": second + 1})
    assert listing.ticker not in await _found(desk, **{f"max_{kind}_ts": second - 1})


@pytest.mark.parametrize(
    ("params", "fits"),
    [
        ({"min_created_ts": 1, "status": "open"}, True),
        ({"max_created_ts": 1, "status": "unopened"}, True),
        ({"min_created_ts": 1, "status": "closed"}, False),
        ({"min_close_ts": 1, "status": "closed"}, True),
        ({"max_close_ts": 1, "status": "open"}, False),
        ({"min_settled_ts": 1, "status": "settled"}, True),
        ({"max_settled_ts": 1, "status": "paused"}, False),
        ({"min_created_ts": 1, "max_close_ts": 2}, False),
        ({"min_updated_ts": 1, "max_settled_ts": 2}, False),
        ({"min_updated_ts": 1}, True),
        ({"max_updated_ts": 1, "mve_filter": "exclude"}, True),
        ({"min_updated_ts": 1, "mve_filter": "only"}, False),
        ({"min_updated_ts": 1, "status": "open"}, False),
        ({"min_updated_ts": 1, "event_ticker": "A"}, False),
        ({"min_updated_ts": 1, "tickers": "A"}, False),
        ({"min_updated_ts": 1, "series_ticker": "A"}, False),
        ({"min_updated_ts": 1, "series_ticker": "A", "mve_filter": "exclude"}, True),
    ],
)
async def test_which_filters_go_together(desk: Desk, params: dict[str, Any], fits: bool) -> None:
    """Filters on times exclude each other and some statuses; the one on updates excludes nearly all."""
    response = await desk.get("/markets", **params)
    if fits:
        assert response.status_code == 200
    else:
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "invalid_parameters"


async def test_pages_of_markets(desk: Desk) -> None:
    """Following the cursors shows each market once; the last page has an empty cursor, a garbage one the first page."""
    seen, cursor = [], ""
    while True:
        page = await desk.json("/markets", limit=4, cursor=cursor)
        seen += [market["ticker"] for market in page["markets"]]
        cursor = page["cursor"]
        if cursor == "":
            break
    assert sorted(seen) == sorted(desk.world.markets)
    assert await desk.json("/markets", cursor="garbage") == await desk.json("/markets", limit=0)


async def test_lists_follow_what_comes_and_goes(desk: Desk) -> None:
    """A market that is taken away, and one that is listed later, are missed or found at the next request."""
    before = (await desk.json("/markets", limit=1000))["markets"]
    market = desk.world.markets[TWO_SIDED]
    desk.world.remove(market)
    assert TWO_SIDED not in await _found(desk)
    desk.world.add(market)
    assert (await desk.json("/markets", limit=1000))["markets"] == before


@pytest.mark.parametrize("phase", [Phase.CLOSED, Phase.DETERMINED, Phase.FINALIZED])
async def test_market_that_is_over_shows_an_empty_quote(desk: Desk, phase: Phase) -> None:
    """Whatever rests in its book, nothing is shown but the last price."""
    desk.world.markets[f"KXGAME-26-{phase.upper()}"].last_price = 4700
    market = (await desk.json(f"/markets/KXGAME-26-{phase.upper()}"))["market"]
    assert (market["yes_bid_dollars"], market["yes_ask_dollars"]) == ("0.0000", "1.0000")
    assert (market["no_bid_dollars"], market["no_ask_dollars"]) == ("0.0000", "1.0000")
    assert (market["yes_bid_size_fp"], market["yes_ask_size_fp"]) == ("0.00", "0.00")
    assert market["last_price_dollars"] == "0.4700"


async def test_quote_is_the_book(desk: Desk) -> None:
    """Best bid and ask come from the book, the ask for yes from the bid for no."""
    market = (await desk.json(f"/markets/{TWO_SIDED}"))["market"]
    assert (market["yes_bid_dollars"], market["yes_bid_size_fp"]) == ("0.0400", "7.00")
    assert (market["yes_ask_dollars"], market["yes_ask_size_fp"]) == ("0.9700", "12345.67")
    assert (market["no_bid_dollars"], market["no_ask_dollars"]) == ("0.0300", "0.9600")


async def test_book_ascends_to_its_best_level(desk: Desk) -> None:
    """Both sides are on their own scale, the best level stands last, and a depth keeps the best."""
    path = f"/markets/{TWO_SIDED}/orderbook"
    yes, no = [["0.0200", "0.05"], ["0.0400", "7.00"]], [["0.0100", "1.00"], ["0.0300", "12345.67"]]
    assert await desk.json(path) == {"orderbook_fp": {"yes_dollars": yes, "no_dollars": no}}
    assert await desk.json(path, depth=1) == {"orderbook_fp": {"yes_dollars": yes[1:], "no_dollars": no[1:]}}
    assert (await desk.get(path, depth=101)).status_code == 400


async def test_several_books_at_once(desk: Desk) -> None:
    """One to a hundred books come in the order asked for."""
    books = await desk.json("/markets/orderbooks", signed=True, tickers=["KXSIDE-26-NONE", TWO_SIDED])
    single = await desk.json(f"/markets/{TWO_SIDED}/orderbook")
    assert [book["ticker"] for book in books["orderbooks"]] == ["KXSIDE-26-NONE", TWO_SIDED]
    assert books["orderbooks"][1] == {"ticker": TWO_SIDED, **single}
    for tickers in ([], [TWO_SIDED] * 101):
        response = await desk.get("/markets/orderbooks", signed=True, tickers=tickers)
        assert response.status_code == 400
        assert response.json()["code"] == "invalid_parameters"
