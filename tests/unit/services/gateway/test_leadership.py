"""The lease of a shard: who takes it when, and what is written."""

import pytest

from proto.leader import Leader
from proto.units import SECOND
from services.gateway.leadership import (
    AHEAD,
    HANDOVER_S,
    LARGEST_EPOCH,
    LEASE_S,
    LEAVE_S,
    MUTE_S,
    RENEW_S,
    ROOM,
    Held,
    Leadership,
    Role,
    Write,
)
from shared.market.clock import Now

START = Now(at=500.0, ts=1_800_000_000_000_000)
OTHERS = Leader("gateway-b", 7, START.ts, released=False, renewed_ts=START.ts)


def after(seconds: float) -> Now:
    """Return the moment so long after the start."""
    return Now(START.at + seconds, START.ts + round(seconds * SECOND))


def watch(leadership: Leadership, held: Held | None) -> None:
    """See an entry that does not change until the start."""
    for tenth in range(-35, 1):
        leadership.read(held, after(tenth / 10))


def taken(held: Held | None = None) -> tuple[Leadership, Write]:
    """Return one that became leader at the start, and what it wrote as revision 9."""
    leadership = Leadership("gateway-a", alone=False)
    watch(leadership, held)
    write = leadership.due(0, START)
    assert write is not None
    leadership.written(write, 9, START.at, START)
    return leadership, write


def test_what_does_not_change_is_taken() -> None:
    """An entry that has not changed for as long as a lease is taken over, above its floor and with the next term."""
    leadership = Leadership("gateway-a", alone=False)
    for moment in (START, after(LEASE_S - 0.01)):
        leadership.read(Held(3, OTHERS), moment)
        assert leadership.due(0, moment) is None
    leadership.read(Held(3, OTHERS), after(LEASE_S))
    write = leadership.due(0, after(LEASE_S))
    assert write == Write(
        Leader("gateway-a", 8, after(LEASE_S).ts + AHEAD, released=False, renewed_ts=after(LEASE_S).ts), 3
    )
    assert not leadership.speaks(after(LEASE_S).at)
    leadership.written(write, 4, after(LEASE_S).at, after(LEASE_S))
    assert leadership.role is Role.LEADER
    assert leadership.speaks(after(LEASE_S).at)
    assert (leadership.floor, leadership.limit) == (OTHERS.floor, write.leader.floor - ROOM)


def test_what_changes_is_left_alone() -> None:
    """Each renewal begins the wait anew, whatever time it says."""
    leadership = Leadership("gateway-a", alone=False)
    for second in range(10):
        leadership.read(Held(3 + second, OTHERS), after(second * 3.0))
        assert leadership.due(0, after(second * 3.0)) is None


def test_missing_entry_is_waited_for() -> None:
    """A bucket that was lost can have a leader, which has time to write its entry again."""
    leadership = Leadership("gateway-a", alone=False)
    leadership.read(None, START)
    for tenth in range(1, 36):
        assert leadership.due(0, after(tenth / 10 - 0.01)) is None
        leadership.read(None, after(tenth / 10))
    write = leadership.due(0, after(LEASE_S))
    assert write is not None
    assert (write.revision, write.leader.term) == (None, 1)


def test_missing_entry_has_to_be_watched() -> None:
    """It can have been there, and lost again, while nobody looked."""
    leadership = Leadership("gateway-a", alone=False)
    leadership.read(None, START)
    leadership.read(None, after(60))
    assert leadership.due(0, after(60)) is None


def test_released_is_taken_at_once() -> None:
    """Nobody waits for a lease that was given up, and the floor of it holds."""
    leadership = Leadership("gateway-a", alone=False)
    ahead = Leader("gateway-b", 7, START.ts + 60 * SECOND, released=True, renewed_ts=0)
    leadership.read(Held(3, ahead), START)
    write = leadership.due(0, START)
    assert write is not None
    assert write.leader.floor == ahead.floor + AHEAD
    assert leadership.floor == ahead.floor


def test_renewals_are_due_every_second() -> None:
    """Each counts from the start of the one before, and sets epochs aside."""
    leadership, first = taken()
    assert leadership.due(5, after(RENEW_S - 0.01)) is None
    assert leadership.pause(after(0.4).at) == pytest.approx(0.6)
    write = leadership.due(5, after(RENEW_S))
    assert write is not None
    assert (write.revision, write.leader.term, write.leader.released) == (9, first.leader.term, False)
    leadership.written(write, 10, after(RENEW_S).at, after(RENEW_S + 0.5))
    assert leadership.limit == after(RENEW_S).ts + AHEAD - ROOM
    assert leadership.speaks(after(RENEW_S + MUTE_S - 0.01).at)
    assert not leadership.speaks(after(RENEW_S + MUTE_S).at)


def test_a_leader_that_can_not_renew_leaves_then_is_silent() -> None:
    """It has a moment for its goodbye, and a renewal that comes back later changes nothing."""
    leadership, _ = taken()
    late = leadership.due(0, after(RENEW_S))
    assert late is not None
    assert leadership.tick(after(LEAVE_S).at) is Role.MUTED
    assert leadership.speaks(after(LEAVE_S).at)
    leadership.written(late, 10, after(RENEW_S).at, after(LEAVE_S))
    assert leadership.tick(after(LEAVE_S).at) is Role.MUTED
    assert not leadership.speaks(after(MUTE_S).at)
    leadership.follow()
    leadership.written(late, 10, after(RENEW_S).at, after(MUTE_S))
    assert leadership.tick(after(MUTE_S).at) is Role.FOLLOWER


def test_a_leader_that_slept_is_silent_when_it_wakes() -> None:
    """What the lease allows is decided at each publication, not by a timer that slept as well."""
    leadership, _ = taken()
    late = leadership.due(0, after(RENEW_S))
    assert late is not None
    assert not leadership.speaks(after(6).at)
    leadership.written(late, 10, after(RENEW_S).at, after(6))
    assert not leadership.speaks(after(6).at)
    assert leadership.role is Role.MUTED


def test_a_leader_that_finds_another_is_silent_at_once() -> None:
    """A refused renewal is looked into: another's entry means that the lease is lost."""
    leadership, _ = taken()
    leadership.failed()
    assert leadership.reads
    assert leadership.due(0, after(RENEW_S)) is None
    leadership.read(Held(12, OTHERS), after(RENEW_S))
    assert leadership.role is Role.MUTED
    assert not leadership.speaks(after(RENEW_S).at)


def test_a_renewal_of_unknown_fate_is_found_again() -> None:
    """An entry of our own goes on from the revision that it turns out to have."""
    leadership, first = taken()
    leadership.failed()
    leadership.read(Held(10, first.leader), after(RENEW_S))
    write = leadership.due(0, after(RENEW_S))
    assert write is not None
    assert write.revision == 10


def test_a_lost_bucket_is_written_again() -> None:
    """While its lease lasts the leader makes the entry anew, in the same term."""
    leadership, first = taken()
    leadership.failed()
    leadership.read(None, after(RENEW_S))
    write = leadership.due(0, after(RENEW_S))
    assert write is not None
    assert (write.revision, write.leader.term) == (None, first.leader.term)


def test_hand_over_is_silence_first_and_release_second() -> None:
    """Nothing is released while something can still be said; the floor is then exact."""
    leadership, first = taken()
    leadership.hand_over()
    assert leadership.role is Role.HANDING_OVER
    assert leadership.speaks(after(0.1).at)
    assert leadership.due(77, after(0.1)) is None
    leadership.mute()
    assert not leadership.speaks(after(0.1).at)
    write = leadership.due(77, after(0.1))
    assert write == Write(Leader("gateway-a", first.leader.term, 77, released=True, renewed_ts=after(0.1).ts), 9)
    leadership.written(write, 10, after(0.1).at, after(0.1))
    assert leadership.due(77, after(0.2)) is None


def test_what_was_released_is_left_to_others_for_a_while() -> None:
    """The old leader takes it back only when nobody wanted it."""
    leadership, _ = taken()
    leadership.hand_over()
    leadership.mute()
    write = leadership.due(0, START)
    assert write is not None
    leadership.written(write, 10, START.at, START)
    leadership.follow()
    leadership.read(Held(10, write.leader), START)
    assert leadership.due(0, after(HANDOVER_S - 0.01)) is None
    again = leadership.due(0, after(HANDOVER_S))
    assert again is not None
    assert again.leader.term == write.leader.term + 1


def test_own_entry_is_taken_back_at_once() -> None:
    """Who could not renew, and then finds that nobody took the lease, need not wait."""
    leadership, first = taken()
    leadership.tick(after(LEAVE_S).at)
    leadership.mute()
    leadership.follow()
    leadership.read(Held(9, first.leader), after(5))
    write = leadership.due(0, after(5))
    assert write is not None
    assert (write.revision, write.leader.term) == (9, first.leader.term + 1)


def test_epochs_that_were_heard_raise_the_floor() -> None:
    """An instance that lost the entry still knows what the others used, and never leaves the range of epochs."""
    leadership = Leadership("gateway-a", alone=False)
    leadership.heard(START.ts + 60 * SECOND)
    leadership.heard(5)
    watch(leadership, None)
    write = leadership.due(0, START)
    assert write is not None
    assert write.leader.floor == START.ts + 60 * SECOND + AHEAD
    leadership.heard(LARGEST_EPOCH)
    assert (leadership.due(0, START) or write).leader.floor == LARGEST_EPOCH


def test_alone_waits_for_nobody() -> None:
    """Without a standby the entry is taken at once, even from another, and speech depends on nothing."""
    leadership = Leadership("gateway-a", alone=True)
    assert leadership.speaks(START.at)
    leadership.read(Held(3, OTHERS), START)
    assert leadership.rival == "gateway-b"
    write = leadership.due(0, START)
    assert write is not None
    leadership.written(write, 4, START.at, START)
    assert (leadership.rival, leadership.floor, leadership.limit) == ("", OTHERS.floor, LARGEST_EPOCH)
    leadership.failed()
    leadership.read(Held(5, OTHERS), after(60))
    assert leadership.tick(after(60).at) is Role.LEADER
    assert leadership.speaks(after(60).at)
    assert (leadership.due(0, after(60)) or write).revision == 5
