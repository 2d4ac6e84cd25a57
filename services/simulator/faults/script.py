"""The fault script: JSON objects told apart by their member `fault`.

Each begins `after_s` seconds after it was posted. `session` is the number of a connection; without it all that are open
are meant. A fault that finds nobody waits for the first who comes.
"""

from difflib import get_close_matches
from typing import Annotated, ClassVar, Literal, TypeAlias, get_args

import msgspec

from proto.reading import UNREADABLE
from services.simulator.errors import BadFault
from services.simulator.feed.channels import Channel
from services.simulator.feed.habits import Habits, Milliseconds
from services.simulator.session.commands import ERRORS

Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=31_536_000)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]

#: What a close frame may carry; the others are reserved, such as 1006 for a connection that was cut.
_CLOSE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})


class _Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    after_s: Seconds = 0


class OnSession(_Fault, frozen=True, kw_only=True):
    """About connections."""

    session: Number | None = None


class OnFrames(OnSession, frozen=True, kw_only=True):
    """About frames on their way to a client.

    Without a `count` it is one frame, or all within `for_s`; 0 is all for good. It is a number per subscription.
    """

    channel: Channel = Channel.BOOK
    count: Count | None = None
    skip: Count = 0
    chance: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1
    for_s: Seconds = 0

    @property
    def limit(self) -> int | None:
        """How many frames of each subscription, None for all."""
        return _limit(self.count, self.for_s)

    @property
    def lasts(self) -> bool:
        """Whether subscriptions that are opened meanwhile are meant too."""
        return self.limit is None or self.for_s > 0


class Drop(OnFrames, frozen=True, tag="drop"):
    """Frames are lost."""


class Duplicate(OnFrames, frozen=True, tag="duplicate"):
    """Frames come twice."""


class Reorder(OnFrames, frozen=True, tag="reorder"):
    """Frames come after the one that follows them."""


class Delay(OnFrames, frozen=True, kw_only=True, tag="delay"):
    """Frames come late; those behind them wait if `in_order`, else they overtake."""

    delay_ms: Milliseconds
    in_order: bool = True


class OnSubscription(OnSession, frozen=True, kw_only=True):
    """About subscriptions to a channel."""

    channel: Channel = Channel.BOOK


class Error(OnSubscription, frozen=True, kw_only=True, tag="error"):
    """The subscription ends with an error."""

    code: int = 25

    def __post_init__(self) -> None:
        _check_code(self.code)


class Unsubscribed(OnSubscription, frozen=True, tag="unsubscribed"):
    """The subscription ends with an `unsubscribed` that nobody asked for."""


class UnknownType(OnSubscription, frozen=True, kw_only=True, tag="unknown_type"):
    """A frame of a type that nobody knows, with or without `sid` and sequence number (which needs the sid)."""

    sid: bool = True
    seq: bool = True
    count: Number = 1


class OnBook(OnSession, frozen=True, kw_only=True):
    """About the book of a market, or of the first that each subscription names."""

    channel: ClassVar = Channel.BOOK
    market_ticker: str = ""


class Snapshot(OnBook, frozen=True, kw_only=True, tag="snapshot"):
    """A book that nobody asked for, as it was so many changes of its own ago."""

    changes_old: Count = 0


class BigSnapshot(OnBook, frozen=True, kw_only=True, tag="big_snapshot"):
    """A book that nobody asked for, in a frame of so many bytes."""

    bytes: Annotated[int, msgspec.Meta(ge=1, le=32 * 2**20)] = 1_200_000


class Mute(OnSession, frozen=True, kw_only=True, tag="mute"):
    """The connection stays open and says nothing; without `pongs` it does not even answer pings, or send its own."""

    pongs: bool = True
    for_s: Seconds = 0


class Cut(OnSession, frozen=True, tag="cut"):
    """The connection ends without a close frame."""


class Close(OnSession, frozen=True, kw_only=True, tag="close"):
    """The connection ends with a close frame."""

    code: int = 1001
    reason: Annotated[str, msgspec.Meta(max_length=30)] = ""

    def __post_init__(self) -> None:
        if self.code not in _CLOSE_CODES:
            raise ValueError(f"no close frame can carry {self.code}, only 1000 to 1003, 1007 to 1014, 3000 to 4999")


class RefuseCommand(OnSession, frozen=True, kw_only=True, tag="refuse_command"):
    """The next commands are answered with an error, whatever they are."""

    code: int
    count: Number = 1

    def __post_init__(self) -> None:
        _check_code(self.code)


class _Lasting(_Fault, frozen=True, kw_only=True):
    for_s: Seconds = 0


class RefuseConnect(_Lasting, frozen=True, kw_only=True, tag="refuse_connect"):
    """Handshakes are refused: without a `count` one, or all within `for_s`; of one key if it is named.

    `code` says which of the 401s; the last two are details of `authentication_error`.
    """

    status: Literal[401, 429, 503] = 503
    code: Literal[
        "header_timestamp_expired",
        "signature_is_missing_from_headers",
        "INCORRECT_API_KEY_SIGNATURE",
        "NOT_FOUND",
    ] = "INCORRECT_API_KEY_SIGNATURE"
    key_id: str = ""
    count: Count | None = None

    @property
    def limit(self) -> int | None:
        """How many handshakes, None for all."""
        return _limit(self.count, self.for_s)


class Pause(_Lasting, frozen=True, kw_only=True, tag="pause"):
    """The weekly maintenance: no trading, all connections cut, new ones refused; with `outage` REST is away too."""

    outage: bool = False


class AnyHabits(_Lasting, frozen=True, kw_only=True, tag="habits"):
    """Other habits towards all, for good unless `for_s`."""

    set: dict[str, bool | int]

    def __post_init__(self) -> None:
        msgspec.convert(self.set, Habits)


class SlowAck(_Lasting, frozen=True, kw_only=True, tag="slow_ack"):
    """Every command waits."""

    delay_ms: Milliseconds


class DataBeforeAck(_Lasting, frozen=True, kw_only=True, tag="data_before_ack"):
    """Acknowledgements wait, data does not."""

    delay_ms: Milliseconds


class _Switch(_Lasting, frozen=True, kw_only=True):
    on: bool = True


class LegacyTwins(_Switch, frozen=True, tag="legacy_twins"):
    """Integer cents and contracts stand beside the strings."""


class YesPriceDefault(_Switch, frozen=True, tag="yes_price_default"):
    """Who does not say `use_yes_price` gets it."""


class UnknownMembers(_Switch, frozen=True, tag="unknown_members"):
    """Messages have members that nobody knows."""


Frames: TypeAlias = Drop | Duplicate | Reorder | Delay
SessionStrike: TypeAlias = Cut | Close | RefuseCommand
SubscriptionStrike: TypeAlias = Error | Unsubscribed | UnknownType | Snapshot | BigSnapshot
Strike: TypeAlias = SessionStrike | SubscriptionStrike
Behaviour: TypeAlias = AnyHabits | SlowAck | DataBeforeAck | LegacyTwins | YesPriceDefault | UnknownMembers
Fault: TypeAlias = Frames | Strike | Behaviour | Mute | RefuseConnect | Pause
#: All faults by name.
FAULTS = {str(kind.__struct_config__.tag): kind for kind in get_args(Fault)}


def read(body: bytes) -> list[Fault]:
    """Return the faults of a script, which is one object or a list of them; raises BadFault."""
    try:
        script = msgspec.json.decode(body)
    except UNREADABLE as error:
        problem = f'This is no JSON ({error}): write an object such as {{"fault":"drop","count":3}}, or a list of them.'
        raise BadFault(problem) from error
    return [_read(item) for item in (script if isinstance(script, list) else [script])]


def _read(item: object) -> Fault:
    name = item.get("fault") if isinstance(item, dict) else None
    kind = FAULTS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise BadFault(_unknown(name))
    try:
        fault: Fault = msgspec.convert(item, kind)
    except msgspec.ValidationError as error:
        members = ", ".join(kind.__struct_fields__)
        raise BadFault(f"The fault {name} can not be done ({error}). It takes {members}.") from error
    return fault


def _unknown(name: object) -> str:
    if not isinstance(name, str):
        return 'A fault is an object with its name, such as {"fault":"drop","count":3}.'
    near = get_close_matches(name, FAULTS, 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"There is no fault {name!r}.{hint} There are {', '.join(FAULTS)}."


def _limit(count: int | None, for_s: float) -> int | None:
    if count is None:
        return None if for_s else 1
    return count or None


def _check_code(code: int) -> None:
    if code not in ERRORS:
        raise ValueError(f"the exchange has no error {code}, only {', '.join(map(str, ERRORS))}")
