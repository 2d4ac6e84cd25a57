"""What clients ask: commands read leniently, so that each mistake gets its own error code."""

from typing import Annotated

import msgspec

from proto.reading import UNREADABLE
from services.simulator.errors import CommandRefused

ERRORS = {
    1: "Unable to process message",
    2: "Params required",
    3: "Channels required",
    4: "Subscription IDs required",
    5: "Unknown command",
    7: "Unknown subscription ID",
    8: "Unknown channel name",
    11: "Invalid parameter",
    12: "Exactly one subscription ID is required",
    13: "Unsupported action",
    14: "Market Ticker required",
    15: "Action required",
}

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
    use_yes_price: bool = False

    def tickers(self) -> list[str] | None:
        """Return the markets, None if none were named; raises CommandRefused if they were named in two ways."""
        if self.market_id is not None or self.market_ids is not None:
            raise CommandRefused(11)  # here, markets go by ticker alone
        if self.market_ticker is None:
            return self.market_tickers
        if self.market_tickers is not None:
            raise CommandRefused(11)
        return [self.market_ticker]

    def the_sid(self) -> int:
        """Return the one subscription an update is for; raises CommandRefused unless it is exactly one."""
        sids = [] if self.sid is None else [self.sid]
        sids += self.sids or ()
        if len(sids) != 1:
            raise CommandRefused(12)
        return sids[0]


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
