"""What the gateway knows of the account: orders that rest, positions that are open, fills that were told."""

from collections.abc import Iterable, Mapping, Set

import msgspec

from proto.private import Fill, Order, Position

#: Fills that are remembered, so that none is told twice.
FILLS = 100_000
#: What an order's status is when it will not change any more.
ENDED = frozenset({"canceled", "executed"})


class Holdings:
    """Keeps what was told last, and from a break to the next reading what was heard, which is newer than that."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.positions: dict[tuple[str, int], Position] = {}
        #: Positions are listed by subaccount, of which only the primary one is known to be there.
        self.subaccounts = {0}
        self._fills: dict[tuple[str, str], None] = {}
        self._heard: set[object] = set()
        self._listens = True

    def break_off(self) -> None:
        """From now on something may be missed, and what was heard may have changed unheard."""
        self._heard.clear()
        self._listens = True

    def settle(self) -> None:
        """Nothing is missing: what is heard needs no remembering."""
        self._heard.clear()
        self._listens = False

    def hear_order(self, order: Order) -> None:
        """Take an order that was told."""
        self._hear(order.order_id, order.subaccount)
        self.set_order(order)

    def hear_position(self, position: Position) -> None:
        """Take a position that was told."""
        self._hear(key(position), position.subaccount)
        self.set_position(position)

    def set_order(self, order: Order) -> None:
        """Keep an order unless it has ended."""
        if order.status in ENDED:
            self.orders.pop(order.order_id, None)
        else:
            self.orders[order.order_id] = order

    def set_position(self, position: Position) -> None:
        """Keep a position unless nothing is held any more."""
        if position.position:
            self.positions[key(position)] = position
        else:
            self.positions.pop(key(position), None)

    def is_new(self, fill: Fill) -> bool:
        """Whether a fill was not told before; from now on it was."""
        self.subaccounts.add(fill.subaccount or 0)
        name = fill.trade_id, fill.order_id
        if name in self._fills:
            return False
        self._fills[name] = None
        if len(self._fills) > FILLS:
            del self._fills[next(iter(self._fills))]
        return True

    def missing_orders(self, listed: Iterable[str]) -> list[Order]:
        """Return the orders that rested, are not listed, and were not heard of since."""
        known = set(listed)
        return [order for name, order in self.orders.items() if name not in known and name not in self._heard]

    def take_orders(self, read: Iterable[Order]) -> list[Order]:
        """Take orders that were read unless they were heard of since; return those that rest no longer."""
        read = [order for order in read if order.order_id not in self._heard]
        gone = [order for order in read if order.status != "resting"]
        for order in read:
            self.set_order(order)
        for order in gone:
            self.orders.pop(order.order_id, None)
        return gone

    def take_positions(
        self, read: Mapping[tuple[str, int], Position], listed: Set[tuple[str, int]], now_ts: int
    ) -> list[Position]:
        """Take positions that were read unless they were heard of since; return those that are open no longer.

        Whatever is not `listed` is not held; what is, but was not understood, stays as it was.
        """
        nothing = {"position": 0, "cost": 0, "received_ts": now_ts}
        gone = [
            read[place] if place in read else msgspec.structs.replace(known, **nothing)
            for place, known in self.positions.items()
            if place not in self._heard and (not read[place].position if place in read else place not in listed)
        ]
        for position in (*(told for place, told in read.items() if place not in self._heard), *gone):
            self.set_position(position)
        return gone

    def _hear(self, name: object, subaccount: int | None) -> None:
        self.subaccounts.add(subaccount or 0)
        if self._listens:
            self._heard.add(name)


def key(position: Position) -> tuple[str, int]:
    """Return what tells a position from others."""
    return position.ticker, position.subaccount or 0
