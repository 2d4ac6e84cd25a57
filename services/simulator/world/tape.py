"""The last public trades, for those who ask over REST."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from proto.units import Side

TRADES = 20_000


class Trade(NamedTuple):
    """One trade; the time is in microseconds."""

    trade_id: str
    ticker: str
    yes_price: int
    quantity: int
    taker: Side
    ts: int


class Tape:
    """Remembers TRADES trades."""

    def __init__(self) -> None:
        self._trades: deque[Trade] = deque(maxlen=TRADES)

    def add(self, trade: Trade) -> None:
        """Remember a trade."""
        self._trades.append(trade)

    def newest_first(self) -> Iterator[Trade]:
        """Return the trades that are remembered."""
        return reversed(self._trades)
