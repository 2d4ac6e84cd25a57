"""How the exchange behaves where its documents leave it open, where it once did otherwise, and where it may again."""

from typing import Annotated, TypeAlias

import msgspec

from proto.units import SECOND

Milliseconds: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]
_Most: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Habits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The defaults are the exchange as it was last seen.

    `control_shares_seq`: control replies count on the sequence of their sid, else on one of their own.
    `acks_shuffled`: commands that arrive together are answered in any order, their snapshots in between.
    `command_delay_ms`: every command waits so long; `ack_delay_ms`: only its acknowledgement does, data comes before.
    `max_markets` is per subscription (error 26), `max_commands` per subscription and second (error 27).
    """

    first_sid: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    control_shares_seq: bool = True
    ok_after_snapshots: bool = False
    ok_after_get_snapshot: bool = False
    acks_shuffled: bool = False
    command_delay_ms: Milliseconds = 0
    ack_delay_ms: Milliseconds = 0
    yes_price_default: bool = False
    legacy_twins: bool = False
    unknown_members: bool = False
    ts_ms: bool = True
    sending_ts_ms: bool = True
    max_markets: _Most = 20_000
    max_commands: _Most = 1_000

    @property
    def dresses(self) -> bool:
        """Whether messages differ from today's form, which costs reading and writing each."""
        return self.legacy_twins or self.unknown_members or not self.ts_ms


class Manners:
    """The habits in force, and how a frame ends at this moment; shared by all sessions."""

    def __init__(self, habits: Habits) -> None:
        self.change(habits)
        self.tail = b"}\n"

    def change(self, habits: Habits) -> None:
        """Behave like this from now on."""
        self.habits = habits
        self.dresses = habits.dresses

    def at(self, ts: int) -> None:
        """Note the time at which the next frames are sent, in microseconds."""
        # As at the exchange every text frame ends with a newline.
        self.tail = b',"sending_ts_ms":%d}\n' % (ts * 1000 // SECOND) if self.habits.sending_ts_ms else b"}\n"
