"""Messages in other clothes: with the integer twins of early 2026, with members nobody knows, without `ts_ms`."""

from typing import Any

import msgspec

from proto.units import DOLLAR
from services.simulator.feed.habits import Habits
from shared.kalshi.numbers import count, dollars

#: Members with a dollar string, and the one with cents that once stood beside it.
_CENTS = {
    "price_dollars": "price",
    "yes_bid_dollars": "yes_bid",
    "yes_ask_dollars": "yes_ask",
    "yes_price_dollars": "yes_price",
    "no_price_dollars": "no_price",
}
#: Members with a count string, and the one with whole contracts that once stood beside it.
_CONTRACTS = {
    "delta_fp": "delta",
    "volume_fp": "volume",
    "open_interest_fp": "open_interest",
    "count_fp": "count",
    "post_position_fp": "post_position",
    "position_fp": "position",
}
_LADDERS = {"yes_dollars_fp": ("yes", "yes_dollars"), "no_dollars_fp": ("no", "no_dollars")}


def dress(msg: bytes, habits: Habits, *, yes_scale: bool) -> bytes:
    """Return the message as the habits want it; `yes_scale` tells on which scale its no side is."""
    known: dict[str, Any] = msgspec.json.decode(msg)
    if habits.legacy_twins:
        known |= _twins(known, yes_scale=yes_scale)
    if not habits.ts_ms:
        known.pop("ts_ms", None)
    if habits.unknown_members:
        known |= {"Clock": 13_281_241_747, "new_member": {"of": ["any", "shape"]}}
    return msgspec.json.encode(known)


def _twins(msg: dict[str, Any], *, yes_scale: bool) -> dict[str, Any]:
    twins: dict[str, Any] = {}
    for member, twin in _CENTS.items():
        if msg.get(member):  # before its first trade a market can have "" for a price
            price = dollars(msg[member])
            # Cents were always on the side's own scale; of all prices a delta's alone has a side.
            turned = yes_scale and member == "price_dollars" and msg.get("side") == "no"
            twins[twin] = _cents(DOLLAR - price if turned else price)
    for member, twin in _CONTRACTS.items():
        if msg.get(member):
            twins[twin] = _whole(count(msg[member]))
    for member, (cents, counts) in _LADDERS.items():
        if member in msg:
            turned = yes_scale and cents == "no"
            levels = [(dollars(price), count(quantity)) for price, quantity in msg[member]]
            twins[cents] = [(_cents(DOLLAR - p if turned else p), _whole(quantity)) for p, quantity in levels]
            twins[counts] = [
                (text, _whole(quantity)) for (text, _), (_, quantity) in zip(msg[member], levels, strict=True)
            ]
    return twins


def _cents(price: int) -> int:
    # The exchange rounded what does not fit.
    return (price + 50) // 100


def _whole(quantity: int) -> int:
    return round(quantity / 100)
