"""Habits that change for a while."""

from typing import Any

import pytest

from services.simulator.feed.habits import Habits
from tests.unit.services.simulator.faults.scene import BOSTON, Client, Table


@pytest.mark.parametrize(
    ("fault", "habits"),
    [
        ({"fault": "legacy_twins"}, Habits(legacy_twins=True)),
        ({"fault": "yes_price_default"}, Habits(yes_price_default=True)),
        ({"fault": "unknown_members"}, Habits(unknown_members=True)),
        ({"fault": "unknown_members", "on": False}, Habits()),
        ({"fault": "slow_ack", "delay_ms": 7}, Habits(command_delay_ms=7)),
        ({"fault": "data_before_ack", "delay_ms": 8}, Habits(ack_delay_ms=8)),
        (
            {"fault": "habits", "set": {"ts_ms": False, "first_sid": 9, "max_markets": 3}},
            Habits(ts_ms=False, first_sid=9, max_markets=3),
        ),
    ],
)
def test_habits_change(fault: dict[str, object], habits: Habits) -> None:
    """For good, until faults are cleared."""
    table = Table()
    table.post(fault)
    table.wait(1000)
    assert table.exchange.manners.habits == habits
    table.faults.clear()
    assert table.exchange.manners.habits == Habits()


def test_habits_lie_upon_each_other() -> None:
    """The last that came wins, and when it goes what was before is there again."""
    table = Table()

    def wait() -> tuple[int, int]:
        table.wait(1)
        return table.exchange.manners.habits.first_sid, table.exchange.manners.habits.max_markets

    table.post({"fault": "habits", "set": {"first_sid": 2, "max_markets": 4}, "for_s": 3.5})
    table.post({"fault": "habits", "set": {"first_sid": 3}, "for_s": 1.5})
    assert [wait() for _ in range(4)] == [(3, 4), (2, 4), (2, 4), (1, 20_000)]


def test_data_before_the_acknowledgement() -> None:
    """The snapshot is there at once, `subscribed` only after its delay."""
    table = Table()
    client = table.client()
    table.post({"fault": "data_before_ack", "delay_ms": 500})
    frames = client.say("subscribe", channels=["orderbook_delta"], market_tickers=[BOSTON])
    table.wait(0.4)
    assert [frame["type"] for frame in frames + client.heard()] == ["orderbook_snapshot"]
    table.wait(0.2)
    assert [frame["type"] for frame in client.heard()] == ["subscribed"]


def test_slow_command() -> None:
    """Nothing happens before the delay is over."""
    table = Table()
    client = table.client()
    table.post({"fault": "slow_ack", "delay_ms": 500})
    frames = client.say("list_subscriptions")
    table.wait(0.4)
    assert frames + client.heard() == []
    table.wait(0.2)
    assert [frame["type"] for frame in client.heard()] == ["ok"]


def test_message_with_strange_members() -> None:
    """Messages are dressed from the moment the fault begins until it ends."""
    table = Table()
    client = table.client(BOSTON)
    usual = set(_change(table, client)["msg"])
    table.post({"fault": "unknown_members", "for_s": 1}, {"fault": "legacy_twins", "for_s": 1})
    assert set(_change(table, client)["msg"]) > usual | {"price", "delta"}
    table.wait(1)
    assert set(_change(table, client)["msg"]) == usual


def _change(table: Table, client: Client) -> dict[str, Any]:
    table.change()
    (frame,) = client.heard()
    return frame
