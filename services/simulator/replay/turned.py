"""The prices of the no side on the other scale: what `use_yes_price` changes in a message."""

import msgspec

from proto.units import DOLLAR
from shared.kalshi.numbers import dollars, format_dollars


def turn_levels(raw: bytes) -> bytes:
    """Return the `msg` of a snapshot with the prices of its no side on the other scale."""
    msg = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    levels = msgspec.json.decode(msg["no_dollars_fp"], type=list[tuple[str, str]])
    turned = [(_turned(price), quantity) for price, quantity in reversed(levels)]
    msg["no_dollars_fp"] = msgspec.Raw(msgspec.json.encode(turned))
    return msgspec.json.encode(msg)


def turn_price(raw: bytes) -> bytes:
    """Return the `msg` of a delta with its price on the other scale."""
    msg = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    price = msgspec.json.decode(msg["price_dollars"], type=str)
    msg["price_dollars"] = msgspec.Raw(msgspec.json.encode(_turned(price)))
    return msgspec.json.encode(msg)


def _turned(price: str) -> str:
    return format_dollars(DOLLAR - dollars(price))
