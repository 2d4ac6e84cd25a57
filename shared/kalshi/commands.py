"""Commands as a client sends them, in text frames."""

from typing import TypeAlias

import msgspec


class SubscribeParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Channels and what of them; give `use_yes_price` always, as the server's default will change."""

    channels: list[str]
    market_ticker: str | None = None
    market_tickers: list[str] | None = None
    market_id: str | None = None
    market_ids: list[str] | None = None
    send_initial_snapshot: bool | None = None
    skip_ticker_ack: bool | None = None
    use_yes_price: bool | None = None
    user_filter: str | None = None
    shard_factor: int | None = None
    shard_key: int | None = None
    index_ids: list[str] | None = None
    underlying_tickers: list[str] | None = None


class UnsubscribeParams(msgspec.Struct, frozen=True):
    """Subscriptions to end."""

    sids: list[int]


class UpdateParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """A change of one subscription, given as `sid` or as `sids` of length one."""

    action: str
    sid: int | None = None
    sids: list[int] | None = None
    market_ticker: str | None = None
    market_tickers: list[str] | None = None
    market_id: str | None = None
    market_ids: list[str] | None = None
    send_initial_snapshot: bool | None = None
    index_ids: list[str] | None = None
    underlying_tickers: list[str] | None = None


class Subscribe(msgspec.Struct, frozen=True, tag_field="cmd", tag="subscribe"):
    """Open channels, or add markets to open ones. Command ids start at 1: the server reads 0 as no id."""

    id: int
    params: SubscribeParams


class Unsubscribe(msgspec.Struct, frozen=True, tag_field="cmd", tag="unsubscribe"):
    """End subscriptions."""

    id: int
    params: UnsubscribeParams


class UpdateSubscription(msgspec.Struct, frozen=True, tag_field="cmd", tag="update_subscription"):
    """Add markets, delete markets, or ask for snapshots."""

    id: int
    params: UpdateParams


class ListSubscriptions(msgspec.Struct, frozen=True, tag_field="cmd", tag="list_subscriptions"):
    """Ask which channels are open; the reply names no tickers."""

    id: int


Command: TypeAlias = Subscribe | Unsubscribe | UpdateSubscription | ListSubscriptions

_encoder = msgspec.json.Encoder()


def encode(command: Command) -> bytes:
    """Return the text frame of a command."""
    return _encoder.encode(command)
