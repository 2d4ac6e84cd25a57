"""Holds what the simulator says to the exchange's own AsyncAPI document."""

import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from jsonschema import Draft202012Validator, FormatChecker

_FILE = Path(__file__).parent / "data/kalshi-spec/asyncapi.yaml"
_DOLLARS = r"^-?\d+\.\d{4,6}$"
_CONTRACTS = r"^-?\d+\.\d{2}$"
#: Channels of the document on which nothing is JSON.
_FRAMES_OF_CONTROL = "control_frames"

FORMATS = FormatChecker(formats=())


class WrongFrame(AssertionError):
    """A frame is not what the document says."""

    def __init__(self, frame: dict[str, Any], problem: str) -> None:
        super().__init__(frame, problem)
        self.frame = frame
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.problem}, in {self.frame}"


@cache
def document() -> dict[str, Any]:
    """Return the document."""
    loaded: dict[str, Any] = yaml.safe_load(_FILE.read_text("utf-8"))
    return loaded


@cache
def messages() -> tuple[str, ...]:
    """Return the names of all messages that the server sends."""
    named = {
        name
        for channel, facts in document()["channels"].items()
        if channel != _FRAMES_OF_CONTROL
        for name in facts["messages"]
        if not name.endswith("Command")
    }
    return tuple(sorted(named))


def check(frame: dict[str, Any], *, strict: bool = True) -> str:
    """Return the name of the message that a frame is; raises WrongFrame.

    If `strict`, members that the document does not know and numbers in another width than the exchange's are wrong.
    """
    name = _name(frame)
    problems = sorted(_validator(name, strict).iter_errors(frame), key=lambda error: list(map(str, error.path)))
    if problems:
        where = "/".join(map(str, problems[0].absolute_path)) or "the frame"
        raise WrongFrame(frame, f"{name}: {where}: {problems[0].message}")
    return name


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the document's own examples of what the server sends, each with the name of its message."""
    for name in messages():
        for example in document()["components"]["messages"][name].get("examples", ()):
            yield name, example["payload"]


def _name(frame: dict[str, Any]) -> str:
    kind, msg = frame.get("type"), frame.get("msg")
    match kind, msg:
        case "ok", list():
            return "listSubscriptionsResponse"
        case "ok", {"index_ids": _}:
            return "subscribedIndicesResponse"
        case "ok", {"underlying_tickers": _}:
            return "subscribedUnderlyingsResponse"
        case "ok", _:
            return "okResponse"
        case "market_lifecycle_v2", {"event_type": "metadata_updated"}:
            return "marketMetadataUpdated"
    name = _names_by_type().get(str(kind))
    if name is None:
        raise WrongFrame(frame, f"the document knows no message of type {kind!r}")
    return name


@cache
def _names_by_type() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in messages():
        kind = _schema(name)["properties"]["type"]["const"]
        found.setdefault(kind, name)
    # Told apart from its twin by its content alone.
    return found | {"market_lifecycle_v2": "marketLifecycleV2"}


def _schema(name: str) -> dict[str, Any]:
    reference: str = document()["components"]["messages"][name]["payload"]["$ref"]
    schema: dict[str, Any] = document()["components"]["schemas"][reference.rpartition("/")[2]]
    return schema


@cache
def _validator(name: str, strict: bool) -> Draft202012Validator:
    schemas = deepcopy(document()["components"]["schemas"])
    # The published pattern forbids the dot that tickers have.
    schemas["marketTicker"] = {"type": "string", "minLength": 1}
    snapshot = schemas["orderbookSnapshotPayload"]["properties"]["msg"]["properties"]
    # The book of a market that does not exist is told with an empty id.
    snapshot["market_id"] = {"anyOf": [{"const": ""}, snapshot["market_id"]]}
    if strict:
        for side in ("yes_dollars_fp", "no_dollars_fp"):
            # An empty side is a missing key.
            snapshot[side] = {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "array",
                    "prefixItems": [{"type": "string", "pattern": _DOLLARS}, {"type": "string", "pattern": _CONTRACTS}],
                    "minItems": 2,
                    "maxItems": 2,
                },
            }
        for named, schema in schemas.items():
            if named.endswith("Payload"):
                # Came after this edition of the document.
                schema["properties"]["sending_ts_ms"] = {"type": "integer", "minimum": 1}
            _tighten(schema)
    payload = document()["components"]["messages"][name]["payload"]
    root = {"components": {"schemas": schemas}, "allOf": [payload]}
    return Draft202012Validator(root, format_checker=FORMATS)


def _tighten(schema: dict[str, Any]) -> None:
    known = schema.get("properties")
    if known is not None:
        schema["additionalProperties"] = False
        for member, of in known.items():
            if of.get("type") == "string" and member.endswith("_dollars"):
                of["pattern"] = _DOLLARS
            elif of.get("type") == "string" and member.endswith("_fp"):
                of["pattern"] = _CONTRACTS
            _tighten(of)
    if isinstance(schema.get("items"), dict):
        _tighten(schema["items"])


@FORMATS.checks("uuid", raises=ValueError)
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or str(UUID(value)) == value


@FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    datetime.fromisoformat(value)
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value) is not None
