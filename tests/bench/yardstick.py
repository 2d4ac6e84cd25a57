"""A measure that moves with the machine: what it costs here to write one book delta with the standard library."""

import json
import timeit

_FRAME = {
    "type": "orderbook_delta",
    "sid": 1,
    "seq": 123456,
    "msg": {
        "market_ticker": "KXMLBGAME-26JUL101915BOSNYY-BOS",
        "market_id": "9b0f6b43-5b68-4f9f-9f02-9a2d1b8ac1a1",
        "price_dollars": "0.4700",
        "delta_fp": "-54.00",
        "side": "yes",
        "ts": "2026-06-11T06:31:29.957081Z",
        "ts_ms": 1781159489957,
    },
}
_ROUNDS = 20_000


def encode_ns() -> float:
    """Return the nanoseconds of one json.dumps of a book delta, the best of five."""
    return min(timeit.repeat(lambda: json.dumps(_FRAME), number=_ROUNDS, repeat=5)) / _ROUNDS * 1e9
