"""When the summary of a market is said."""

from collections import Counter

import msgspec

from proto.book import Delta, Snapshot
from proto.market import Ticker1s
from proto.subjects import Subjects
from services.ticker_publisher.core import Publisher
from shared.market.clock import Now
from shared.market.replica import Replica

A = "KXA-1"


class Desk:
    """A publisher over a table of replicas, and the clock."""

    def __init__(self, interval_s: float = 1.0) -> None:
        self.replicas: dict[str, Replica] = {}
        self.publisher = Publisher(Subjects(), self.replicas, interval_s)
        self.at = 100.0

    @property
    def now(self) -> Now:
        """Both clocks."""
        return Now(self.at, round(self.at * 1_000_000))

    def snapshot(self, ticker: str = A, epoch: int = 7) -> None:
        """Have a market's book begin anew."""
        replica = self.replicas.setdefault(ticker, Replica(ticker))
        replica.snapshot(Snapshot(ticker, epoch, 0, None, 1, 1, ((5200, 100),), ((4600, 100),)))
        self.publisher.changed(ticker, self.now)

    def delta(self, ticker: str = A) -> None:
        """Have a market change."""
        replica = self.replicas[ticker]
        replica.delta(Delta(ticker, replica.epoch, replica.seq + 1, None, 1, 1, "yes", 5200, 100))
        self.publisher.changed(ticker, self.now)

    def wait(self, seconds: float) -> list[Ticker1s]:
        """Pass time in steps of 20 ms; return what was said."""
        said: list[Ticker1s] = []
        for _ in range(round(seconds * 50)):
            self.at += 0.02
            for subject, payload in self.publisher.due(self.now):
                message = msgspec.json.decode(payload, type=Ticker1s)
                assert subject == Subjects().market("ticker1s", message.market_id)
                assert message.timestamp == self.now.ts / 1_000_000
                said.append(message)
        return said


def test_a_changed_market_is_said_within_the_interval() -> None:
    """A change is said once, with the state at that moment; a quiet market says nothing."""
    desk = Desk()
    desk.snapshot()
    desk.delta()
    [said] = desk.wait(1.1)
    assert (said.market_id, said.status, said.seq, said.summary_stats.yes.bid) == (A, "live", 1, 0.52)
    assert desk.wait(3.0) == []


def test_a_busy_market_is_said_once_per_interval() -> None:
    """However often a market changes it is said once per interval, and its last change is not lost."""
    for interval_s, most in ((1.0, 10), (0.5, 20), (2.0, 5)):
        desk = Desk(interval_s)
        desk.snapshot()
        said: list[Ticker1s] = []
        for _ in range(500):
            desk.delta()
            said += desk.wait(0.02)
        assert most - 1 <= len(said) <= most + 1
        said += desk.wait(2 * interval_s)
        assert said[-1].seq == 500


def test_markets_take_turns() -> None:
    """Markets that change together are said spread over the interval."""
    desk = Desk()
    for number in range(200):
        desk.snapshot(f"KXA-{number}")
    moments = Counter[float]()
    for _ in range(50):
        moments[desk.at] = len(desk.wait(0.02))
    assert sum(moments.values()) == 200
    assert max(moments.values()) < 20


def test_a_stale_market_says_so() -> None:
    """A market that was marked is said once more, as stale."""
    desk = Desk()
    desk.snapshot()
    desk.wait(2.0)
    desk.replicas[A].mark("gateway_lost", 1)
    desk.publisher.changed(A, desk.now)
    assert [said.status for said in desk.wait(1.1)] == ["stale"]


def test_a_market_that_leaves_has_a_last_word() -> None:
    """A market that is no longer followed is said as stale, and again when it comes back."""
    desk = Desk()
    desk.snapshot()
    desk.wait(2.0)
    desk.replicas[A].mark("unsubscribed", 1)
    desk.publisher.changed(A, desk.now)
    assert [said.status for said in desk.wait(1.1)] == ["stale"]
    del desk.replicas[A]
    desk.snapshot(epoch=9)
    assert [(said.status, said.epoch) for said in desk.wait(1.1)] == [("live", 9)]


def test_nothing_is_said_without_a_book() -> None:
    """Neither a market that is only known by name nor one that is not followed is said."""
    desk = Desk()
    desk.replicas[A] = Replica(A)
    desk.publisher.changed(A, desk.now)
    desk.publisher.changed("KXZ-1", desk.now)
    assert desk.wait(2.0) == []
