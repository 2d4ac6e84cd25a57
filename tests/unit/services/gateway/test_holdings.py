"""What is remembered of the account, and for how long."""

import pytest

from proto.private import Fill, Order
from services.gateway import holdings
from services.gateway.holdings import Holdings

ORDER = Order("KXA-1", "o", None, None, 0, "resting", "yes", 5000, 1000, 0, 1000, 0, None)


def fill(name: str) -> Fill:
    """Return a fill."""
    return Fill("KXA-1", name, "o", None, None, 0, "yes", True, 5000, 100, 0, None)


def test_what_is_heard_is_remembered_only_until_the_account_was_read() -> None:
    """A connection may last for weeks."""
    held = Holdings()
    held.hear_order(ORDER)
    assert held.missing_orders([]) == []
    held.settle()
    held.hear_order(ORDER)
    assert held.missing_orders([]) == [ORDER]


def test_the_oldest_fills_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded."""
    monkeypatch.setattr(holdings, "FILLS", 2)
    held = Holdings()
    assert [held.is_new(fill(name)) for name in ("a", "b", "c", "c", "b", "a")] == [
        True,
        True,
        True,
        False,
        False,
        True,
    ]
