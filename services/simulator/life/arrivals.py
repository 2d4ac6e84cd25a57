"""Markets that come while the exchange runs: rounds by the clock, and combos now and then."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from proto.units import SECOND
from services.simulator.universe.rounds import Rounds
from services.simulator.world.listing import Arrival


class RoundArrivals:
    """Lists each round when the one before it opens, that is one length ahead."""

    def __init__(self, rounds: Rounds) -> None:
        self._rounds = rounds

    def due(self, ts: int) -> tuple[Sequence[Arrival], int]:
        """Return the open round and the next."""
        current = self._rounds.current(ts)
        arrived = [Arrival(self._rounds.series, *self._rounds.listing(number)) for number in current]
        return arrived, (ts // self._rounds.length + 1) * self._rounds.length


class ComboArrivals:
    """Lists a new combo every so many seconds.

    `make` is given its number, from 0, and the time, and returns None if none can be made. At the exchange a combo
    lives as long as its legs; here it closes after `life_s` at the latest, so that they do not become more and more.
    """

    def __init__(self, make: Callable[[int, int], Arrival | None], *, every_s: float, life_s: float = 3600.0) -> None:
        self._make = make
        self._every = round(every_s * SECOND)
        self._life = round(life_s * SECOND)
        self._made = 0

    def due(self, ts: int) -> tuple[Sequence[Arrival], int]:
        """Return one more combo."""
        made = self._make(self._made, ts)
        self._made += 1
        return [] if made is None else [self._from_now(made, ts)], ts + self._every

    def _from_now(self, made: Arrival, ts: int) -> Arrival:
        close_ts = min(made.listing.close_ts, ts + self._life)
        return made._replace(listing=replace(made.listing, created_ts=ts, open_ts=ts, close_ts=close_ts))
