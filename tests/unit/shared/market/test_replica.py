"""A replica is live only with a book that lacks nothing it knows of."""

import pytest

from proto.book import Delta, Snapshot, Stale
from proto.requests import BookImage
from proto.units import Ladder, StaleReason
from shared.market.continuity import Verdict
from shared.market.replica import PENDING_LIMIT, Replica

TICKER = "KXA-1"


def snapshot(epoch: int, yes: Ladder = ((5000, 100),)) -> Snapshot:
    """Make the start of an epoch."""
    return Snapshot(TICKER, epoch, 0, None, epoch, 1, yes, ())


def image(epoch: int, seq: int, yes: Ladder = ((5000, 100),)) -> BookImage:
    """Make a live book as it was at (epoch, seq)."""
    return BookImage(TICKER, epoch, seq, "live", epoch + seq, yes, ())


def delta(epoch: int, seq: int, quantity: int = 10) -> Delta:
    """Make a change of the level that `snapshot` begins with."""
    return Delta(TICKER, epoch, seq, 77, epoch + seq, 2, "yes", 5000, quantity)


def stale(epoch: int, seq: int, reason: StaleReason = "gap") -> Stale:
    """Make the gateway's mark."""
    return Stale(TICKER, epoch, seq, epoch + seq, reason)


@pytest.fixture
def replica() -> Replica:
    """Return a replica that is live at (7, 0)."""
    replica = Replica(TICKER)
    assert replica.snapshot(snapshot(7)) is Verdict.TAKE
    return replica


def test_begins_stale() -> None:
    """Before the first snapshot nothing is known, and that is not an empty book."""
    replica = Replica(TICKER)
    assert (replica.status, replica.held) == ("stale", (0, 0))


def test_follows_deltas(replica: Replica) -> None:
    """Deltas that continue the book are applied, with their times."""
    assert replica.delta(delta(7, 1)) is Verdict.TAKE
    assert (replica.status, replica.held, replica.book.ladder("yes")) == ("live", (7, 1), ((5000, 110),))
    assert (replica.exchange_ts, replica.received_ts) == (77, 8)


def test_repeated_messages_do_nothing(replica: Replica) -> None:
    """What the book contains already is not applied twice."""
    replica.delta(delta(7, 1))
    assert replica.delta(delta(7, 1)) is Verdict.IGNORE
    assert replica.snapshot(snapshot(7)) is Verdict.IGNORE
    assert replica.snapshot(snapshot(6)) is Verdict.IGNORE
    assert replica.stale(stale(6, 9)) is Verdict.IGNORE
    assert (replica.status, replica.held, replica.book.ladder("yes")) == ("live", (7, 1), ((5000, 110),))


def test_late_delta_closes_its_hole(replica: Replica) -> None:
    """Deltas behind a hole are kept and applied when what was missing comes late."""
    assert replica.delta(delta(7, 3)) is Verdict.GAP
    replica.mark("bus_gap", 1)
    assert replica.delta(delta(7, 2)) is Verdict.GAP
    assert replica.delta(delta(7, 1)) is Verdict.TAKE
    assert (replica.status, replica.held, replica.book.ladder("yes")) == ("live", (7, 3), ((5000, 130),))


def test_kept_deltas_complete_a_book(replica: Replica) -> None:
    """The book that was asked for is brought up to the newest delta heard meanwhile."""
    replica.delta(delta(7, 4))
    replica.delta(delta(7, 3))
    replica.mark("bus_gap", 1)
    assert replica.snapshot(image(7, 2, ((5000, 120),))) is Verdict.TAKE
    assert (replica.status, replica.held, replica.book.ladder("yes")) == ("live", (7, 4), ((5000, 140),))


def test_older_book_than_known_is_a_gap(replica: Replica) -> None:
    """A book that ends before a delta that was heard does not make the market live."""
    replica.delta(delta(7, 4))
    replica.mark("bus_gap", 1)
    assert replica.snapshot(image(7, 2)) is Verdict.GAP
    assert (replica.reason, replica.held) == ("bus_gap", (7, 2))
    assert replica.delta(delta(7, 3)) is Verdict.TAKE
    assert (replica.status, replica.held) == ("live", (7, 4))


def test_head_that_is_known_must_be_reached(replica: Replica) -> None:
    """Neither a lagging book nor the next delta makes a doubted market live before it contains the known head."""
    replica.mark("bus_gap", 1)
    replica.expect((7, 2))
    assert not replica.confirm()
    assert replica.snapshot(image(7, 0)) is Verdict.GAP
    assert replica.delta(delta(7, 1)) is Verdict.TAKE
    assert replica.reason == "bus_gap"
    assert replica.delta(delta(7, 2)) is Verdict.TAKE
    assert replica.status == "live"


def test_marked_book_needs_a_later_epoch(replica: Replica) -> None:
    """After the gateway's mark no image of that epoch or before makes the market live, only a later snapshot."""
    replica.delta(delta(7, 1))
    assert replica.stale(stale(7, 1)) is Verdict.TAKE
    assert replica.reason == "gap"
    for outdated in (image(7, 1), image(7, 0), snapshot(7)):
        assert replica.snapshot(outdated) is Verdict.IGNORE
    assert not replica.confirm()
    assert replica.reason == "gap"
    assert replica.snapshot(snapshot(8)) is Verdict.TAKE
    assert replica.status == "live"


def test_mark_can_overtake_its_snapshot(replica: Replica) -> None:
    """A mark of an epoch whose snapshot was not heard is taken, and the late snapshot is ignored."""
    assert replica.stale(stale(8, 3, "disconnected")) is Verdict.TAKE
    assert replica.snapshot(image(8, 3)) is Verdict.IGNORE
    assert replica.snapshot(snapshot(8)) is Verdict.IGNORE
    assert (replica.reason, replica.held) == ("disconnected", (7, 0))


def test_a_delta_behind_its_mark_does_not_end_the_mark(replica: Replica) -> None:
    """A delta that comes after the mark that followed it is applied, and the market stays stale for that reason."""
    replica.stale(stale(7, 1, "paused"))
    assert replica.delta(delta(7, 1)) is Verdict.TAKE
    assert (replica.reason, replica.held) == ("paused", (7, 1))


def test_doubt_ends_when_all_known_is_held(replica: Replica) -> None:
    """A doubt of our own ends by the next delta, by an equal head, or by a book that is not older."""
    for dispel in (
        lambda: replica.delta(delta(7, 1)),
        replica.confirm,
        lambda: replica.snapshot(image(7, 1, ((5000, 110),))),
    ):
        replica.mark("gateway_lost", 1)
        assert dispel()
        assert replica.reason is None


def test_impossible_change_is_a_gap(replica: Replica) -> None:
    """A delta that takes more than rests there changes nothing, and no book without it makes the market live."""
    assert replica.delta(delta(7, 1, -101)) is Verdict.GAP
    assert (replica.held, replica.book.ladder("yes")) == ((7, 0), ((5000, 100),))
    replica.mark("bus_gap", 1)
    assert not replica.confirm()
    assert replica.snapshot(image(7, 0)) is Verdict.GAP
    assert replica.snapshot(image(7, 1, ((5000, 3),))) is Verdict.TAKE
    assert replica.book.ladder("yes") == ((5000, 3),)


def test_kept_deltas_are_bounded(replica: Replica) -> None:
    """More deltas than are kept push out the oldest, which shows as a gap and never as a wrong book."""
    for seq in range(2, PENDING_LIMIT + 4):
        replica.delta(delta(7, seq))
    replica.mark("bus_gap", 1)
    assert replica.delta(delta(7, 1)) is Verdict.TAKE
    assert (replica.reason, replica.held) == ("bus_gap", (7, 1))


def test_many_reversed_deltas_settle(replica: Replica) -> None:
    """Any order of the kept deltas ends in the same book."""
    for seq in range(3000, 1, -1):
        replica.delta(delta(7, seq))
    replica.mark("bus_gap", 1)
    assert replica.delta(delta(7, 1)) is Verdict.TAKE
    assert (replica.status, replica.held, replica.book.ladder("yes")) == ("live", (7, 3000), ((5000, 30_100),))


def test_image_is_what_a_late_joiner_needs(replica: Replica) -> None:
    """A replica's image makes another replica equal to it."""
    replica.delta(delta(7, 1))
    other = Replica(TICKER)
    assert other.snapshot(replica.image()) is Verdict.TAKE
    assert (other.held, other.status, other.exchange_ts) == ((7, 1), "live", 77)
    assert other.book.ladder("yes") == replica.book.ladder("yes")
