"""What clients ask: commands read leniently, so that each mistake gets its own error code."""

from typing import Annotated, NamedTuple

import msgspec

from proto.reading import UNREADABLE
from services.simulator.errors import CommandRefused
from shared.market.clock import Now

ERRORS = {
    1: "Unable to process message",
    2: "Params required",
    3: "Channels required",
    4: "Subscription IDs required",
    5: "Unknown command",
    7: "Unknown subscription ID",
    8: "Unknown channel name",
    9: "Authentication required",
    10: "Channel error",
    11: "Invalid parameter",
    12: "Exactly one subscription ID is required",
    13: "Unsupported action",
    14: "Market Ticker required",
    15: "Action required",
    18: "Command timeout",
    19: "shard_factor must be > 0",
    20: "shard_factor is required when shard_key is set",
    21: "shard_key must be >= 0 and < shard_factor",
    22: "shard_factor must be <= 100",
    23: "Match IDs required",
    24: "Index IDs required",
    25: "Subscription buffer overflow",
    26: "Subscription market limit exceeded",
    27: "Too many requests",
    28: "Underlying tickers required",
}
_MAX_SHARDS = 100

_Ticker = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Params(msgspec.Struct, frozen=True):
    """The parameters of all commands together."""

    channels: list[str] | None = None
    market_ticker: _Ticker | None = None
    market_tickers: list[_Ticker] | None = None
    market_id: str | None = None
    market_ids: list[str] | None = None
    action: str | None = None
    sid: int | None = None
    sids: list[int] | None = None
    send_initial_snapshot: bool = False
    skip_ticker_ack: bool = False
    use_yes_price: bool | None = None
    user_filter: str = ""
    shard_factor: int | None = None
    shard_key: int | None = None
    index_ids: list[str] | None = None
    underlying_tickers: list[str] | None = None

    def tickers(self) -> list[str] | None:
        """Return the markets named by ticker, None if none were; raises CommandRefused if named in two ways."""
        if self.market_ticker is None:
            return self.market_tickers
        if self.market_tickers is not None:
            raise CommandRefused(11)
        return [self.market_ticker]

    def ids(self) -> list[str] | None:
        """Return the markets named by id, None if none were; raises CommandRefused if named in two ways."""
        if self.market_id is None:
            named = self.market_ids
        elif self.market_ids is not None:
            raise CommandRefused(11)
        else:
            named = [self.market_id]
        if named is not None and self.tickers() is not None:
            raise CommandRefused(11)
        return named

    def the_sid(self) -> int:
        """Return the one subscription an update is for; raises CommandRefused unless it is exactly one."""
        sids = [] if self.sid is None else [self.sid]
        sids += self.sids or ()
        if len(sids) != 1:
            raise CommandRefused(12)
        return sids[0]

    def shard(self) -> tuple[int, int]:
        """Return into how many shards communications are split and which is wanted; raises CommandRefused."""
        if self.user_filter not in {"", "self"}:
            raise CommandRefused(11)
        if self.shard_factor is None:
            if self.shard_key is not None:
                raise CommandRefused(20)
            return 1, 0
        if self.shard_factor <= 0:
            raise CommandRefused(19)
        if self.shard_factor > _MAX_SHARDS:
            raise CommandRefused(22)
        key = self.shard_key or 0
        if not 0 <= key < self.shard_factor:
            raise CommandRefused(21)
        return self.shard_factor, key


class Command(msgspec.Struct, frozen=True):
    """The envelope of a command; id 0 means that it has none."""

    id: Annotated[int, msgspec.Meta(ge=0)] = 0
    cmd: str = ""
    params: msgspec.Raw = msgspec.Raw(b"null")

    def read_params(self) -> Params:
        """Return the parameters; raises CommandRefused."""
        if bytes(self.params) == b"null":
            raise CommandRefused(2)
        try:
            return _PARAMS.decode(self.params)
        except UNREADABLE as error:
            raise CommandRefused(11) from error


class Request(NamedTuple):
    """A command that was read, and when."""

    id: int
    params: Params
    now: Now


def read(text: str | bytes) -> Command:
    """Return the command in a client's message; raises CommandRefused."""
    if isinstance(text, bytes):  # commands are text frames
        raise CommandRefused(1)
    try:
        return _COMMAND.decode(text)
    except UNREADABLE as error:
        raise CommandRefused(1) from error


_COMMAND = msgspec.json.Decoder(Command)
_PARAMS = msgspec.json.Decoder(Params)
