"""What is said of a market's life on the lifecycle channel, and what the gateway does about it."""

from services.gateway.repair import PATIENCE_S
from services.gateway.subscriptions import LIFECYCLE, REFUSED_S
from tests.unit.services.gateway.harness import A, B, Bench, frame, subscribed


def snapshot(sid: int, seq: int, ticker: str) -> bytes:
    """Make an empty book of a subscription."""
    return frame("orderbook_snapshot", sid, seq, {"market_ticker": ticker})


def lifecycle(seq: int, ticker: str, event_type: str) -> bytes:
    """Make a lifecycle message of sid 2."""
    return frame("market_lifecycle_v2", 2, seq, {"market_ticker": ticker, "event_type": event_type})


def with_lifecycle() -> Bench:
    """Make a live bench that hears lifecycles."""
    bench = Bench(A, B, channels=("orderbook_delta", LIFECYCLE)).live()
    bench.give(subscribed(LIFECYCLE, 2, 2))
    return bench


def test_a_paused_market_is_stale_until_it_is_activated() -> None:
    """A deactivated market is `paused`, also over new books, and live by a fresh one when it is activated."""
    bench = with_lifecycle()
    done = bench.give(lifecycle(1, A, "deactivated"), bench.delta(A))
    assert (done.stale, len(done.books)) == ({A: "paused"}, 1)
    done = bench.give(bench.snapshot(A))
    assert [type(message).__name__ for message in done.books] == ["Snapshot", "Stale"]
    assert bench.wait(2 * PATIENCE_S).commands == []
    assert bench.give(lifecycle(2, A, "activated")).short == [("get_snapshot", "[1]", A)]
    assert [type(m).__name__ for m in bench.give(bench.snapshot(A), bench.delta(A)).books] == ["Snapshot", "Delta"]


def test_a_pause_does_not_outlive_what_would_end_it() -> None:
    """A loss on the lifecycle channel or a new connection may have swallowed `activated`: a fresh book decides."""
    bench = with_lifecycle()
    bench.give(lifecycle(1, A, "deactivated"))
    assert bench.give(lifecycle(3, B, "created")).short == [("get_snapshot", "[1]", A)]
    bench.give(lifecycle(4, A, "deactivated"))
    bench.close()
    bench.open()
    assert [type(m).__name__ for m in bench.give(snapshot(1, 1, A)).books] == ["Snapshot"]


def test_a_settled_market_leaves() -> None:
    """A settled market is `unsubscribed`, deleted at the exchange, and not asked for again though it is configured."""
    bench = with_lifecycle()
    done = bench.give(lifecycle(1, A, "settled"))
    assert done.stale == {A: "unsubscribed"}
    assert done.short == [("delete_markets", "[1]", A)]
    done = bench.wait(REFUSED_S)
    assert done.commands == []
    assert A in done.beats[0].gone
    assert A not in bench.core.markets
    assert len(bench.give(bench.delta(B)).books) == 1
    bench.close()
    assert bench.open().short[0] == ("subscribe", "orderbook_delta", B)
