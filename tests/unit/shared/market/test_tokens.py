"""How long to wait for one's turn."""

import pytest

from shared.market.tokens import Tokens


def test_a_burst_then_the_rate() -> None:
    """A full bucket is given at once; then each waits its turn behind those before it."""
    tokens = Tokens(10.0, 2.0)
    waits = [tokens.take(100.0) for _ in range(5)]
    assert waits == pytest.approx([0, 0, 0.1, 0.2, 0.3])


def test_tokens_come_back() -> None:
    """Time fills the bucket again, up to its capacity, and a clock that steps back takes nothing."""
    tokens = Tokens(10.0, 2.0)
    for _ in range(2):
        tokens.take(100.0)
    assert tokens.take(100.1) == pytest.approx(0)
    assert [tokens.take(900.0) for _ in range(3)] == pytest.approx([0, 0, 0.1])
    assert tokens.take(1.0) == pytest.approx(0.2)
