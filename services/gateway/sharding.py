"""Who serves a market: one of several processes, and in it one of several connections.

By rendezvous hashing: of all servers the one with the largest hash takes a market, so when one comes or goes only its
own markets move.
"""

from collections.abc import Iterable
from hashlib import blake2b
from math import inf

import msgspec

#: A connection that is away for longer hands its markets to the others until it is back.
HAND_OVER_S = 10.0


class Shard(msgspec.Struct, frozen=True):
    """The i-th of n processes that share the markets, from 0."""

    index: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Return the shard written as `i/n`; raises ValueError."""
        index, count = (int(part) for part in text.split("/"))
        if not 0 <= index < count:
            raise ValueError(f"{index} is not between 0 and {count - 1}")
        return cls(index, count)

    def owns(self, ticker: str) -> bool:
        """Whether this process is to serve a market."""
        return self.count == 1 or choose("process", ticker, range(self.count)) == self.index


class Connections:
    """The connections of one process: which are up, and which market belongs to which."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.begin()

    def __len__(self) -> int:
        return self._count

    def begin(self) -> None:
        """Wait for all connections, as if there had been none before."""
        # Since infinity: how long one has been awaited is counted from the first time that anything is asked.
        self._away_since: list[float | None] = [inf] * self._count
        self._choices: dict[str, int] = {}
        self._available = tuple(range(self._count))

    def up(self, line: int, at: float) -> None:
        """A connection was made."""
        self._away_since[line] = None
        self.review(at)

    def down(self, line: int, at: float) -> None:
        """A connection was lost; its markets wait for it for a while."""
        self._away_since[line] = at

    def any_up(self) -> bool:
        """Whether at least one connection is there."""
        return None in self._away_since

    def review(self, at: float) -> bool:
        """Take those that are away for long out of the choice, unless all are; return whether that changes anything."""
        self._away_since = [at if since == inf else since for since in self._away_since]
        some = any(since is None for since in self._away_since)
        available = tuple(
            line for line, since in enumerate(self._away_since) if not some or since is None or at - since < HAND_OVER_S
        )
        changed = available != self._available
        if changed:
            self._available = available
            self._choices.clear()
        return changed

    def target(self, ticker: str) -> int:
        """Return the connection that is to serve a market."""
        found = self._choices.get(ticker)
        if found is None:
            found = self._choices[ticker] = choose("connection", ticker, self._available)
        return found


def choose(kind: str, ticker: str, servers: Iterable[int]) -> int:
    """Return the server of a market; there must be one. Each kind of server chooses independently of the others."""
    return max(servers, key=lambda server: blake2b(f"{kind} {server} {ticker}".encode(), digest_size=8).digest())
