"""The exchange's channels and what each of them allows."""

from enum import StrEnum
from typing import Literal, NamedTuple


class Channel(StrEnum):
    """What can be subscribed to; the exchange's names."""

    BOOK = "orderbook_delta"
    TICKER = "ticker"
    TRADE = "trade"
    LIFECYCLE = "market_lifecycle_v2"
    COMBO_LIFECYCLE = "multivariate_market_lifecycle"
    FILL = "fill"
    ORDERS = "user_orders"
    POSITIONS = "market_positions"
    ORDER_GROUPS = "order_group_updates"
    COMMUNICATIONS = "communications"
    INDEX = "cfbenchmarks_value"
    INDEX_5HZ = "cfbenchmarks_value_5hz"
    PYTH = "pyth_value"


class Traits(NamedTuple):
    """What a channel allows.

    `markets`: whether it is narrowed to markets. `named`: what else it has to be narrowed to. `sequenced`: whether its
    messages carry a sequence number; control replies always do.
    """

    markets: Literal["required", "optional", "ignored"] = "ignored"
    named: Literal["", "index_ids", "underlying_tickers"] = ""
    sequenced: bool = True


TRAITS = {
    Channel.BOOK: Traits("required"),
    Channel.TICKER: Traits("optional", sequenced=False),
    Channel.TRADE: Traits("optional"),
    Channel.LIFECYCLE: Traits(),
    Channel.COMBO_LIFECYCLE: Traits(),
    Channel.FILL: Traits("optional", sequenced=False),
    Channel.ORDERS: Traits("optional", sequenced=False),
    Channel.POSITIONS: Traits("optional", sequenced=False),
    Channel.ORDER_GROUPS: Traits(),
    Channel.COMMUNICATIONS: Traits(),
    Channel.INDEX: Traits(named="index_ids"),
    Channel.INDEX_5HZ: Traits(named="index_ids"),
    Channel.PYTH: Traits(named="underlying_tickers"),
}

#: What asks for every index.
ALL_NAMES = "all"

#: The channel of each type of message, where the two differ or a channel has several types.
CHANNEL_OF = {
    "orderbook_snapshot": Channel.BOOK,
    "orderbook_delta": Channel.BOOK,
    "ticker": Channel.TICKER,
    "trade": Channel.TRADE,
    "fill": Channel.FILL,
    "user_order": Channel.ORDERS,
    "market_position": Channel.POSITIONS,
    "market_lifecycle_v2": Channel.LIFECYCLE,
    "event_lifecycle": Channel.LIFECYCLE,
    "event_fee_update": Channel.LIFECYCLE,
    "multivariate_market_lifecycle": Channel.COMBO_LIFECYCLE,
    "order_group_updates": Channel.ORDER_GROUPS,
    "rfq_created": Channel.COMMUNICATIONS,
    "rfq_deleted": Channel.COMMUNICATIONS,
    "quote_created": Channel.COMMUNICATIONS,
    "quote_accepted": Channel.COMMUNICATIONS,
    "quote_executed": Channel.COMMUNICATIONS,
    "cfbenchmarks_value": Channel.INDEX,
    "cfbenchmarks_value_5hz": Channel.INDEX_5HZ,
    "pyth_value": Channel.PYTH,
}
