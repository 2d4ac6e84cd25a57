"""The `msg` of the messages that only their account is told, as the exchange's AsyncAPI document has them."""

from typing import Annotated, Literal, TypeAlias

import msgspec

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"

Uuid = Annotated[str, msgspec.Meta(pattern=_UUID)]
Text = Annotated[str, msgspec.Meta(max_length=200)]
Ticker = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Price = Annotated[str, msgspec.Meta(pattern=r"^(0\.\d{4}|1\.0000)$")]
Money = Annotated[str, msgspec.Meta(pattern=r"^-?\d{1,12}\.\d{4,6}$")]
Count = Annotated[str, msgspec.Meta(pattern=r"^-?\d{1,9}\.\d{2}$")]
Amount = Annotated[str, msgspec.Meta(pattern=r"^\d{1,9}\.\d{2}$")]
Moment = Annotated[str, msgspec.Meta(pattern=_TIME)]
Seconds = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
Millis = Annotated[int, msgspec.Meta(ge=0, lt=2**32 * 1000)]
Index = Annotated[int, msgspec.Meta(ge=0)]
Outcome: TypeAlias = Literal["yes", "no"]
BookSide: TypeAlias = Literal["bid", "ask"]
_Optional: TypeAlias = msgspec.UnsetType


class Private(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of them all."""


class Fill(Private, frozen=True, kw_only=True):
    """Part or all of an order was traded."""

    trade_id: Uuid
    order_id: Uuid
    client_order_id: Text | _Optional = msgspec.UNSET
    market_ticker: Ticker
    exchange_index: Index
    is_taker: bool
    side: Outcome
    yes_price_dollars: Price
    count_fp: Amount
    fee_cost: Money
    action: Literal["buy", "sell", "sell_partial", "sell_to_close", ""]
    ts: Seconds
    ts_ms: Millis
    post_position_fp: Count
    purchased_side: Outcome
    outcome_side: Outcome
    book_side: BookSide
    subaccount: Index | _Optional = msgspec.UNSET


class UserOrder(Private, frozen=True, kw_only=True):
    """An order as it is now."""

    order_id: Uuid
    user_id: Uuid
    ticker: Ticker
    exchange_index: Index
    status: Literal["resting", "canceled", "executed", "unknown"]
    side: Outcome
    is_yes: bool
    outcome_side: Outcome
    book_side: BookSide
    yes_price_dollars: Price
    fill_count_fp: Amount
    remaining_count_fp: Amount
    initial_count_fp: Amount
    taker_fill_cost_dollars: Money
    maker_fill_cost_dollars: Money
    taker_fees_dollars: Money
    maker_fees_dollars: Money
    client_order_id: Text
    order_group_id: Text | _Optional = msgspec.UNSET
    self_trade_prevention_type: Literal["taker_at_cross", "maker"] | _Optional = msgspec.UNSET
    created_time: Moment | None
    last_update_time: Moment | _Optional = msgspec.UNSET
    expiration_time: Moment | _Optional = msgspec.UNSET
    expiration_ts_ms: Millis | _Optional = msgspec.UNSET
    created_ts_ms: Millis | None
    last_updated_ts_ms: Millis | _Optional = msgspec.UNSET
    last_update_reason: (
        Literal[
            "Decrease",
            "Amend",
            "MarginCancel",
            "SelfTradeCancel",
            "ExpiryCancel",
            "CloseCancel",
            "HaltCancel",
            "Trade",
            "PostOnlyCrossCancel",
            "ReduceOnlyCancel",
        ]
        | _Optional
    ) = msgspec.UNSET
    subaccount_number: Index | _Optional = msgspec.UNSET


class MarketPosition(Private, frozen=True, kw_only=True):
    """What is held of a market; less than nothing is held of no."""

    user_id: Text
    market_ticker: Ticker
    position_fp: Count
    position_cost_dollars: Money
    realized_pnl_dollars: Money
    fees_paid_dollars: Money
    position_fee_cost_dollars: Money
    volume_fp: Amount
    subaccount: Index | _Optional = msgspec.UNSET


class OrderGroupUpdate(Private, frozen=True, kw_only=True):
    """Something happened to a group of orders."""

    event_type: Literal["created", "triggered", "reset", "deleted", "limit_updated"]
    order_group_id: Text
    contracts_limit_fp: Amount | _Optional = msgspec.UNSET
    ts_ms: Millis


class RfqLeg(Private, frozen=True, kw_only=True):
    """One of the markets of the combo that is asked for."""

    event_ticker: Ticker
    market_ticker: Ticker
    side: Outcome
    yes_settlement_value_dollars: Price | _Optional = msgspec.UNSET


class RfqCreated(Private, frozen=True, kw_only=True):
    """Somebody asks for quotes."""

    id: Text
    creator_id: Text
    market_ticker: Ticker
    event_ticker: Ticker | _Optional = msgspec.UNSET
    contracts_fp: Amount | _Optional = msgspec.UNSET
    target_cost_dollars: Money | _Optional = msgspec.UNSET
    created_ts: Moment
    mve_collection_ticker: Ticker | _Optional = msgspec.UNSET
    mve_selected_legs: Annotated[tuple[RfqLeg, ...], msgspec.Meta(min_length=1)] | _Optional = msgspec.UNSET


class RfqDeleted(Private, frozen=True, kw_only=True):
    """Somebody asks no more."""

    id: Text
    creator_id: Text
    market_ticker: Ticker
    event_ticker: Ticker | _Optional = msgspec.UNSET
    contracts_fp: Amount | _Optional = msgspec.UNSET
    target_cost_dollars: Money | _Optional = msgspec.UNSET
    deleted_ts: Moment


class _Quote(Private, frozen=True, kw_only=True):
    quote_id: Text
    rfq_id: Text
    quote_creator_id: Text
    rfq_creator_id: Text
    market_ticker: Ticker
    subaccount: Index | _Optional = msgspec.UNSET


class _Offer(_Quote, frozen=True, kw_only=True):
    event_ticker: Ticker | _Optional = msgspec.UNSET
    yes_bid_dollars: Price
    no_bid_dollars: Price
    yes_contracts_offered_fp: Amount | _Optional = msgspec.UNSET
    no_contracts_offered_fp: Amount | _Optional = msgspec.UNSET
    rfq_target_cost_dollars: Money | _Optional = msgspec.UNSET


class QuoteCreated(_Offer, frozen=True, kw_only=True):
    """A quote was given."""

    created_ts: Moment


class QuoteAccepted(_Offer, frozen=True, kw_only=True):
    """A quote was taken."""

    accepted_side: Outcome | _Optional = msgspec.UNSET
    contracts_accepted_fp: Amount | _Optional = msgspec.UNSET


class QuoteExecuted(_Quote, frozen=True, kw_only=True):
    """A quote that was taken was traded."""

    order_id: Text
    client_order_id: Text
    executed_ts: Moment


TYPES: dict[str, type[Private]] = {
    "fill": Fill,
    "user_order": UserOrder,
    "market_position": MarketPosition,
    "order_group_updates": OrderGroupUpdate,
    "rfq_created": RfqCreated,
    "rfq_deleted": RfqDeleted,
    "quote_created": QuoteCreated,
    "quote_accepted": QuoteAccepted,
    "quote_executed": QuoteExecuted,
}


def partial(kind: type[Private]) -> type[msgspec.Struct]:
    """Return the same type with no member required."""
    fields = [(f.name, f.type | msgspec.UnsetType, msgspec.UNSET) for f in msgspec.structs.fields(kind)]
    return msgspec.defstruct(f"Partial{kind.__name__}", fields, forbid_unknown_fields=True)
