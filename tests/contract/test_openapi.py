"""The simulator's replies are what the exchange's schema promises."""

from typing import Any

import msgspec
import pytest

from services.simulator.account.sender import Sender
from services.simulator.http.application import API
from services.simulator.world.market import Phase
from services.simulator.world.ticks import STRUCTURES
from tests.openapi import component, document, problems, reply_schema
from tests.unit.services.simulator.rest.scene import TWO_SIDED, Desk, numbers

#: An order of the account.
ORDER = "3f1c7c0e-5a5b-4a1b-9b51-0d4f4f9f2c11"
#: What the account was told.
SAID: list[dict[str, Any]] = [
    {"type": "fill", "msg": {"market_ticker": TWO_SIDED, "order_id": ORDER}},
    {"type": "fill", "msg": {"market_ticker": TWO_SIDED, "is_taker": False, "subaccount": 3}},
    {"type": "user_order", "msg": {"ticker": TWO_SIDED, "order_id": ORDER}},
    {"type": "user_order", "msg": {"ticker": TWO_SIDED, "status": "canceled", "order_group_id": "og_1"}},
    {"type": "user_order", "msg": {"ticker": TWO_SIDED, "status": "unknown", "created_ts_ms": None}},
    {"type": "user_order", "msg": {"ticker": TWO_SIDED, "side": "no", "expiration_time": "2026-12-01T11:00:00Z"}},
    {"type": "market_position", "msg": {"market_ticker": TWO_SIDED, "position_fp": "-12.50"}},
    {"type": "market_position", "msg": {"market_ticker": "KXMVE-1-C", "realized_pnl_dollars": "-1.250000"}},
]
#: Each path of the API, and requests to it that together show all there is.
REQUESTS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "/markets": [
        ("/markets", {"limit": 1000}),
        ("/markets", {"limit": 2}),
        ("/markets", {"mve_filter": "only"}),
        ("/markets", {"tickers": "KXNONE"}),
        *(("/markets", {"status": status}) for status in ("unopened", "open", "paused", "closed", "settled")),
    ],
    "/markets/{ticker}": [
        *((f"/markets/KXGAME-26-{phase.upper()}", {}) for phase in Phase),
        *((f"/markets/KXUP-{index}-T69499.99", {}) for index, _ in enumerate(STRUCTURES)),
        ("/markets/KXMVE-1-C", {}),
    ],
    "/markets/{ticker}/orderbook": [
        (f"/markets/{TWO_SIDED}/orderbook", {}),
        (f"/markets/{TWO_SIDED}/orderbook", {"depth": 1}),
        *((f"/markets/KXSIDE-26-{sides}/orderbook", {}) for sides in ("YES", "NO", "NONE")),
    ],
    "/markets/orderbooks": [("/markets/orderbooks", {"tickers": [TWO_SIDED, "KXSIDE-26-NONE"]})],
    "/markets/trades": [("/markets/trades", {}), ("/markets/trades", {"is_block_trade": "true"})],
    "/events": [
        ("/events", {}),
        ("/events", {"with_nested_markets": "true", "with_milestones": "true"}),
        ("/events", {"limit": 1}),
    ],
    "/events/multivariate": [("/events/multivariate", {"with_nested_markets": "true"})],
    "/events/fee_changes": [("/events/fee_changes", {})],
    "/events/{event_ticker}": [("/events/KXGAME-26", {}), ("/events/KXGAME-26", {"with_nested_markets": "true"})],
    "/events/{event_ticker}/metadata": [("/events/KXGAME-26/metadata", {})],
    "/milestones": [("/milestones", {"limit": 10})],
    "/series": [("/series", {"include_volume": "true", "include_product_metadata": "true"}), ("/series", {})],
    "/series/fee_changes": [("/series/fee_changes", {})],
    "/series/{series_ticker}": [("/series/KXGAME", {"include_volume": "true"}), ("/series/KXUP", {})],
    "/search/tags_by_categories": [("/search/tags_by_categories", {})],
    "/exchange/status": [("/exchange/status", {})],
    "/exchange/schedule": [("/exchange/schedule", {})],
    "/exchange/announcements": [("/exchange/announcements", {})],
    "/exchange/user_data_timestamp": [("/exchange/user_data_timestamp", {})],
    "/historical/cutoff": [("/historical/cutoff", {})],
    "/historical/markets": [("/historical/markets", {})],
    "/historical/trades": [("/historical/trades", {})],
    "/incentive_programs": [("/incentive_programs", {})],
    **{
        f"/portfolio/{name}": [(f"/portfolio/{name}", {})]
        for name in ("balance", "fills", "orders", "positions", "settlements")
    },
    "/portfolio/orders/{order_id}": [(f"/portfolio/orders/{ORDER}", {})],
    "/account/limits": [("/account/limits", {})],
    "/account/endpoint_costs": [("/account/endpoint_costs", {})],
}
#: Described among the components only.
WITHOUT_PATH = {"/exchange/announcements": "GetExchangeAnnouncementsResponse"}
#: Members of today's exchange that came after the part of the schema that describes the reply.
NEWER = {"/account/limits": {"read", "write", "grants"}}
CASES = [(path, url, params) for path, requests in REQUESTS.items() for url, params in requests]


@pytest.fixture
def desk() -> Desk:
    """An exchange at which there has been a trade for each side, and an account that was told something."""
    desk = Desk()
    Sender(desk.world, numbers()).send(msgspec.json.encode(SAID), desk.now)
    market = desk.world.markets[TWO_SIDED]
    desk.exchange.floor.trade(market, [(4700, 250, "yes"), (4800, 1, "no")], desk.now.ts)
    return desk


@pytest.mark.parametrize(("path", "url", "params"), CASES)
async def test_reply_obeys_the_schema(desk: Desk, path: str, url: str, params: dict[str, Any]) -> None:
    """Every reply has all required members in the right form, and none that the schema does not know."""
    reply = await desk.json(url, signed=True, **params)
    schema = component(WITHOUT_PATH[path]) if path in WITHOUT_PATH else reply_schema(path)
    known = {member: value for member, value in reply.items() if member not in NEWER.get(path, ())}
    assert problems(schema, known) == []


def test_every_path_is_asked(desk: Desk) -> None:
    """No path of the API is left out, and each is the exchange's."""
    served = {path.removeprefix(API) for path in desk.app.openapi()["paths"] if path.startswith(API)}
    assert served == set(REQUESTS)
    assert served - set(document()["paths"]) == set(WITHOUT_PATH)


async def test_lists_show_everything(desk: Desk) -> None:
    """What is held against the schema holds every phase, every structure, combos, trades and the account."""
    markets = (await desk.json("/markets", limit=1000))["markets"]
    assert {market["status"] for market in markets} == set(Phase)
    assert {market["price_level_structure"] for market in markets} == set(STRUCTURES)
    assert any("mve_selected_legs" in market for market in markets)
    for path, member, count in (
        ("fills", "fills", 2),
        ("orders", "orders", 3),
        ("positions", "market_positions", 2),
    ):
        assert len((await desk.json(f"/portfolio/{path}", signed=True))[member]) == count
    assert {trade["taker_side"] for trade in (await desk.json("/markets/trades"))["trades"]} == {"yes", "no"}


async def test_outage_obeys_the_schema(desk: Desk) -> None:
    """While the exchange is down its status comes with an error code and the same body."""
    desk.world.exchange_active = False
    response = await desk.get("/exchange/status")
    assert response.status_code == 503
    assert problems(reply_schema("/exchange/status", 503), response.json()) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"yes_bid_dollars": "0.47"}, "$.yes_bid_dollars"),
        ({"volume_fp": 3}, "$.volume_fp"),
        ({"status": "open"}, "$.status"),
        ({"close_time": 1_800_000_000}, "$.close_time"),
        ({"open_time": "tomorrow"}, "$.open_time"),
        ({"rules": "none"}, "$"),
        ({"ticker": None}, "$.ticker"),
    ],
)
async def test_wrong_reply_is_seen(desk: Desk, change: dict[str, Any], place: str) -> None:
    """Wrong digits, types, words, forms and names are found."""
    market = (await desk.json(f"/markets/{TWO_SIDED}"))["market"] | change
    assert [problem.partition(":")[0] for problem in problems(component("Market"), market)] == [place]


async def test_absent_member_is_seen_and_null_allowed(desk: Desk) -> None:
    """A required member can not be left out; one that may be null can be."""
    market = (await desk.json(f"/markets/{TWO_SIDED}"))["market"]
    assert problems(component("Market"), market | {"settlement_ts": None, "settlement_value_dollars": None}) == []
    del market["yes_bid_size_fp"]
    assert problems(component("Market"), market) == ["$: 'yes_bid_size_fp' is a required property"]
