"""What the catalog finds, keeps, forgets and says."""

import msgspec
import pytest
from msgspec.structs import replace

from proto.subjects import escape
from proto.units import SECOND
from services.catalog.core import GONE, KEEP
from services.catalog.discovery import CHANGES_S, SWEEP_S, Ask
from shared.kalshi.rest import Listed
from tests.unit.services.catalog.harness import HOUR, START, Bench, market

A, B, C = "KXA-1-A", "KXA-2.5-B", "KXB-1-C"


def test_all_pages_are_followed() -> None:
    """A list is read to its last cursor, whatever its length."""
    bench = Bench(*(market(f"KXA-1-{number}") for number in range(95)), page=10).run()
    assert len(bench.bucket) == len(bench.followed) == bench.count("markets_discovered") == 95
    cursors = [dict(ask.params).get("cursor") for ask in bench.asked if dict(ask.params)["status"] == "open"]
    assert cursors == [None, *(str(first) for first in range(10, 100, 10))]
    assert bench.core.discovered


def test_unopened_markets_are_known_before_they_open() -> None:
    """A market that is yet to open has its value, and is followed only shortly before."""
    bench = Bench(market(A), market(B, status="initialized", open_ts=START.ts + HOUR)).run()
    assert bench.followed == {A}
    assert bench.bucket[B].status == "initialized"


def test_nothing_is_written_twice() -> None:
    """A listing that shows nothing new causes no write."""
    bench = Bench(market(A), market(B)).run()
    bench.run(2 * SWEEP_S + 1)
    assert bench.written == 2
    assert sum(ask.full for ask in bench.asked) == 3 * 2


def test_what_changed_is_asked_for_between_listings() -> None:
    """Between two full listings the exchange is asked only for what it changed."""
    bench = Bench(market(A)).run()
    bench.listed[A] = market(A, title="Anew", updated_ts=START.ts + 5 * SECOND)
    bench.run(CHANGES_S + 1)
    assert not bench.asked[-1].full
    assert "min_updated_ts" in dict(bench.asked[-1].params)
    assert bench.bucket[A].title == "Anew"


@pytest.mark.parametrize("outage_s", [1.0, 2 * SWEEP_S])
def test_an_outage_forgets_nothing(outage_s: float) -> None:
    """While the exchange does not answer, all markets stay as they are, and the listing goes on afterwards."""
    bench = Bench(market(A, close_ts=None), market(B, close_ts=None), page=1).run()
    bench.run(SWEEP_S + outage_s, answers=False)
    assert bench.followed == {A, B}
    before = len(bench.asked)
    bench.run(1.0)
    assert len(bench.asked) > before
    assert bench.followed == {A, B}


def test_a_market_that_lists_leave_out_is_looked_up_and_kept() -> None:
    """Not to be listed is no reason to leave; nor is a look-up that shows nothing."""
    bench = Bench(market(A), market(B, close_ts=None)).run()
    del bench.listed[B]
    bench.run(SWEEP_S + 200)
    assert next(ask.tickers for ask in bench.asked if ask.tickers) == (B,)
    assert bench.count("unfound_markets") == 1
    assert bench.followed == {A, B}


def test_a_market_leaves_the_live_lists_for_good() -> None:
    """Only one that closed a day ago and is not shown any more is forgotten."""
    bench = Bench(market(A), market(B)).run(3605)
    del bench.listed[B]
    bench.now = bench.now._replace(ts=START.ts + HOUR + GONE)
    bench.run(2 * SWEEP_S)
    assert B not in bench.bucket
    assert bench.count("markets_forgotten") == 1


def test_a_refused_listing_begins_anew() -> None:
    """A request that can not succeed is given up and counted; what is left is asked for a minute later."""
    bench = Bench(market(A))
    ask = bench.core.next_ask(bench.now)
    assert ask is not None
    bench.core.refused(ask, bench.now)
    assert bench.core.next_ask(bench.now) is None
    assert bench.count("refused_requests") == 1
    assert not bench.core.discovered
    assert bench.run(CHANGES_S + 1).followed == {A}
    assert bench.core.discovered


def test_settled_markets_leave() -> None:
    """Once settled a market is followed no longer, and its value stays readable for an hour."""
    bench = Bench(market(A)).run()
    bench.listed.clear()
    bench.hear(A, "determined", result="yes", settlement_value=10_000, determination_ts=START.ts)
    assert (bench.bucket[A].status, bench.bucket[A].result) == ("determined", "yes")
    bench.hear(A, "settled", settled_ts=START.ts + SECOND)
    assert bench.followed == set()
    assert bench.bucket[A].status == "finalized"
    bench.now = bench.now._replace(ts=START.ts + SECOND + KEEP)
    bench.run(0.1)
    assert bench.bucket == {}


def test_settled_strangers_are_not_let_in() -> None:
    """What was over before we came is passed over, by whichever way it is met."""
    bench = Bench(market(A, status="finalized"), tickers=(A,)).run()
    bench.hear(B, "settled")
    assert bench.bucket == {}
    assert bench.count("rejected_status") == 1


def test_series_are_rejected_at_discovery_and_when_heard_of() -> None:
    """Only the chosen series come in, by name or by beginning, and what does not is counted."""
    bench = Bench(market(A), market(C), market("KXAB-1-D"), market("KXC-1-E"), series=("KXA*", "KXB")).run()
    assert set(bench.bucket) == {A, C, "KXAB-1-D"}
    assert bench.count("rejected_series") == 1
    bench.hear("KXC-2-F", "created", open_ts=START.ts, close_ts=START.ts + HOUR)
    assert "KXC-2-F" not in bench.bucket
    assert bench.count("rejected_series") == 2


def test_named_series_are_asked_for_by_name() -> None:
    """Lists are narrowed where every series is named in full."""
    bench = Bench(market(A), market(C), market("KXC-1-E"), series=("KXA", "KXB")).run()
    asked = [dict(ask.params) for ask in bench.asked]
    assert {params["series_ticker"] for params in asked} == {"KXA", "KXB"}
    assert all(params["mve_filter"] == "exclude" for params in asked)
    assert bench.count("rejected_series") == 0


def test_named_markets_alone() -> None:
    """With tickers and no series nothing else is listed, and many are asked for in several requests."""
    tickers = tuple(f"KXA-1-{number}" for number in range(150))
    bench = Bench(*map(market, tickers), market(C), tickers=tickers).run()
    assert bench.followed == set(tickers)
    assert len(bench.asked) == 2
    bench.hear(C, "metadata_updated", yes_sub_title="x")
    assert bench.count("rejected_unasked") == 1


def test_nothing_is_wanted_of_a_real_exchange_by_default() -> None:
    """Without tickers and series a real exchange is not even asked."""
    bench = Bench(market(A), everything=False).run(SWEEP_S)
    assert bench.asked == []
    assert bench.core.discovered
    assert bench.bucket == {}


def test_combos_stay_outside() -> None:
    """Combos are left out by the list's own filter, and again if one is shown all the same."""
    bench = Bench(market(A), market("KXMVESPORTS-1-X", mve_collection_ticker="KXMVESPORTS")).run()
    assert set(bench.bucket) == {A}
    assert bench.count("rejected_combo") == 1
    asked = Bench(market("KXMVESPORTS-1-X"), series=("KXMVESPORTS",)).run()
    assert set(asked.bucket) == {"KXMVESPORTS-1-X"}


def test_the_status_filter() -> None:
    """Another filter follows other markets; those that will open are known all the same."""
    listed = [market(A), market(B, status="closed"), market(C, status="initialized", open_ts=START.ts + HOUR)]
    bench = Bench(*listed, statuses=("closed", "unopened")).run()
    assert bench.followed == {B, C}


def test_unreadable_markets_are_counted() -> None:
    """One market that was not understood is counted and told, and those beside it are taken."""
    bench = Bench()
    ask = bench.core.next_ask(bench.now)
    assert ask is not None
    bench.core.answered(ask, Listed((market(A),), ("no ticker",)), bench.now)
    bench.run()
    assert set(bench.bucket) == {A}
    assert bench.count("unreadable_markets") == 1
    assert "no ticker" in bench.notes[0]


def test_what_was_heard_is_newer_than_what_was_asked_before() -> None:
    """An answer that was under way when a message came does not undo it."""
    bench = Bench(market(A)).run()
    asked = Ask((("tickers", A),), bench.now.ts, tickers=(A,))
    bench.run(0.2)
    bench.hear(A, "determined", result="no", determination_ts=bench.now.ts)
    bench.core.answered(asked, Listed((market(A),)), bench.now)
    assert bench.core.markets[A].status == "determined"


def test_the_bucket_is_learnt_at_the_start() -> None:
    """What an earlier catalog wrote is known at once, also while the exchange does not answer."""
    earlier = Bench(market(A), market(B)).run()
    stored = {escape(ticker): msgspec.json.encode(value) for ticker, value in earlier.bucket.items()}
    bench = Bench()
    bench.restore(stored)
    bench.run(10, answers=False)
    assert bench.written == 0
    assert set(bench.core.markets) == {A, B}


def test_a_bucket_that_lost_its_values_is_filled_again() -> None:
    """After a break, what is missing or different in the bucket is written; what does not belong there leaves."""
    bench = Bench(market(A), market(B), market(C)).run()
    stored = {
        escape(A): msgspec.json.encode(bench.bucket[A]),
        escape(B): msgspec.json.encode(replace(bench.bucket[B], title="old")),
        "KXZ-1": b"{",
    }
    written = bench.written
    bench.restore(stored)
    assert bench.written == written + 3
    assert set(bench.bucket) == {A, B, C}


def test_other_settings_clear_the_bucket() -> None:
    """Values of markets that are not let in any more are deleted."""
    earlier = Bench(market(A), market(C)).run()
    bench = Bench(series=("KXA",))
    bench.bucket = dict(earlier.bucket)
    bench.restore({escape(ticker): msgspec.json.encode(value) for ticker, value in earlier.bucket.items()})
    assert set(bench.bucket) == {A}
