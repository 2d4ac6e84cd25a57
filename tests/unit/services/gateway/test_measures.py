"""Times are sorted by what took them, loads are counted by the second."""

import pytest

from services.gateway.load import Load, Rate
from services.gateway.measures import EXCHANGE_HOP, NAMES, Measures, sent_ts
from shared.kalshi import wire
from tests.unit.services.gateway.harness import BOOK_SID, START, A, B, Bench, frame, subscribed


@pytest.mark.parametrize(
    ("kind", "msg", "beside", "sent"),
    [
        ("orderbook_delta", {"side": "yes", "ts_ms": 7}, {}, 7_000),
        ("orderbook_delta", {"side": "yes", "ts_ms": 7}, {"sending_ts_ms": 9}, 9_000),
        ("orderbook_delta", {"side": "yes", "ts": 7}, {}, None),
        ("orderbook_snapshot", {}, {}, None),
        ("orderbook_snapshot", {}, {"sending_ts_ms": 9}, 9_000),
    ],
)
def test_when_a_message_was_sent(kind: str, msg: dict[str, object], beside: dict[str, int], sent: int | None) -> None:
    """The time of sending counts, else that of the change; seconds are too coarse for either."""
    raw = frame(kind, 1, 1, {"market_ticker": A, **msg})
    for name, value in beside.items():
        raw = raw.replace(b"{", b'{"%s":%d,' % (name.encode(), value), 1)
    assert sent_ts(wire.decode(raw)) == sent


def test_times_by_what_took_them() -> None:
    """Each has its histogram, from the start; nothing is negative."""
    measures = Measures()
    assert {name for name, _ in measures.histograms} == set(NAMES)
    measures.take([(EXCHANGE_HOP, -0.5), (EXCHANGE_HOP, 0.5), ("repair", 2.0)])
    measures.published(0.001)
    measures.lag(-0.001)
    assert {name: (sum(h.counts), h.total) for (name, _), h in measures.histograms.items()} == {
        "exchange_to_received_seconds": (2, 0.5),
        "repair_seconds": (1, 2.0),
        "received_to_published_seconds": (1, 0.001),
        "loop_lag_seconds": (1, 0.0),
    }


def test_the_core_times_the_hop_of_each_frame() -> None:
    """How long a frame was on its way is told with the output, once."""
    bench = Bench(A).live()
    bench.core.received(bench.delta(A, ts_ms=START.ts // 1000), bench.now)
    assert bench.core.out.take().timings == [(EXCHANGE_HOP, (bench.now.ts - START.ts) / 1_000_000)]
    assert bench.core.out.take().timings == []


def test_what_a_connection_carries() -> None:
    """Markets that were asked for and subscriptions that were opened; nothing without a connection."""
    bench = Bench(A, B, channels=("orderbook_delta", "trade"))
    assert bench.core.load() == Load(0, 0)
    bench.open()
    assert bench.core.load() == Load(2, 0)
    bench.give(subscribed("orderbook_delta", BOOK_SID, 1))
    assert bench.core.load() == Load(2, 1)
    bench.close()
    assert bench.core.load() == Load(0, 0)


def test_the_rate_of_the_last_second() -> None:
    """A rate is that of the last second that is over, and falls to nothing when nothing comes."""
    rate = Rate()
    rate.tick(10.0)
    for _ in range(30):
        rate.add()
    rate.tick(10.5)
    assert rate.per_second == 0
    rate.tick(11.5)
    assert rate.per_second == 20
    rate.tick(12.5)
    assert rate.per_second == 0
