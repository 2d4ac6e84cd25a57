"""Commands are written as the exchange reads them."""

import msgspec
import pytest

from shared.kalshi import commands


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (
            commands.Subscribe(
                1,
                commands.SubscribeParams(["orderbook_delta", "trade"], market_tickers=["A"], use_yes_price=False),
            ),
            {
                "cmd": "subscribe",
                "id": 1,
                "params": {
                    "channels": ["orderbook_delta", "trade"],
                    "market_tickers": ["A"],
                    "use_yes_price": False,
                },
            },
        ),
        (
            commands.Unsubscribe(2, commands.UnsubscribeParams([1, 2])),
            {"cmd": "unsubscribe", "id": 2, "params": {"sids": [1, 2]}},
        ),
        (
            commands.UpdateSubscription(3, commands.UpdateParams("get_snapshot", sid=1, market_tickers=["A"])),
            {
                "cmd": "update_subscription",
                "id": 3,
                "params": {"action": "get_snapshot", "sid": 1, "market_tickers": ["A"]},
            },
        ),
        (commands.ListSubscriptions(4), {"cmd": "list_subscriptions", "id": 4}),
    ],
)
def test_commands_are_written_without_empty_members(command: commands.Command, text: dict[str, object]) -> None:
    """Only what was given is sent; false is something given."""
    assert msgspec.json.decode(commands.encode(command)) == text
