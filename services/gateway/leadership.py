"""Who may speak for a shard: a lease that its leader renews by compare-and-set. Pure.

Never are the clocks of two machines compared. Who waits takes the lease when its entry has not changed for LEASE_S by
its own clock, or at once when it was released. A leader counts from the start of the last renewal that succeeded; it
leaves when it could not renew for LEAVE_S and is silent from MUTE_S on, whatever its timers do. So between its last
word and the first of the next leader lies at least LEASE_S - MUTE_S.

An entry carries a floor above all epochs in use. It lies ahead of the clock, for between two renewals epochs are used
that the entry can not tell; and a leader uses none above it. The next one starts above the floor and above all epochs
that it has heard of, so epochs grow even if the clock stepped back, or the bucket was lost.
"""

from enum import Enum
from typing import NamedTuple

from proto.leader import Leader
from proto.units import SECOND
from shared.market.clock import Now

LEASE_S = 3.5
MUTE_S = 2.5
LEAVE_S = 2.2
RENEW_S = 1.0
#: A leader that released the lease leaves it to others for so long.
HANDOVER_S = 1.0
POLL_S = 0.1
#: That nothing is there counts only while it is looked at as often as this.
LOOK_S = 1.0
RETRY_S = 0.2
#: Epochs set aside with each renewal: more than are used until MUTE_S, fewer than pass until LEASE_S.
AHEAD = 3 * SECOND
#: Of these the last ones are for snapshots that come within one microsecond, or while the clock is ahead of them all.
ROOM = SECOND // 10
LARGEST_EPOCH = 2**53 - 1


class Role(Enum):
    """What an instance is to its shard.

    MUTED has lost the lease, or could not renew it, and HANDING_OVER gives it up: both are to stop and then `follow`.
    """

    FOLLOWER = "follower"
    LEADER = "leader"
    MUTED = "muted"
    HANDING_OVER = "handing_over"


class Held(NamedTuple):
    """An entry as it was read."""

    revision: int
    leader: Leader


class Write(NamedTuple):
    """What is to be written over a revision; over None it is to be created."""

    leader: Leader
    revision: int | None


class Leadership:
    """The lease as one instance sees it.

    The shell calls `read` with the entry whenever `reads`, then does what `due` returns and tells `written`, or
    `failed` if it was refused or its fate is not known. It publishes only what `speaks` allows. Without a standby an
    instance is `alone`: it speaks always, and the entry only keeps the floor.
    """

    def __init__(self, instance: str, *, alone: bool) -> None:
        self.instance = instance
        self.alone = alone
        self.role = Role.FOLLOWER
        self.term = 0
        #: Epochs start above this one; and a leader uses none above `limit`.
        self.floor = 0
        self.limit = LARGEST_EPOCH if alone else 0
        self._held: Held | None = None
        self._since: float | None = None
        self._read_at = 0.0
        self._released = False
        self._renewed_at = 0.0
        self._muted = False
        self._doubts = True

    @property
    def reads(self) -> bool:
        """Whether the entry has to be read before anything is written."""
        return self._doubts or self.role is Role.FOLLOWER

    @property
    def rival(self) -> str:
        """Another instance that keeps the entry which was read last, or none."""
        return self._held.leader.instance if self._held is not None and not self._is_own(self._held) else ""

    def heard(self, epoch: int) -> None:
        """Take note of an epoch that another instance uses."""
        self.floor = max(self.floor, epoch)

    def read(self, held: Held | None, now: Now) -> None:
        """Take the entry as it is, None if there is none."""
        self._doubts = False
        # What was not watched can have come and gone; an entry shows by its revision that it has not.
        unwatched = held is None and now.at - self._read_at > LOOK_S
        if self._since is None or held != self._held or unwatched:
            self._since = now.at
        self._held, self._read_at = held, now.at
        if held is None or self._is_own(held):
            return
        self.floor = max(self.floor, held.leader.floor)
        if self.role is Role.LEADER and not self.alone:
            self.role, self._muted = Role.MUTED, True
        elif self.role is Role.HANDING_OVER:
            self._released = True

    def due(self, used: int, now: Now) -> Write | None:
        """Return what is to be written now; `used` is the largest epoch of ours."""
        if self._doubts or not self._is_due(now.at):
            return None
        taken = self._held.leader.term if self._held is not None else self.term
        term = self.term if self.role is not Role.FOLLOWER else max(taken, self.term) + 1
        released = self.role is Role.HANDING_OVER
        floor = max(self.floor, used) if released else max(self.floor, used, now.ts) + AHEAD
        leader = Leader(self.instance, term, min(floor, LARGEST_EPOCH), released, now.ts)
        return Write(leader, self._held.revision if self._held is not None else None)

    def written(self, write: Write, revision: int, started_at: float, now: Now) -> None:
        """Note that what was due, and was begun at `started_at`, has been written."""
        self._held, self._since = Held(revision, write.leader), now.at
        self._released = write.leader.released
        if self.role is Role.FOLLOWER and write.leader.term > self.term:
            self.role, self._muted, self.term = Role.LEADER, False, write.leader.term
        elif self.tick(now.at) is not Role.LEADER:
            # A renewal that comes back too late does not bring back what was given up meanwhile.
            return
        self._renewed_at = started_at
        if not self.alone:
            self.limit = write.leader.floor - ROOM

    def failed(self) -> None:
        """Note that a write was refused, or that its fate is not known: the entry has to be read."""
        self._doubts = True
        if self._held is None:
            # Somebody can have made the entry meanwhile, even if it is not there when it is looked for.
            self._since = None

    def tick(self, at: float) -> Role:
        """Give the role up if its time is over, and return it."""
        if self.role is Role.LEADER and not self.alone and at >= self._renewed_at + LEAVE_S:
            self.role = Role.MUTED
        return self.role

    def speaks(self, at: float) -> bool:
        """Whether something may be published at this moment."""
        if self._muted:
            return False
        if self.alone:
            return True
        return self.role is not Role.FOLLOWER and at < self._renewed_at + MUTE_S

    def hand_over(self) -> None:
        """Give the role up in good order: say the last things, `mute`, then have the release written."""
        if self.role is Role.LEADER:
            self.role = Role.HANDING_OVER

    def mute(self) -> None:
        """Publish nothing more in this term."""
        self._muted = True

    def follow(self) -> None:
        """Wait for the lease again, now that all that a leader does has ended."""
        self.role, self._since, self._released = Role.FOLLOWER, None, False

    def pause(self, at: float) -> float:
        """Return the seconds until the next turn."""
        if self.role is Role.FOLLOWER:
            return POLL_S
        if self._doubts or self.role is not Role.LEADER:
            return RETRY_S
        return max(0.0, self._renewed_at + RENEW_S - at)

    def _is_due(self, at: float) -> bool:
        if self.role is Role.FOLLOWER:
            return self._can_take(at)
        if self.role is Role.HANDING_OVER:
            return self._muted and not self._released
        return self.role is Role.LEADER and at >= self._renewed_at + RENEW_S

    def _can_take(self, at: float) -> bool:
        waited = at - (self._since if self._since is not None else at)
        if self.alone:
            return True
        if self._held is None:
            return waited >= LEASE_S
        if self._is_own(self._held):
            # Nobody has taken it since; but what we released was meant for another.
            return waited >= HANDOVER_S if self._held.leader.released else True
        return self._held.leader.released or waited >= LEASE_S

    def _is_own(self, held: Held) -> bool:
        return held.leader.instance == self.instance
