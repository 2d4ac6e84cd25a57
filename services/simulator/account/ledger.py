"""What the account was told, for those who ask over REST: each fill, each order and position as it was told last."""

from typing import NamedTuple, TypeVar

import msgspec

from services.simulator.account.messages import Fill, MarketPosition, Private, UserOrder

#: How many of each are remembered.
REMEMBERED = 20_000

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Told(NamedTuple):
    """A position, and when it was told in microseconds: the message has no time."""

    position: MarketPosition
    ts: int


class Ledger:
    """Remembers the last REMEMBERED fills, orders and positions; nothing is derived, for no order is matched."""

    def __init__(self) -> None:
        self.fills: dict[tuple[str, str], Fill] = {}
        self.orders: dict[str, UserOrder] = {}
        self.positions: dict[tuple[str, int], Told] = {}

    def note(self, msg: Private, ts: int) -> None:
        """Remember a message if it is one of these."""
        match msg:
            case Fill():
                _remember(self.fills, (msg.trade_id, msg.order_id), msg)
            case UserOrder():
                _remember(self.orders, msg.order_id, msg)
            case MarketPosition():
                _remember(self.positions, (msg.market_ticker, primary(msg.subaccount)), Told(msg, ts))


def primary(subaccount: int | msgspec.UnsetType) -> int:
    """Return the number of a subaccount; one that is not named is the primary one."""
    return 0 if subaccount is msgspec.UNSET else subaccount


def _remember(known: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    known.pop(key, None)
    known[key] = value
    if len(known) > REMEMBERED:
        del known[next(iter(known))]
