"""Who may ask, how often, and how a refusal looks."""

import pytest

from services.simulator.http.application import API
from tests.unit.services.simulator.rest.scene import TWO_SIDED, Desk


@pytest.fixture
def desk() -> Desk:
    """An exchange whose clients may ask 40 times at once."""
    return Desk(tier="basic")


@pytest.mark.parametrize("path", ["/markets/orderbooks", "/account/limits", "/portfolio/balance"])
async def test_some_paths_need_a_signature(desk: Desk, path: str) -> None:
    """Without one the answer is 401, as the exchange says it."""
    response = await desk.get(path)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "signature_is_missing_from_headers"


@pytest.mark.parametrize(
    ("headers", "code", "details"),
    [
        ({"KALSHI-ACCESS-SIGNATURE": "AAAA"}, "authentication_error", "INCORRECT_API_KEY_SIGNATURE"),
        ({"KALSHI-ACCESS-KEY": "nobody"}, "authentication_error", "NOT_FOUND"),
        ({"KALSHI-ACCESS-TIMESTAMP": "1800000000000"}, "header_timestamp_expired", ""),
        ({"KALSHI-ACCESS-KEY": ""}, "signature_is_missing_from_headers", ""),
    ],
)
async def test_bad_signature_never_passes(desk: Desk, headers: dict[str, str], code: str, details: str) -> None:
    """Not even where none is needed; the body tells the cause."""
    response = await desk.ask("GET", f"{API}/markets", headers=desk.signed("GET", f"{API}/markets") | headers)
    assert response.status_code == 401
    assert (response.json()["error"]["code"], response.json()["error"]["details"]) == (code, details)


async def test_query_is_not_signed(desk: Desk) -> None:
    """A good signature over the path alone passes with any query."""
    assert (await desk.get("/markets", signed=True, limit=1)).status_code == 200


async def test_signed_requests_are_charged(desk: Desk) -> None:
    """The 41st at once is refused without a hint when to come again; unsigned ones go on, and time helps."""
    for _ in range(40):
        await desk.json("/exchange/schedule", signed=True)
    response = await desk.get("/exchange/schedule", signed=True)
    assert (response.status_code, response.json()) == (429, {"error": "too many requests"})
    assert "retry-after" not in response.headers
    assert (await desk.get("/exchange/schedule")).status_code == 200
    desk.pass_time(0.06)
    assert (await desk.get("/exchange/schedule", signed=True)).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/markets/KXNONE", "/markets/KXNONE/orderbook", "/events/KXNONE", "/series/KXNONE", "/markets/"],
)
async def test_what_does_not_exist(desk: Desk, path: str) -> None:
    """Unknown paths and unknown names look the same."""
    response = await desk.get(path)
    assert response.status_code == 404
    assert response.json() == {"error": {"code": "not_found", "message": "not found", "details": ""}}


async def test_limit_over_the_maximum(desk: Desk) -> None:
    """The body is the recorded one."""
    response = await desk.get("/markets", limit=1001)
    assert response.status_code == 400
    assert response.json() == {
        "msg": "Parameter validation failed for GetMarkets: Key: 'GetMarketsParams.Limit' "
        "Error:Field validation for 'Limit' failed on the 'lte' tag"
    }


async def test_wrong_method(desk: Desk) -> None:
    """What can only be read can not be written."""
    response = await desk.ask("POST", f"{API}/markets")
    assert response.status_code == 405
    assert response.json()["error"]["code"] == "method_not_allowed"


async def test_outage(desk: Desk) -> None:
    """Nothing but the state of the exchange and the account is told, and the simulator's own side works on."""
    desk.world.exchange_active = False
    response = await desk.get(f"/markets/{TWO_SIDED}")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "service_unavailable")
    assert (await desk.get("/exchange/status")).json()["exchange_active"] is False
    assert (await desk.get("/account/limits", signed=True)).status_code == 200
    assert (await desk.ask("GET", f"/sim/truth/{TWO_SIDED}")).status_code == 200
