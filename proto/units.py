"""Scalars of the bus with their units and bounds.

The bounds are checked when a message is decoded, not when it is built.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

#: One dollar, and the price at which a contract is certain.
DOLLAR = 10_000
#: One contract.
CONTRACT = 100
#: One second.
SECOND = 1_000_000

Price: TypeAlias = Annotated[int, Meta(ge=0, le=DOLLAR, description="1/10 000 dollar: $0.96 is 9600")]
Quantity: TypeAlias = Annotated[int, Meta(ge=0, description="1/100 contract: 54.00 contracts are 5400")]
QuantityChange: TypeAlias = Annotated[int, Meta(description="signed change in 1/100 contract")]
Money: TypeAlias = Annotated[int, Meta(description="1/1 000 000 dollar")]
WholeDollars: TypeAlias = Annotated[int, Meta(description="whole dollars, as the exchange counts them")]
Micros: TypeAlias = Annotated[int, Meta(ge=0, lt=2**53, description="microseconds since 1970 UTC")]
Epoch: TypeAlias = Annotated[
    int, Meta(ge=0, lt=2**53, description="grows with every snapshot of a market; 0 before the first one")
]
Seq: TypeAlias = Annotated[int, Meta(ge=0, description="0 for a snapshot, then 1, 2, 3… within the epoch")]
MarketTicker: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=200, description="market ticker, exactly as Kalshi spells it")
]
Side: TypeAlias = Annotated[Literal["yes", "no"], Meta(description="the outcome; in a book, the ladder of bids for it")]
Level: TypeAlias = Annotated[
    tuple[Price, Quantity], Meta(description="[price on this side's own scale, resting quantity]")
]
Ladder: TypeAlias = Annotated[tuple[Level, ...], Meta(description="bids, best (highest) first; empty when nobody bids")]
Status: TypeAlias = Annotated[
    Literal["live", "stale"], Meta(description="stale: may differ from the exchange, do not trade on it")
]
StaleReason: TypeAlias = Annotated[
    Literal[
        "gap",
        "disconnected",
        "resubscribed",
        "gateway_lost",
        "bus_gap",
        "exchange_error",
        "paused",
        "unsubscribed",
        "operator",
    ],
    Meta(description="why a market's book can not be trusted until its next snapshot"),
]
