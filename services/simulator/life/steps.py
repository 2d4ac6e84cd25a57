"""What an operator can ask of the lives of markets: one JSON object each, told apart by its `action`."""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from proto.reading import UNREADABLE
from services.simulator.errors import BadStep

_WEEK_S = 7 * 24 * 3600
_LONGEST_S = 10 * 365 * 24 * 3600

_Ticker = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Text = Annotated[str, msgspec.Meta(max_length=1000)]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=_LONGEST_S)]


class _Step(msgspec.Struct, frozen=True, kw_only=True, tag_field="action", forbid_unknown_fields=True):
    ticker: _Ticker


class Create(_Step, frozen=True, kw_only=True, tag="create"):
    """List a market, and its event unless that is listed already; by default it opens at once."""

    event_ticker: _Ticker | None = None
    title: _Text = ""
    yes_sub_title: _Text = ""
    no_sub_title: _Text = ""
    rules_primary: _Text = ""
    mutually_exclusive: bool = False
    open_in_s: _Seconds = 0.0
    close_in_s: _Seconds = 600.0
    settlement_timer_seconds: Annotated[int, msgspec.Meta(ge=0, le=_WEEK_S)] = 5
    price_level_structure: str = "linear_cent"
    exchange_index: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0


class Deactivate(_Step, frozen=True, kw_only=True, tag="deactivate"):
    """Pause trading."""


class Activate(_Step, frozen=True, kw_only=True, tag="activate"):
    """Let paused trading go on."""


class MoveClose(_Step, frozen=True, kw_only=True, tag="close_date_updated"):
    """Let trading end at another time."""

    close_in_s: _Seconds


class Determine(_Step, frozen=True, kw_only=True, tag="determine"):
    """Decide a market; one that is open is closed first, and without a result its price decides."""

    result: Literal["", "yes", "no", "scalar"] = ""
    settlement_value: Annotated[str, msgspec.Meta(pattern=r"^(0?\.[0-9]{1,4}|0|1|1\.0{1,4})$")] | None = None


class Settle(_Step, frozen=True, kw_only=True, tag="settle"):
    """Pay a market out; one that is not determined is first."""


class Refine(_Step, frozen=True, kw_only=True, tag="price_level_structure_updated"):
    """Allow more prices; by default the next finer structure's."""

    price_level_structure: str = ""


class Describe(_Step, frozen=True, kw_only=True, tag="metadata_updated"):
    """Change what a market's listing says."""

    strike_type: str | msgspec.UnsetType = msgspec.UNSET
    floor_strike: float | msgspec.UnsetType = msgspec.UNSET
    cap_strike: float | msgspec.UnsetType = msgspec.UNSET
    custom_strike: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    yes_sub_title: _Text | msgspec.UnsetType = msgspec.UNSET

    def members(self) -> dict[str, Any]:
        """Return what is to be changed."""
        named = {member: getattr(self, member) for member in self.__struct_fields__ if member != "ticker"}
        return {member: value for member, value in named.items() if value is not msgspec.UNSET}


class Other(_Step, frozen=True, kw_only=True, tag="other"):
    """Tell of a step that nobody knows, as the exchange does when it has thought of a new one."""

    event_type: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    members: dict[str, Any] = {}


class Fees(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="action",
    tag="event_fee_update",
    forbid_unknown_fields=True,
):
    """Tell of other fees for an event; null ends them."""

    event_ticker: _Ticker
    fee_type_override: (
        Literal[
            "quadratic",
            "quadratic_with_maker_fees",
            "quadratic_with_combo_maker_fees",
            "flat",
            "margin_market_maker_program_fees",
        ]
        | None
    ) = None
    fee_multiplier_override: float | None = None


Change: TypeAlias = Deactivate | Activate | MoveClose | Determine | Settle | Refine | Describe | Other
_DECODER: msgspec.json.Decoder[Create | Fees | Change] = msgspec.json.Decoder(Create | Fees | Change)


def read(body: bytes) -> Create | Fees | Change:
    """Return what a body asks for; raises BadStep."""
    try:
        return _DECODER.decode(body)
    except UNREADABLE as error:
        actions = "create, deactivate, activate, close_date_updated, determine, settle, price_level_structure_updated"
        problem = f"The body was not understood: {error}. It is one JSON object with an `action` ({actions}, "
        raise BadStep(f"{problem}metadata_updated, event_fee_update, other) and a `ticker`.") from error
