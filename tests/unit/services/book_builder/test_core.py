"""What the book builder publishes of its books, and what it answers."""

import msgspec
import pytest

from proto.book import Delta, Snapshot, Stale
from proto.market import Depth, Top
from proto.requests import BookGet
from proto.subjects import Subjects
from proto.units import Ladder, Side
from services.book_builder import core as core_module
from services.book_builder.core import DEPTH_INTERVAL_S, NO_BOOK_YET, REPLY_FULL, UNKNOWN_MARKET, Builder
from shared.market.clock import Now
from shared.market.replica import Replica

A, B = "KXA-1", "KXB-3.5"
_views: msgspec.json.Decoder[Top | Depth] = msgspec.json.Decoder(Top | Depth)


class Desk:
    """A builder over a table of replicas, and the clock."""

    def __init__(self) -> None:
        self.replicas: dict[str, Replica] = {}
        self.builder = Builder(Subjects(), self.replicas)
        self.at = 100.0

    def snapshot(self, ticker: str = A, epoch: int = 7, yes: Ladder = ((5000, 100),), no: Ladder = ()) -> None:
        """Have a market's book begin anew."""
        replica = self.replicas.setdefault(ticker, Replica(ticker))
        replica.snapshot(Snapshot(ticker, epoch, 0, None, 1, 1, yes, no))
        self._changed(ticker)

    def delta(self, side: Side, price: int, quantity: int, ticker: str = A) -> None:
        """Have a level change."""
        replica = self.replicas[ticker]
        replica.delta(Delta(ticker, replica.epoch, replica.seq + 1, None, 1, 1, side, price, quantity))
        self._changed(ticker)

    def stale(self, ticker: str = A) -> None:
        """Have a market marked."""
        replica = self.replicas[ticker]
        replica.stale(Stale(ticker, *replica.held, 1, "gap"))
        self._changed(ticker)

    def gone(self, ticker: str = A) -> None:
        """Have a market leave as a follower lets it."""
        self.replicas[ticker].mark("unsubscribed", 1)
        self._changed(ticker)

    def tops(self) -> list[Top]:
        """Return the tops that are published now."""
        return [view for view in _decode(self.builder.tops(), "top") if isinstance(view, Top)]

    def depths(self, seconds: float = 0.0) -> list[Depth]:
        """Return the depths that are published by the time that the seconds have passed."""
        depths: list[Depth] = []
        for _ in range(round(seconds * 50) + 1):
            told = _decode(self.builder.depths(Now(self.at, 1)), "depth")
            depths += [view for view in told if isinstance(view, Depth)]
            self.at += 0.02
        return depths

    def _changed(self, ticker: str) -> None:
        self.builder.changed(ticker, Now(self.at, 1))


def _decode(publications: list[tuple[str, bytes]], kind: str) -> list[Top | Depth]:
    views = [_views.decode(payload) for _, payload in publications]
    assert [subject for subject, _ in publications] == [Subjects().market(kind, view.ticker) for view in views]
    return views


def test_a_new_book_is_told() -> None:
    """The first snapshot of a market gives a top and, within a quarter second, a depth."""
    desk = Desk()
    desk.snapshot(yes=((5000, 100), (4900, 5)), no=((4000, 7),))
    [top] = desk.tops()
    assert (top.ticker, top.status, top.yes_bid, top.yes_bid_2, top.yes_ask, top.yes_ask_qty) == (
        A,
        "live",
        5000,
        4900,
        6000,
        7,
    )
    [depth] = desk.depths(DEPTH_INTERVAL_S)
    assert (depth.yes, depth.no, depth.status) == (((5000, 100), (4900, 5)), ((4000, 7),), "live")


def test_a_top_is_told_when_what_it_shows_changes() -> None:
    """Changes of the best two levels or of the status are told; deeper ones, and what cancels out, are not."""
    desk = Desk()
    desk.snapshot(yes=((5000, 100), (4900, 5)))
    desk.tops()
    for side, price, quantity, told in (
        ("yes", 4000, 10, 0),
        ("yes", 4900, 10, 0),
        ("yes", 5000, 10, 1),
        ("yes", 4950, 10, 1),
        ("no", 3000, 10, 1),
    ):
        desk.delta("yes" if side == "yes" else "no", price, quantity)
        assert len(desk.tops()) == told, (side, price)
    desk.delta("yes", 5000, 1)
    desk.delta("yes", 5000, -1)
    assert desk.tops() == []
    desk.stale()
    assert [top.status for top in desk.tops()] == ["stale"]
    desk.snapshot(epoch=9, yes=((5000, 110), (4950, 10)), no=((3000, 10),))
    assert [top.status for top in desk.tops()] == ["live"]


def test_many_changes_are_one_top() -> None:
    """What changed before the flush is told once, in its latest state, each market for itself."""
    desk = Desk()
    desk.snapshot(A)
    desk.snapshot(B)
    for _ in range(5):
        desk.delta("yes", 5000, 10)
    assert [(top.ticker, top.yes_bid_qty) for top in desk.tops()] == [(A, 150), (B, 100)]
    assert desk.tops() == []


def test_depth_is_told_four_times_a_second_at_most() -> None:
    """A market that changes all the time is told four times a second, its last change included; a quiet one is not."""
    desk = Desk()
    desk.snapshot()
    desk.depths(1.0)
    count = 0
    for _ in range(100):
        desk.delta("yes", 5000, 1)
        count += len(desk.depths())
    last = desk.depths(1.0)
    assert 7 <= count + len(last) <= 9
    assert last[-1].yes == ((5000, 200),)
    assert desk.depths(1.0) == []


def test_nothing_is_told_without_a_book() -> None:
    """A market that is only known by name has neither top nor depth."""
    desk = Desk()
    desk.replicas[A] = Replica(A)
    desk.builder.changed(A, Now(desk.at, 1))
    desk.builder.changed("KXZ-1", Now(desk.at, 1))
    assert desk.tops() == []
    assert desk.depths(1.0) == []


def test_a_market_that_leaves_has_a_last_word() -> None:
    """The last top and depth of a market that is no longer followed say that it is stale."""
    desk = Desk()
    desk.snapshot()
    desk.tops()
    desk.depths(1.0)
    desk.gone()
    assert [top.status for top in desk.tops()] == ["stale"]
    assert [depth.status for depth in desk.depths(1.0)] == ["stale"]


def test_a_market_that_returns_is_told_anew() -> None:
    """After its last word nothing is remembered of a market: it is told anew even if it looks the same."""
    desk = Desk()
    desk.snapshot()
    desk.gone()
    desk.tops()
    desk.depths(1.0)
    del desk.replicas[A]
    desk.snapshot(epoch=9)
    desk.stale()
    assert [(top.epoch, top.status) for top in desk.tops()] == [(9, "stale")]
    assert [(depth.epoch, depth.status) for depth in desk.depths(1.0)] == [(9, "stale")]


def test_get_answers_each_market() -> None:
    """Each ticker is answered once, with its book to the wanted depth or with the reason why not."""
    desk = Desk()
    desk.snapshot(A, yes=((5000, 1), (4900, 2)), no=((4000, 3),))
    desk.snapshot(B)
    desk.stale(B)
    desk.replicas["KXC-1"] = Replica("KXC-1")
    reply = desk.builder.get(BookGet((A, B, A, "KXC-1", "KXZ-1"), depth=1))
    assert [(book.ticker, book.status, book.yes) for book in reply.books] == [
        (A, "live", ((5000, 1),)),
        (B, "stale", ((5000, 100),)),
    ]
    assert [(error.ticker, error.code) for error in reply.errors] == [("KXC-1", NO_BOOK_YET), ("KXZ-1", UNKNOWN_MARKET)]
    assert desk.builder.get(BookGet((A,))).books[0].yes == ((5000, 1), (4900, 2))


def test_get_stays_below_the_payload_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit into the reply is named as such; a single book is always given."""
    monkeypatch.setattr(core_module, "REPLY_BYTES", 1500)
    desk = Desk()
    tickers = tuple(f"KXA-{number}" for number in range(8))
    for ticker in tickers:
        desk.snapshot(ticker, yes=tuple((price, 100) for price in range(9000, 8960, -1)))
    reply = desk.builder.get(BookGet(tickers))
    assert len(msgspec.json.encode(reply)) < 1500 + 8 * 80
    assert [book.ticker for book in reply.books] + [error.ticker for error in reply.errors] == list(tickers)
    assert {error.code for error in reply.errors} == {REPLY_FULL}
    monkeypatch.setattr(core_module, "REPLY_BYTES", 10)
    assert len(desk.builder.get(BookGet(tickers)).books) == 1
