"""Settings come from the environment, are read once and end in frozen structs.

A field `nats_url` is the variable NATS_URL; a field of type tuple is a comma list; an empty variable counts as unset.
All problems are reported at once. A variable that has one of our prefixes but is no setting of ours is a problem too:
it is a typo that would otherwise be ignored.
"""

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import msgspec

from shared.runtime.errors import SettingsError

PREFIXES = (
    "KALSHI_", "MARKET_", "SERIES_", "GATEWAY_", "NATS_", "BUS_", "HTTP_", "RELAY_", "TICKER_", "SIM_", "LOG_",
)  # fmt: skip

#: Every setting of every service; a test compares it with the config structs and with .env.example.
NAMES = frozenset(
    {
        *("KALSHI_ENV", "KALSHI_WS_URL", "KALSHI_REST_URL", "KALSHI_KEY_ID", "KALSHI_PRIVATE_KEY_PATH"),
        *("MARKET_TICKERS", "SERIES_TICKERS", "MARKET_STATUS_FILTER"),
        *("GATEWAY_CHANNELS", "GATEWAY_CONNECTIONS", "GATEWAY_PRIVATE", "GATEWAY_SHARD", "GATEWAY_STANDBY"),
        *("NATS_URL", "NATS_CREDS", "BUS_PREFIX"),
        *("HTTP_HOST", "HTTP_PORT"),
        *("RELAY_HOST", "RELAY_PORT", "RELAY_AUTH"),
        *("TICKER_INTERVAL",),
        *("SIM_HOST", "SIM_PORT", "SIM_MARKETS", "SIM_RATE", "SIM_SEED", "SIM_COMBOS", "SIM_ROUND"),
        *("SIM_CAPTURE", "SIM_SPEED", "SIM_LOOP", "SIM_FAULTS", "SIM_CONNECTIONS", "SIM_TIER"),
        *("LOG_LEVEL", "LOG_FORMAT"),
    }
)

#: Settings of the design that this version does not offer.
PLANNED = frozenset(
    {
        *("RELAY_KEYS_PATH", "RELAY_JWT_SECRET", "RELAY_JWT_JWKS"),
    }
)

#: Variables that carry one of our prefixes but belong to everybody.
_FOREIGN = frozenset({"HTTP_PROXY"})

Config = TypeVar("Config", bound=msgspec.Struct)


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """What every service needs to know of its surroundings."""

    nats_url: str = "nats://127.0.0.1:4222"
    nats_creds: str = ""
    bus_prefix: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]+$")] = "kalshi"
    http_host: str = "127.0.0.1"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "text", ""] = ""


def load(config_type: type[Config], environ: Mapping[str, str]) -> tuple[Config, Runtime]:
    """Return a service's settings and everybody's; raises SettingsError that names every bad variable."""
    values, bad = _values(config_type, environ)
    runtime_values, runtime_bad = _values(Runtime, environ)
    problems = [*_unknown(environ), *dict.fromkeys(bad + runtime_bad)]
    if problems:
        raise SettingsError(problems)
    return config_type(**values), Runtime(**runtime_values)


def _values(config_type: type[msgspec.Struct], environ: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in msgspec.structs.fields(config_type):
        name = field.name.upper()
        text = environ.get(name, "").strip()
        if not text:
            continue
        raw = _items(text) if get_origin(field.type) is tuple else text
        try:
            values[field.name] = msgspec.convert(raw, field.type, strict=False)
        except msgspec.ValidationError as error:
            choices = _choices(field.type)
            reason = f"it can be {', '.join(choices)}" if choices else str(error)
            problems.append(f"{name}={text!r} can not be used: {reason}.")
    return values, problems


def _choices(field_type: Any) -> list[str]:
    if get_origin(field_type) is tuple:
        return _choices(get_args(field_type)[0])
    return [str(choice) for choice in get_args(field_type) if choice != ""] if get_origin(field_type) is Literal else []


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _unknown(environ: Mapping[str, str]) -> list[str]:
    problems = []
    for name in sorted(environ):
        if name.startswith(PREFIXES) and name not in NAMES and name not in _FOREIGN:
            if name in PLANNED:
                problems.append(f"{name} is not offered yet: remove it.")
                continue
            close = difflib.get_close_matches(name, NAMES, n=1)
            hint = f"did you mean {close[0]}?" if close else "remove it, or see .env.example for what there is."
            problems.append(f"{name} is no setting: {hint}")
    return problems
