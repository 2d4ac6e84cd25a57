"""The catalog's markets join and leave; series that are not let in do not come in by any way."""

import msgspec
import pytest

from proto.catalog import ListedMarket
from proto.requests import Lease
from proto.subjects import Subjects, escape
from services.gateway.core import Gateway
from services.gateway.universe import GRACE_S
from tests.unit.services.gateway.harness import A, B, Bench, C, frame, subscribed


def _values(*tickers: str, followed: bool = True, status: str = "active") -> dict[str, bytes | None]:
    return {
        escape(ticker): msgspec.json.encode(
            ListedMarket(
                ticker=ticker, event_ticker="", series_ticker="", status=status, followed=followed, updated_ts=1
            )
        )
        for ticker in tickers
    }


def _tell(bench: Bench, values: dict[str, bytes | None], *, whole: bool = False) -> set[str]:
    bench.core.catalogued(values, bench.now, whole=whole)
    bench.wait(1.1)
    return set(bench.core.markets)


def test_followed_markets_join_and_leave() -> None:
    """Markets that the catalog has followed are wanted until it says otherwise or forgets them."""
    bench = Bench(A)
    assert _tell(bench, _values(B, C) | _values("KXA-9", followed=False), whole=True) == {A, B, C}
    assert bench.explain(C).wanted_by == ("catalog",)
    assert _tell(bench, _values(B, followed=False)) == {A, C}
    assert _tell(bench, {escape(C): None}) == {A}


def test_who_else_wants_it_keeps_it() -> None:
    """A market that settings or leases want stays when the catalog's wish ends."""
    bench = Bench(A)
    _tell(bench, _values(A, B), whole=True)
    bench.core.lease(Lease("bot", (B,), 60), bench.now)
    assert bench.explain(A).wanted_by == ("settings", "catalog")
    assert bench.explain(B).wanted_by == ("catalog", "lease:bot")
    assert _tell(bench, _values(A, B, followed=False)) == {A, B}


def test_settled_markets_are_wanted_by_nobody() -> None:
    """Once settled, a market leaves even if settings name it, and also after the catalog has forgotten it."""
    bench = Bench(A)
    bench.core.lease(Lease("bot", (B,), 600), bench.now)
    assert _tell(bench, _values(A, B, followed=False, status="finalized")) == set()
    assert bench.explain(A).wanted_by == ()
    assert _tell(bench, {escape(A): None, escape(B): None}) == {B}


def test_what_leaves_is_deleted_market_by_market() -> None:
    """The exchange is asked to delete the one market; the others are not touched."""
    bench = Bench(A)
    _tell(bench, _values(B), whole=True)
    bench.live()
    bench.core.catalogued(_values(B, followed=False, status="finalized"), bench.now, whole=False)
    assert bench.wait(1.1).short == [("delete_markets", "[1]", B)]


def test_an_emptied_bucket_empties_nothing_at_once() -> None:
    """A bucket that has lost its values is likely to be filled again: until then its markets are kept for a while."""
    bench = Bench()
    _tell(bench, _values(A, B), whole=True)
    assert _tell(bench, {}, whole=True) == {A, B}
    _tell(bench, _values(A))
    bench.wait(GRACE_S)
    assert set(bench.core.markets) == {A}


def test_values_that_are_not_understood_are_counted() -> None:
    """One that can not be read leaves everything as it is."""
    bench = Bench(A)
    assert _tell(bench, {"KXB-1": b"{"}) == {A}
    assert bench.core.counts["unreadable_values", ""] == 1


@pytest.fixture
def narrow() -> Bench:
    """A gateway that lets in one series and is told to follow two."""
    bench = Bench()
    bench.core = Gateway(
        instance="gateway-0",
        tickers=(A, C),
        channels=("orderbook_delta", "trade", "market_lifecycle_v2"),
        subjects=Subjects(),
        series=("KXA",),
    )
    return bench


def test_other_series_are_rejected_at_subscription(narrow: Bench) -> None:
    """Neither settings nor catalog nor a lease bring in a market of another series; a lease is told why."""
    assert narrow.core.counts["rejected", "settings"] == 1
    assert C in narrow.core.out.notes[0]
    assert _tell(narrow, _values(B, C), whole=True) == {A, B}
    reply = narrow.core.lease(Lease("bot", (A, C), 60), narrow.now)
    assert reply.tickers == (A,)
    assert [(error.ticker, error.code) for error in reply.errors] == [(C, 403)]
    assert set(narrow.core.markets) == {A, B}
    assert narrow.core.counts["rejected", "catalog"] == 1
    assert narrow.core.counts["rejected", "lease"] == 1


def test_other_series_are_rejected_at_run_time(narrow: Bench) -> None:
    """What the exchange says unasked of other series is dropped and counted, and advances the sequence."""
    narrow.open()
    narrow.give(subscribed("market_lifecycle_v2", 3, 3))
    said = narrow.give(
        frame("market_lifecycle_v2", 3, 1, {"market_ticker": C, "event_type": "created"}),
        frame("market_lifecycle_v2", 3, 2, {"market_ticker": A, "event_type": "created"}),
    ).said
    assert [message.ticker for message in said if hasattr(message, "ticker")] == [A]
    assert narrow.core.counts["rejected", "lifecycle"] == 1
    assert narrow.core.counts["gaps", "market_lifecycle_v2"] == 0
