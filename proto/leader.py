"""Who may speak for a shard of the gateway: the value in the bucket `leader`."""

from typing import Annotated

import msgspec

from proto.units import Epoch, Micros


class Leader(msgspec.Struct, frozen=True):
    """Who speaks for a shard, and which epochs are used up.

    `renewed_ts` is for people: whoever waits goes by how long the entry has not changed by its own clock, never by
    comparing the clocks of two machines.
    """

    instance: str
    term: Annotated[int, msgspec.Meta(ge=1, description="one more each time that the lease passes on")]
    floor: Annotated[
        Epoch, msgspec.Meta(description="no larger epoch is used before the next renewal; the next leader starts above")
    ]
    released: Annotated[bool, msgspec.Meta(description="given up in good order: it can be taken at once")]
    renewed_ts: Micros
