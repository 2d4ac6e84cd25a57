"""Epochs only grow, marks are said once, and heartbeats name every market in time."""

from itertools import pairwise
from random import Random

import pytest

from proto.book import Delta, Snapshot, Stale
from proto.subjects import Subjects
from proto.units import Side
from services.gateway import markets as markets_module
from services.gateway.markets import HEARTBEATS_PER_ROUND, Markets
from services.gateway.output import Output
from tests.unit.services.gateway.harness import A, B, Done, decoded

CHANGE: tuple[Side, int, int] = ("yes", 4000, 100)


class Table:
    """Markets with their output."""

    def __init__(self, *tickers: str) -> None:
        self._out = Output()
        self.markets = Markets("gateway-0", Subjects(), self._out)
        for ticker in tickers:
            self.markets.add(ticker)

    def snapshot(self, ticker: str, ts: int) -> None:
        """Say an empty book."""
        self.markets.snapshot(ticker, (), (), exchange_seq=1, received_ts=ts)

    def delta(self, ticker: str, ts: int) -> None:
        """Say a change."""
        market = self.markets.get(ticker)
        assert market is not None
        self.markets.delta(market, CHANGE, exchange_ts=None, exchange_seq=2, received_ts=ts)

    def beat(self, *, everything: bool = False) -> Done:
        """Return the heartbeat and what was said before it."""
        self.markets.heartbeat(1, connected=True, everything=everything)
        return self.done()

    def done(self) -> Done:
        """Return what was said."""
        return decoded(self._out.take())


def test_a_book_on_the_bus() -> None:
    """A snapshot begins an epoch at 0, deltas count from 1, and a mark repeats the last number."""
    table = Table(A)
    table.snapshot(A, 100)
    table.delta(A, 101)
    table.delta(A, 102)
    table.markets.stale([A], "gap", 103)
    assert table.done().books == [
        Snapshot(A, 100, 0, None, 100, 1, (), ()),
        Delta(A, 100, 1, None, 101, 2, "yes", 4000, 100),
        Delta(A, 100, 2, None, 102, 2, "yes", 4000, 100),
        Stale(A, 100, 2, 103, "gap"),
    ]


def test_epochs_only_grow() -> None:
    """However the clock steps, and also when a market was away meanwhile, each snapshot has a larger epoch."""
    table = Table(A, B)
    for number, ts in enumerate((500, 500, 300, 9, 501, 502)):
        table.snapshot(A, ts)
        if number == 2:
            table.markets.remove(A, ts)
            table.markets.add(A)
    epochs = [message.epoch for message in table.done().books if isinstance(message, Snapshot)]
    assert all(one < other for one, other in pairwise(epochs))


def test_only_live_markets_are_marked() -> None:
    """A mark is said once, and not at all for a market without a book."""
    table = Table(A, B)
    table.snapshot(A, 100)
    table.done()
    table.markets.stale([A, B, "KXC-1"], "gap", 101)
    table.markets.stale([A, B], "disconnected", 102)
    assert table.done().stale == {A: "gap"}
    assert table.markets.stale_count() == 2


def test_heartbeats_count_and_name_what_moved() -> None:
    """Each heartbeat has the next number and the heads of the markets that said something, stale ones marked."""
    table = Table(*(f"KXA-{number}" for number in range(40)))
    for _ in range(HEARTBEATS_PER_ROUND):
        table.beat()
    table.snapshot("KXA-7", 100)
    table.delta("KXA-7", 101)
    table.snapshot("KXA-8", 102)
    table.markets.stale(["KXA-8"], "gap", 103)
    [beat] = table.beat().beats
    assert (beat.instance, beat.counter, beat.connected, beat.markets) == ("gateway-0", 10, True, 40)
    assert beat.heads["KXA-7"] == (100, 1)
    assert beat.heads["KXA-8"] == (102, 0)
    assert "KXA-7" not in beat.stale
    assert "KXA-8" in beat.stale
    assert len(beat.heads) <= 2 + 4
    assert table.markets.next_counter == 11


@pytest.mark.parametrize("seed", range(20))
def test_every_market_is_named_in_time(seed: int) -> None:
    """Whatever joins and leaves, no followed market is missing from ten heartbeats in a row."""
    random, table = Random(seed), Table(*(f"KXA-{number}" for number in range(60)))
    silence = dict.fromkeys(table.markets, 0)
    for number in range(80):
        for ticker in random.sample(sorted(silence), min(len(silence), random.choice([0, 0, 2, 25]))):
            table.markets.remove(ticker, 1)
            del silence[ticker]
        for extra in range(random.choice([0, 0, 1, 20])):
            table.markets.add(f"KXB-{number}-{extra}")
            silence[f"KXB-{number}-{extra}"] = 0
        [beat] = table.beat().beats
        assert beat.heads.keys() <= silence.keys()
        silence = {ticker: 0 if ticker in beat.heads else beats + 1 for ticker, beats in silence.items()}
        assert max(silence.values(), default=0) < HEARTBEATS_PER_ROUND


def test_a_new_market_is_named_at_once() -> None:
    """The heartbeat after a market joined names it, stale and without an epoch."""
    table = Table(A)
    table.beat()
    table.markets.add(B)
    [beat] = table.beat().beats
    assert beat.heads[B] == (0, 0)
    assert B in beat.stale


def test_leaving_is_told_in_many_heartbeats() -> None:
    """A market that left is named as gone for a whole round, so that no single loss hides it, or until it is back."""
    table = Table(A, B)
    table.snapshot(A, 100)
    table.markets.remove(A, 101)
    table.markets.remove(B, 101)
    table.markets.remove("KXC-1", 101)
    assert table.done().stale == {A: "unsubscribed"}
    assert table.beat().beats[0].gone == (A, B)
    table.markets.add(B)
    gone = [table.beat().beats[0].gone for _ in range(HEARTBEATS_PER_ROUND)]
    assert gone == [(A,)] * (HEARTBEATS_PER_ROUND - 1) + [()]


def test_all_heads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """On request every market is named, in several heartbeats where one would be too large; gone ones in the first."""
    monkeypatch.setattr(markets_module, "HEADS_PER_HEARTBEAT", 4)
    table = Table(*(f"KXA-{number}" for number in range(10)))
    table.markets.remove("KXA-3", 1)
    beats = table.beat(everything=True).beats
    assert [beat.counter for beat in beats] == [0, 1, 2]
    assert [len(beat.heads) for beat in beats] == [4, 4, 1]
    assert {ticker for beat in beats for ticker in beat.heads} == set(table.markets)
    assert [beat.gone for beat in beats] == [("KXA-3",), (), ()]


def test_an_empty_gateway_still_beats() -> None:
    """Without a market there is a heartbeat all the same, for its absence means a lost gateway."""
    [beat] = Table().beat().beats
    assert (beat.heads, beat.markets) == ({}, 0)


def test_epochs_keep_within_what_is_set_aside() -> None:
    """They begin above what others used and, while the clock is far ahead, below the limit, yet always grow."""
    table = Table(A, B)
    table.markets.bound_epochs(above=1000, upto=5000)
    for ticker, ts in ((A, 10), (A, 3000), (A, 9000), (A, 9001), (B, 9002)):
        table.snapshot(ticker, ts)
    assert [message.epoch for message in table.done().books] == [1001, 3000, 5000, 5001, 5000]
    assert table.markets.largest_epoch == 5001
