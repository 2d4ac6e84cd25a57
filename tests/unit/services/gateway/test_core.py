"""The gateway over its connections: what is wanted, what is told, and what is answered."""

from itertools import pairwise

from proto.book import Snapshot
from proto.requests import Explain, Lease, Resync
from proto.subjects import Subjects
from proto.units import SECOND
from services.gateway.core import NOT_FOLLOWED, Gateway
from services.gateway.load import Load
from services.gateway.markets import HEARTBEATS_PER_ROUND
from services.gateway.sharding import Shard
from services.gateway.subscriptions import BOOK
from shared.market.clock import Now
from tests.unit.services.gateway.harness import BOOK_SID, START, A, B, Bench, C, subscribed


def test_subscribes_when_the_connection_is_there() -> None:
    """A new connection begins with the subscriptions to what is wanted, with ids from 1."""
    bench = Bench(A, B, channels=("orderbook_delta", "trade"))
    assert bench.wait(1.0).commands == []
    done = bench.open()
    assert done.short == [("subscribe", "orderbook_delta", f"{A},{B}"), ("subscribe", "trade", f"{A},{B}")]
    assert [command.id for command in done.commands] == [1, 2]


def test_before_the_first_connection() -> None:
    """A gateway that has no connection yet says so, with every market stale."""
    [beat] = Bench(A).wait(0.1).beats
    assert (beat.connected, beat.stale) == (False, (A,))


def test_a_closed_connection_is_left_alone() -> None:
    """After a connection ended nothing is asked of it, however long its books do not come."""
    bench = Bench(A)
    bench.open()
    bench.close()
    done = bench.wait(30)
    assert (done.commands, done.drop) == ([], None)


def test_a_lost_connection_marks_everything() -> None:
    """When the connection ends every live market is stale with `disconnected`, and the heartbeat says so."""
    bench = Bench(A, B).live()
    assert bench.close().stale == {A: "disconnected", B: "disconnected"}
    [beat] = bench.wait(1.1).beats
    assert not beat.connected
    assert set(beat.stale) == {A, B}
    assert bench.core.counts["disconnects", "closed_by_exchange"] == 1


def test_nothing_survives_a_connection() -> None:
    """The next connection begins anew: ids, sids and numbers from 1, and books live by their snapshots only."""
    bench = Bench(A).live()
    bench.close()
    assert bench.give(bench.delta(A)).said == []
    done = bench.open()
    assert [command.id for command in done.commands] == [1]
    bench.seq = 0
    done = bench.give(subscribed("orderbook_delta", BOOK_SID, 1), bench.delta(A), bench.snapshot(A), bench.delta(A))
    assert [(type(message).__name__, message.seq) for message in done.books] == [("Snapshot", 0), ("Delta", 1)]


def test_epochs_grow_over_connections_and_clock_steps() -> None:
    """Each snapshot of a market has a larger epoch, also when the clock was set back while the line was down."""
    bench, epochs = Bench(A), list[int]()
    for _ in range(4):
        bench.open()
        bench.seq = 0
        epochs += [m.epoch for m in bench.give(bench.snapshot(A), bench.snapshot(A)).books if isinstance(m, Snapshot)]
        bench.close()
        bench.now = Now(bench.now.at + 1, bench.now.ts - 60_000_000)
    assert len(epochs) == 8
    assert all(one < other for one, other in pairwise(epochs))


def test_heartbeats_come_every_second() -> None:
    """Heartbeats are counted, a second apart, and name every market within ten."""
    tickers = [f"KXA-{number}" for number in range(25)]
    bench = Bench(*tickers).live()
    beats = bench.wait(20.0).beats
    assert 19 <= len(beats) <= 21
    assert all(other.counter == one.counter + 1 for one, other in pairwise(beats))
    assert all(900_000 <= other.sent_ts - one.sent_ts <= 1_100_000 for one, other in pairwise(beats))
    for first in range(len(beats) - HEARTBEATS_PER_ROUND):
        assert {t for beat in beats[first : first + HEARTBEATS_PER_ROUND] for t in beat.heads} == set(tickers)


def test_heads_on_request() -> None:
    """The answer names the heartbeat that holds all heads, which is said at once."""
    bench = Bench(A, B).live()
    reply = bench.core.heads(bench.now)
    [beat] = bench.done().beats
    assert (reply.instance, reply.counter, reply.markets) == (beat.instance, beat.counter, 2)
    assert beat.heads.keys() == {A, B}


def test_a_lease_adds_markets() -> None:
    """A leased market is followed at once and explained by its client."""
    bench = Bench(A).live()
    reply = bench.core.lease(Lease("bot", (B,), ttl_s=5), bench.now)
    assert (reply.client, reply.tickers, reply.until_ts) == ("bot", (B,), bench.now.ts + 5_000_000)
    assert bench.done().short == [("add_markets", "[1]", B)]
    assert bench.give(bench.snapshot(B)).books[0].ticker == B
    assert bench.explain(B).wanted_by == ("lease:bot",)


def test_the_end_of_a_lease_removes_markets() -> None:
    """When a lease runs out its market is marked `unsubscribed`, deleted at the exchange, and told as gone."""
    bench = Bench(A).live()
    bench.core.lease(Lease("bot", (A, B), ttl_s=5), bench.now)
    bench.give(bench.snapshot(B))
    assert bench.wait(4.0).stale == {}
    done = bench.wait(2.1)
    assert done.stale == {B: "unsubscribed"}
    assert ("delete_markets", "[1]", B) in done.short
    assert B in done.beats[-1].gone
    assert bench.give(bench.delta(B), bench.snapshot(B)).books == []
    assert len(bench.give(bench.delta(A)).books) == 1


def test_a_lease_can_be_given_back() -> None:
    """Giving a lease back removes its market at once."""
    bench = Bench(A).live()
    bench.core.lease(Lease("bot", (B,)), bench.now)
    bench.give(bench.snapshot(B))
    reply = bench.core.release(Lease("bot", (B,)), bench.now)
    done = bench.done()
    assert (reply.tickers, reply.until_ts) == ((), None)
    assert done.stale == {B: "unsubscribed"}
    assert done.short == [("delete_markets", "[1]", B)]


def test_a_renewed_lease_changes_nothing() -> None:
    """A lease renewed in time says nothing to the exchange and marks nothing."""
    bench = Bench(A).live()
    for _ in range(3):
        bench.core.lease(Lease("bot", (A,), ttl_s=5), bench.now)
        done = bench.wait(4.0)
        assert (done.commands, done.stale) == ([], {})


def test_resync_takes_new_snapshots() -> None:
    """Without a reason the books stay live until their snapshots; what is not followed is an error, each on its own."""
    bench = Bench(A, B).live()
    reply = bench.resync(Resync((A, "KXZ-1", A)))
    done = bench.done()
    assert reply.requested == (A,)
    assert [(error.ticker, error.code) for error in reply.errors] == [("KXZ-1", NOT_FOLLOWED)]
    assert (done.short, done.stale) == ([("get_snapshot", "[1]", A)], {})
    bench.resync(Resync((A,)))
    assert bench.done().commands == []
    assert bench.give(bench.snapshot(A, command_id=2)).books[0].seq == 0


def test_resync_with_a_reason_marks() -> None:
    """An operator who doubts a book has it marked `operator` until the snapshot is there."""
    bench = Bench(A, B).live()
    bench.resync(Resync((A,), reason="operator"))
    done = bench.done()
    assert done.stale == {A: "operator"}
    assert done.short == [("get_snapshot", "[1]", A)]
    assert bench.give(bench.delta(A)).books == []
    assert isinstance(bench.give(bench.snapshot(A, command_id=2)).books[0], Snapshot)


def test_resync_while_not_connected() -> None:
    """Without a connection a resync is granted, for the next connection begins with snapshots anyway."""
    bench = Bench(A)
    bench.wait(0.1)
    assert bench.resync(Resync((A,))).requested == (A,)


def test_resync_of_a_market_that_the_exchange_refused() -> None:
    """Nothing is asked for that is not subscribed to."""
    bench = Bench(A, B)
    bench.open()
    bench.give(subscribed("orderbook_delta", BOOK_SID, 1), bench.snapshot(A), bench.snapshot(B))
    bench.core.lease(Lease("bot", ("KXC-1",)), bench.now)
    [command] = bench.done().commands
    bench.give(bench.error(26, command_id=command.id))
    assert bench.resync(Resync((A, "KXC-1"))).requested == (A,)
    assert bench.done().short == [("get_snapshot", "[1]", A)]


def test_without_the_book_channel() -> None:
    """A gateway of other channels only has no book to subscribe to, to resync or to repair."""
    bench = Bench(A, channels=("trade",))
    bench.open()
    assert bench.resync(Resync((A,))).requested == ()
    assert (bench.explain(A).subscribed, bench.explain(A).acknowledged) == (False, False)
    assert bench.wait(30).commands == []


def test_explain() -> None:
    """A market is explained by who wants it, how far the exchange is, and its last message and gap."""
    bench = Bench(A)
    bench.wait(0.1)
    assert bench.explain("KXZ-1").status is None
    told = bench.explain(A)
    assert (told.wanted_by, told.subscribed, told.acknowledged, told.status) == (("settings",), False, False, "stale")
    bench.open()
    told = bench.explain(A)
    assert (told.subscribed, told.acknowledged, told.epoch) == (True, False, 0)
    bench.give(subscribed("orderbook_delta", BOOK_SID, 1), bench.snapshot(A), bench.delta(A))
    told = bench.explain(A)
    assert (told.acknowledged, told.status, told.seq) == (True, "live", 1)
    assert (told.last_message_ts, told.last_gap_ts, told.last_gap_reason) == (bench.now.ts, None, None)
    bench.seq += 1
    bench.give(bench.delta(A))
    told = bench.explain(A)
    assert (told.status, told.last_gap_ts, told.last_gap_reason) == ("stale", bench.now.ts, "gap")


def test_stopping_marks_everything() -> None:
    """Before the process ends every live market is marked, and a last heartbeat says it."""
    bench = Bench(A).live()
    bench.core.stop(bench.now)
    done = bench.done()
    assert done.stale == {A: "disconnected"}
    assert (done.beats[-1].stale, done.beats[-1].connected) == ((A,), False)


def test_after_it_let_go_everything_begins_anew() -> None:
    """Connections that stood by for long are awaited like new ones: none has the markets of the others for a moment."""
    tickers = [f"KXA-{number}" for number in range(20)]
    core = Gateway(instance="gateway-0", tickers=tickers, channels=[BOOK], subjects=Subjects(), connections=2)
    for line in (0, 1):
        core.opened(START, line)
    before = core.load(0)
    core.let_go(START)
    assert not core.connected
    assert core.load(0) == core.load(1) == Load(0, 0)
    later = Now(START.at + 3600, START.ts + 3600 * SECOND)
    core.opened(later, 0)
    core.tick(later)
    assert core.load(0).markets == before.markets
    assert 0 < before.markets < len(tickers)


def test_another_shards_markets_are_left_to_it() -> None:
    """Of several processes only the one that serves a market follows it and answers for it."""
    cores = [
        Gateway(instance="g", tickers=(A, B, C), channels=("orderbook_delta",), subjects=Subjects(), shard=Shard(i, 2))
        for i in range(2)
    ]
    for core in cores:
        core.tick(START)
    assert sorted(ticker for core in cores for ticker in core.markets) == sorted((A, B, C))
    for ticker in (A, B, C):
        explained = [core.explain(Explain(ticker)) for core in cores]
        assert [reply is not None for reply in explained] == [ticker in core.markets for core in cores]
        replies = [core.resync(Resync((ticker,)), START) for core in cores]
        assert [reply is None for reply in replies] == [reply is None for reply in explained]
    assert [core.resync(Resync(()), START) is not None for core in cores] == [True, False]
