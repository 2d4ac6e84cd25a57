"""Frames as the exchange sends them.

One struct per message holds today's decimal strings and the integer members of before March 2026, all
optional where either form may stand; `shared.kalshi.normalise` decides between them. Unknown members are
ignored at every level, because the exchange adds some without notice.
"""

from typing import Annotated, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta

from proto.reading import UNREADABLE
from proto.units import Side
from shared.kalshi.account.messages import FillMsg, MarketPositionMsg, UserOrderMsg
from shared.kalshi.errors import Malformed

#: Bounded, because lifecycle, trades and tickers can come unasked, and a ticker becomes a subject on the bus.
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Sid: TypeAlias = Annotated[int, Meta(ge=1)]
SeqNumber: TypeAlias = Annotated[int, Meta(ge=1)]
StringLevels: TypeAlias = list[tuple[str, str]]
IntegerLevels: TypeAlias = list[tuple[int, int]]


class SubscribedMsg(msgspec.Struct, frozen=True, gc=False):
    """Which channel got which sid; also one entry of the reply to list_subscriptions."""

    channel: str
    sid: Sid


class OkMsg(msgspec.Struct, frozen=True, gc=False):
    """What a subscription covers after a change; nothing if the client asked for no list."""

    market_tickers: list[str] | None = None
    market_ids: list[str] | None = None


class ErrorMsg(msgspec.Struct, frozen=True, gc=False):
    """Why a command failed or a subscription ended."""

    code: int
    msg: str = ""
    market_ticker: str | None = None
    market_tickers: list[str] | None = None


class SnapshotMsg(msgspec.Struct, frozen=True, gc=False):
    """Both ladders of a market; the key of an empty side is absent. Levels come in no promised order."""

    market_ticker: Name
    market_id: str | None = None
    yes_dollars_fp: StringLevels | None = None
    no_dollars_fp: StringLevels | None = None
    yes: IntegerLevels | None = None
    no: IntegerLevels | None = None


class DeltaMsg(msgspec.Struct, frozen=True, gc=False):
    """A signed change of one level of one side."""

    market_ticker: Name
    side: Side
    market_id: str | None = None
    price_dollars: str | None = None
    delta_fp: str | None = None
    price: int | None = None
    delta: int | None = None
    ts_ms: int | None = None
    ts: int | str | None = None


class TickerMsg(msgspec.Struct, frozen=True, gc=False):
    """The exchange's summary of a market; `ts` is in seconds."""

    market_ticker: Name
    market_id: str | None = None
    price_dollars: str | None = None
    yes_bid_dollars: str | None = None
    yes_ask_dollars: str | None = None
    yes_bid_size_fp: str | None = None
    yes_ask_size_fp: str | None = None
    last_trade_size_fp: str | None = None
    volume_fp: str | None = None
    open_interest_fp: str | None = None
    dollar_volume: int | None = None
    dollar_open_interest: int | None = None
    price: int | None = None
    yes_bid: int | None = None
    yes_ask: int | None = None
    volume: int | None = None
    open_interest: int | None = None
    ts_ms: int | None = None
    ts: int | str | None = None


class TradeMsg(msgspec.Struct, frozen=True, gc=False):
    """One trade; `ts` is in seconds, and not unique even with the ticker."""

    trade_id: Name
    market_ticker: Name
    yes_price_dollars: str | None = None
    no_price_dollars: str | None = None
    count_fp: str | None = None
    taker_outcome_side: Side | None = None
    taker_book_side: Literal["bid", "ask"] | None = None
    taker_side: Side | None = None
    is_block_trade: bool = False
    yes_price: int | None = None
    no_price: int | None = None
    count: int | None = None
    ts_ms: int | None = None
    ts: int | str | None = None


class PriceRangeMsg(msgspec.Struct, frozen=True, gc=False):
    """A band of prices and its tick, in dollars."""

    start: str
    end: str
    step: str


class MetadataMsg(msgspec.Struct, frozen=True, gc=False):
    """What a created market is about; times in seconds."""

    title: str | None = None
    yes_sub_title: str | None = None
    no_sub_title: str | None = None
    event_ticker: str | None = None
    strike_type: str | None = None
    floor_strike: float | None = None
    cap_strike: float | None = None


class LifecycleMsg(msgspec.Struct, frozen=True, gc=False):
    """Something happened to a market; all times in seconds, and the set of event types is open."""

    market_ticker: Name
    event_type: Name
    open_ts: int | None = None
    close_ts: int | None = None
    determination_ts: int | None = None
    settled_ts: int | None = None
    is_deactivated: bool | None = None
    result: str | None = None
    settlement_value: str | None = None
    price_level_structure: str | None = None
    price_ranges: list[PriceRangeMsg] | None = None
    additional_metadata: MetadataMsg | None = None
    yes_sub_title: str | None = None
    strike_type: str | None = None
    floor_strike: float | None = None
    cap_strike: float | None = None


class EventMsg(msgspec.Struct, frozen=True, gc=False):
    """A group of markets; `strike_date` is in seconds, and older captures spell `sub_title`."""

    event_ticker: Name
    title: str = ""
    subtitle: str | None = None
    sub_title: str | None = None
    series_ticker: str = ""
    collateral_return_type: str = ""
    strike_date: int | None = None
    strike_period: str | None = None


class FeeMsg(msgspec.Struct, frozen=True, gc=False):
    """The fees of an event were overridden, or no longer are (null)."""

    event_ticker: Name
    fee_type_override: str | None = None
    fee_multiplier_override: float | None = None


class Subscribed(msgspec.Struct, frozen=True, gc=False, tag="subscribed"):
    """A channel was opened; the sid stands inside `msg` here and beside it everywhere else."""

    msg: SubscribedMsg
    id: int | None = None
    sending_ts_ms: int | None = None


class Unsubscribed(msgspec.Struct, frozen=True, gc=False, tag="unsubscribed"):
    """A subscription ended; it consumes a sequence number."""

    sid: Sid
    seq: SeqNumber | None = None
    id: int | None = None
    sending_ts_ms: int | None = None


class Ok(msgspec.Struct, frozen=True, gc=False, tag="ok"):
    """A command succeeded: an update (with sid, usually with seq) or list_subscriptions (with neither)."""

    msg: OkMsg | list[SubscribedMsg] | None = None
    id: int | None = None
    sid: Sid | None = None
    seq: SeqNumber | None = None
    market_tickers: list[str] | None = None
    sending_ts_ms: int | None = None

    @property
    def tickers(self) -> list[str] | None:
        """The markets of the subscription, wherever the server put them; None if it did not list them."""
        listed = self.msg.market_tickers if isinstance(self.msg, OkMsg) else None
        return listed if listed is not None else self.market_tickers

    @property
    def subscriptions(self) -> list[SubscribedMsg] | None:
        """The open channels, if this answers list_subscriptions."""
        return self.msg if isinstance(self.msg, list) else None


class Error(msgspec.Struct, frozen=True, gc=False, tag="error"):
    """A command or a subscription failed; with a sid it concerns that subscription."""

    msg: ErrorMsg
    id: int | None = None
    sid: Sid | None = None
    seq: SeqNumber | None = None
    sending_ts_ms: int | None = None


class OrderbookSnapshot(msgspec.Struct, frozen=True, gc=False, tag="orderbook_snapshot"):
    """The book of a market; `id` only if it answers get_snapshot."""

    sid: Sid
    seq: SeqNumber
    msg: SnapshotMsg
    id: int | None = None
    sending_ts_ms: int | None = None


class OrderbookDelta(msgspec.Struct, frozen=True, gc=False, tag="orderbook_delta"):
    """A change of the book of a market."""

    sid: Sid
    seq: SeqNumber
    msg: DeltaMsg
    sending_ts_ms: int | None = None


class Ticker(msgspec.Struct, frozen=True, gc=False, tag="ticker"):
    """Never carries a sequence number."""

    sid: Sid
    msg: TickerMsg
    sending_ts_ms: int | None = None


class Trade(msgspec.Struct, frozen=True, gc=False, tag="trade"):
    """Carries a sequence number of its own sid."""

    sid: Sid
    msg: TradeMsg
    seq: SeqNumber | None = None
    sending_ts_ms: int | None = None


class MarketLifecycle(msgspec.Struct, frozen=True, gc=False, tag="market_lifecycle_v2"):
    """Something happened to a market."""

    sid: Sid
    msg: LifecycleMsg
    seq: SeqNumber | None = None
    sending_ts_ms: int | None = None


class EventLifecycle(msgspec.Struct, frozen=True, gc=False, tag="event_lifecycle"):
    """An event was created or described anew; comes on the lifecycle channel."""

    sid: Sid
    msg: EventMsg
    seq: SeqNumber | None = None
    sending_ts_ms: int | None = None


class EventFeeUpdate(msgspec.Struct, frozen=True, gc=False, tag="event_fee_update"):
    """The fees of an event changed; comes on the lifecycle channel."""

    sid: Sid
    msg: FeeMsg
    seq: SeqNumber | None = None
    sending_ts_ms: int | None = None


class Fill(msgspec.Struct, frozen=True, gc=False, tag="fill"):
    """One of our orders traded; as all messages of the account, never with a sequence number."""

    sid: Sid
    msg: FillMsg
    sending_ts_ms: int | None = None


class UserOrder(msgspec.Struct, frozen=True, gc=False, tag="user_order"):
    """One of our orders changed; comes on the channel `user_orders`."""

    sid: Sid
    msg: UserOrderMsg
    sending_ts_ms: int | None = None


class MarketPosition(msgspec.Struct, frozen=True, gc=False, tag="market_position"):
    """What we hold of a market changed; comes on the channel `market_positions`."""

    sid: Sid
    msg: MarketPositionMsg
    sending_ts_ms: int | None = None


#: Messages that nobody but their account may see.
AccountFrame: TypeAlias = Fill | UserOrder | MarketPosition
Frame: TypeAlias = (
    Subscribed
    | Unsubscribed
    | Ok
    | Error
    | OrderbookSnapshot
    | OrderbookDelta
    | Ticker
    | Trade
    | MarketLifecycle
    | EventLifecycle
    | EventFeeUpdate
    | AccountFrame
)


class _Envelope(msgspec.Struct):
    type: str
    sid: int | None = None
    seq: int | None = None


_FRAME: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame)
_ENVELOPE = msgspec.json.Decoder(_Envelope)
_TYPES = frozenset(str(frame.__struct_config__.tag) for frame in get_args(Frame))
#: The types of messages that nobody but their account may see.
ACCOUNT_TYPES = frozenset(str(frame.__struct_config__.tag) for frame in get_args(AccountFrame))


def decode(frame: bytes | str) -> Frame:
    """Return a frame the exchange sent; raises Malformed."""
    try:
        return _FRAME.decode(frame)
    except UNREADABLE as error:
        raise _malformed(frame, error) from error


def _malformed(frame: bytes | str, error: Exception) -> Malformed:
    try:
        envelope = _ENVELOPE.decode(frame)
    except msgspec.ValidationError:
        return Malformed("invalid", str(error))
    except UNREADABLE as unreadable:
        return Malformed("not_json", str(unreadable))
    if envelope.type not in _TYPES:
        return Malformed("unknown_type", envelope.type, kind=envelope.type, sid=envelope.sid, seq=envelope.seq)
    return Malformed("invalid", str(error), kind=envelope.type, sid=envelope.sid, seq=envelope.seq)
