"""What the account was told is what it can read."""

from typing import Any

import msgspec
import pytest

from services.simulator.account.sender import Sender
from tests.unit.services.simulator.rest.scene import START, TWO_SIDED, Desk, numbers

OTHER = "KXSIDE-26-YES"
SECOND_S = START.ts // 1_000_000


@pytest.fixture
def desk() -> Desk:
    """An exchange."""
    return Desk()


def say(desk: Desk, kind: str, **msg: Any) -> dict[str, Any]:
    """Let the account be told something, and return it."""
    body = msgspec.json.encode({"type": kind, "msg": msg})
    sent: dict[str, Any] = Sender(desk.world, numbers()).send(body, desk.now)["sent"][0]["msg"]
    return sent


async def listed(desk: Desk, path: str, **params: Any) -> list[dict[str, Any]]:
    """Return a list of the account."""
    reply = await desk.json(f"/portfolio/{path}", signed=True, **params)
    rows: list[dict[str, Any]] = reply["market_positions" if path == "positions" else path]
    return rows


async def test_nothing_was_told_at_first(desk: Desk) -> None:
    """All lists are empty."""
    assert [await listed(desk, path) for path in ("fills", "orders", "positions")] == [[], [], []]


async def test_fills_are_listed_newest_first(desk: Desk) -> None:
    """By every filter, a page at a time."""
    uuids = [f"00000000-0000-4000-8000-00000000000{place}" for place in range(3)]
    for place, (uuid, ticker) in enumerate(zip(uuids, (TWO_SIDED, OTHER, TWO_SIDED), strict=True)):
        say(desk, "fill", market_ticker=ticker, trade_id=uuid, order_id=uuid, ts=SECOND_S + place)
    assert [row["trade_id"] for row in await listed(desk, "fills")] == uuids[::-1]
    assert [row["trade_id"] for row in await listed(desk, "fills", min_ts=SECOND_S + 1)] == uuids[:0:-1]
    assert [row["trade_id"] for row in await listed(desk, "fills", ticker=OTHER)] == [uuids[1]]
    assert [row["trade_id"] for row in await listed(desk, "fills", order_id=uuids[0])] == [uuids[0]]
    first = await desk.json("/portfolio/fills", signed=True, limit=2)
    rest = await desk.json("/portfolio/fills", signed=True, limit=2, cursor=first["cursor"])
    assert [row["trade_id"] for row in (*first["fills"], *rest["fills"])] == uuids[::-1]
    assert rest["cursor"] == ""


async def test_an_order_is_listed_as_it_was_told_last(desk: Desk) -> None:
    """It is found by its status, and by its id unless nobody knows its status."""
    told = say(desk, "user_order", ticker=TWO_SIDED)
    name = told["order_id"]
    assert [row["status"] for row in await listed(desk, "orders", status="resting")] == ["resting"]
    say(desk, "user_order", ticker=TWO_SIDED, order_id=name, status="canceled")
    assert await listed(desk, "orders", status="resting") == []
    order = (await desk.json(f"/portfolio/orders/{name}", signed=True))["order"]
    assert (order["status"], order["no_price_dollars"]) == (
        "canceled",
        (await listed(desk, "orders"))[0]["no_price_dollars"],
    )
    say(desk, "user_order", ticker=TWO_SIDED, order_id=name, status="unknown")
    assert await listed(desk, "orders") == []
    assert (await desk.get(f"/portfolio/orders/{name}", signed=True)).status_code == 404


async def test_positions_are_those_of_one_subaccount(desk: Desk) -> None:
    """The primary one unless another is asked for; a filter leaves out where nothing is held."""
    say(desk, "market_position", market_ticker=TWO_SIDED, position_fp="2.00")
    say(desk, "market_position", market_ticker=TWO_SIDED, position_fp="-3.00", subaccount=1)
    say(desk, "market_position", market_ticker=OTHER, position_fp="0.00")
    assert {row["ticker"]: row["position_fp"] for row in await listed(desk, "positions")} == {
        TWO_SIDED: "2.00",
        OTHER: "0.00",
    }
    assert [row["ticker"] for row in await listed(desk, "positions", count_filter="position")] == [TWO_SIDED]
    assert [row["position_fp"] for row in await listed(desk, "positions", subaccount=1)] == ["-3.00"]
    assert [row["ticker"] for row in await listed(desk, "positions", event_ticker="KXSIDE-26")] == [OTHER]


@pytest.mark.parametrize("path", ["fills", "orders", "orders/o", "positions"])
async def test_who_does_not_sign_learns_nothing(desk: Desk, path: str) -> None:
    """The account is its owner's."""
    assert (await desk.get(f"/portfolio/{path}")).status_code == 401


async def test_a_limit_has_its_bounds(desk: Desk) -> None:
    """As at the exchange."""
    assert (await desk.get("/portfolio/fills", signed=True, limit=1001)).status_code == 400
