"""REST replies as the exchange wrote them, older and newer spellings, and what can be wrong with one."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from proto.catalog import ListedMarket
from proto.market import PriceRange
from proto.units import SECOND
from shared.kalshi.errors import Malformed
from shared.kalshi.rest import read_market, read_page

REST = Path(__file__).parents[3] / "data/rest"
NOW = 1_800_000_000_000_000


def _read(**members: Any) -> ListedMarket:
    body = msgspec.json.encode({"markets": [{"ticker": "KXA-1-B", "event_ticker": "KXA-1"} | members], "cursor": ""})
    [market] = read_page(body, NOW).markets
    return market


def test_recorded_market() -> None:
    """A recorded market in the units of the bus."""
    [market] = read_market((REST / "rest-market.json").read_bytes(), NOW).markets
    assert market.ticker == "KXWTACHALLENGERMATCH-26JUN11JIMLEP-LEP"
    assert (market.event_ticker, market.series_ticker) == (
        "KXWTACHALLENGERMATCH-26JUN11JIMLEP",
        "KXWTACHALLENGERMATCH",
    )
    assert (market.status, market.followed, market.updated_ts) == ("active", False, NOW)
    assert market.open_ts == 1_781_156_369 * SECOND
    assert market.close_ts == 1_782_403_200 * SECOND
    assert (market.settlement_timer_s, market.can_close_early) == (60, True)
    assert market.price_ranges == (PriceRange(0, 10_000, 100),)
    assert market.custom_strike == {"tennis_competitor": "367dcce8-d796-4ed5-80ff-ddec69845a41"}
    assert market.notional_value == 10_000


def test_recorded_pages() -> None:
    """Recorded pages lead on by their cursors, and no market of them is left out."""
    pages = [read_page((REST / f"rest-markets-page{number}.json").read_bytes(), NOW) for number in (1, 2, 3)]
    assert [len(page.markets) for page in pages] == [5, 5, 5]
    assert len({page.cursor for page in pages}) == 3
    assert all(page.cursor and not page.problems for page in pages)


def test_settled_market() -> None:
    """Result, payment and its time are read."""
    market = _read(
        status="finalized", result="yes", settlement_value_dollars="1.0000", settlement_ts="2026-06-11T06:39:31.28563Z"
    )
    assert (market.status, market.result, market.settlement_value) == ("finalized", "yes", 10_000)
    assert market.settled_ts == 1_781_159_971_285_630


def test_members_may_be_missing_or_older() -> None:
    """Only the ticker is needed; older spellings stand in for today's; unknown members are passed over."""
    market = _read(subtitle="Lakers", expiration_time="2026-06-25T16:00:00Z", of_tomorrow={"x": [1]}, yes_bid=97)
    assert market.yes_sub_title == "Lakers"
    assert market.latest_expiration_ts == 1_782_403_200 * SECOND
    assert (market.status, market.open_ts, market.price_ranges) == ("initialized", None, ())
    assert _read(event_ticker=None).series_ticker == "KXA"


def test_strikes_of_any_kind_become_text() -> None:
    """What a custom strike holds is kept as it was written."""
    assert _read(custom_strike={"team": "BOS", "legs": [1, 2]}).custom_strike == {"team": "BOS", "legs": "[1,2]"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"ticker": ""},
        {"close_time": "tomorrow"},
        {"settlement_value_dollars": "0.33333"},
        {"settlement_value_dollars": "1.5000"},
        {"price_ranges": [{"start": "0.00001", "end": "1", "step": "0.01"}]},
    ],
)
def test_one_bad_market_does_not_spoil_its_page(wrong: dict[str, Any]) -> None:
    """A market that can not be taken over exactly is left out, and told of."""
    good, bad = {"ticker": "KXA-1-B"}, {"ticker": "KXA-1-C"} | wrong
    page = read_page(msgspec.json.encode({"markets": [bad, good], "cursor": "more"}), NOW)
    assert [market.ticker for market in page.markets] == ["KXA-1-B"]
    assert len(page.problems) == 1
    assert page.cursor == "more"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"markets":1}', b'{"market":2'])
def test_what_is_no_page(body: bytes) -> None:
    """Something else than a list of markets is an error."""
    with pytest.raises(Malformed):
        read_page(body, NOW)
    with pytest.raises(Malformed):
        read_market(body, NOW)


def test_the_last_page_may_have_no_cursor() -> None:
    """An absent, null or empty cursor ends a list."""
    assert {read_page(body, NOW).cursor for body in (b'{"markets":[]}', b'{"markets":[],"cursor":null}')} == {""}
