"""How much an account may ask: token buckets, for reading and writing apart."""

from typing import Literal, NamedTuple, TypeAlias

Tier: TypeAlias = Literal["basic", "advanced", "expert", "premier", "paragon", "prime", "prestige"]

DEFAULT_COST = 10
#: How many seconds of refill a bucket holds.
_CAPACITY_S = 2


class Rates(NamedTuple):
    """Tokens a second."""

    read: int
    write: int


RATES: dict[Tier, Rates] = {
    "basic": Rates(200, 100),
    "advanced": Rates(300, 300),
    "expert": Rates(600, 600),
    "premier": Rates(1200, 1200),
    "paragon": Rates(2400, 2400),
    "prime": Rates(4800, 4800),
    "prestige": Rates(12_000, 9600),
}
#: What costs other than DEFAULT_COST at the exchange.
_COSTS = (
    ("GET", "/portfolio/orders/{order_id}", 2),
    ("DELETE", "/portfolio/events/orders", 2),
    ("DELETE", "/portfolio/events/orders/batched", 2),
    ("DELETE", "/portfolio/events/orders/{order_id}", 2),
)


class Bucket:
    """Tokens that come back with time; full at first."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._tokens = float(self.capacity)
        self._at: float | None = None

    @property
    def capacity(self) -> int:
        """How many tokens it holds."""
        return _CAPACITY_S * self._rate

    def take(self, cost: int, at: float) -> bool:
        """Take tokens, or none if there are too few; `at` is in seconds and never steps back."""
        elapsed = 0.0 if self._at is None else at - self._at
        self._at = at
        self._tokens = min(self._tokens + elapsed * self._rate, self.capacity)
        if self._tokens < cost:
            return False
        self._tokens -= cost
        return True


class Limits:
    """The buckets of all keys; only keys whose signature was good come here, so they are few."""

    def __init__(self, tier: Tier) -> None:
        self._tier: Tier = tier
        self._buckets: dict[tuple[str, bool], Bucket] = {}

    def take(self, key_id: str, method: str, at: float) -> bool:
        """Charge a request and tell whether it may be answered."""
        reads = method in {"GET", "HEAD"}
        rates = RATES[self._tier]
        bucket = self._buckets.setdefault((key_id, reads), Bucket(rates.read if reads else rates.write))
        return bucket.take(DEFAULT_COST, at)

    def account(self) -> dict[str, object]:
        """Return what an account is told of its limits, in the older and in today's members."""
        rates = RATES[self._tier]
        return {
            "usage_tier": self._tier,
            "read_limit": rates.read,
            "write_limit": rates.write,
            "read": {"refill_rate": rates.read, "bucket_capacity": Bucket(rates.read).capacity},
            "write": {"refill_rate": rates.write, "bucket_capacity": Bucket(rates.write).capacity},
            "grants": [],
        }


def endpoint_costs() -> dict[str, object]:
    """Return what requests cost."""
    costs = [{"method": method, "path": f"/trade-api/v2{path}", "cost": cost} for method, path, cost in _COSTS]
    return {"default_cost": DEFAULT_COST, "endpoint_costs": costs}
