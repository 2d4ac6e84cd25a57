"""Token buckets refill with time and are kept apart."""

import pytest

from services.simulator.rest.limits import RATES, Bucket, Limits, Tier


def _taken(bucket: Bucket, at: float) -> int:
    taken = 0
    while bucket.take(10, at):
        taken += 1
    return taken


def test_bucket_is_full_at_first_and_refills() -> None:
    """Two seconds' worth is there at once, then as much a second as the rate says, never more than it holds."""
    bucket = Bucket(200)
    assert _taken(bucket, 50.0) == 40
    assert _taken(bucket, 50.0) == 0
    assert _taken(bucket, 50.25) == 5
    assert _taken(bucket, 1000.0) == 40


def test_refusal_costs_nothing() -> None:
    """Who is refused and waits has not lost what was left."""
    bucket = Bucket(10)
    assert bucket.take(15, 0.0)
    assert not bucket.take(10, 0.4)
    assert bucket.take(10, 0.5)


def test_keys_and_kinds_have_their_own_buckets() -> None:
    """Another key, and writing, are not charged for what one key reads."""
    limits = Limits("basic")
    assert sum(limits.take("a", "GET", 0.0) for _ in range(100)) == 40
    assert sum(limits.take("a", "POST", 0.0) for _ in range(100)) == 20
    assert sum(limits.take("b", "GET", 0.0) for _ in range(100)) == 40


@pytest.mark.parametrize("tier", RATES)
def test_account_is_told_the_rates_of_its_tier(tier: Tier) -> None:
    """What is told is what is done: so many requests pass at once."""
    limits = Limits(tier)
    told = limits.account()
    assert told["usage_tier"] == tier
    assert told["read_limit"] == RATES[tier].read
    passed = sum(limits.take("a", "GET", 0.0) for _ in range(10_000))
    assert told["read"] == {"refill_rate": RATES[tier].read, "bucket_capacity": 10 * passed}
