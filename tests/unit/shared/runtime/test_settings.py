"""Reading the environment into structs."""

from typing import Annotated, Literal

import msgspec
import pytest

from shared.runtime.errors import SettingsError
from shared.runtime.settings import Runtime, load


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Some settings of the kinds that there are."""

    kalshi_env: Literal["sim", "demo", "prod"] = "sim"
    market_tickers: tuple[str, ...] = ()
    gateway_channels: tuple[Literal["ticker", "trade"], ...] = ("ticker",)
    http_port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 9101
    nats_url: str = "nats://127.0.0.1:4222"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def _problems(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(Config, environ)
    return caught.value.problems


def test_nothing_set_means_defaults() -> None:
    """An empty environment gives every default."""
    assert load(Config, {}) == (Config(), Runtime())


def test_values_are_read() -> None:
    """Numbers, comma lists and texts arrive in the struct's types; what is not ours is left alone."""
    environ = {"HTTP_PORT": "9200", "MARKET_TICKERS": " A-1, B-2 ,", "NATS_URL": "nats://bus:1", "PATH": "/bin"}
    config, runtime = load(Config, environ)
    assert config == Config(http_port=9200, market_tickers=("A-1", "B-2"), nats_url="nats://bus:1")
    assert runtime == Runtime(nats_url="nats://bus:1")


@pytest.mark.parametrize("empty", ["", "  "])
def test_empty_counts_as_unset(empty: str) -> None:
    """A variable that is there but empty leaves the default."""
    assert load(Config, {"KALSHI_ENV": empty, "HTTP_PORT": empty, "MARKET_TICKERS": empty})[0] == Config()


def test_all_problems_are_told_at_once() -> None:
    """One error names every bad variable, the service's and everybody's, and its text holds all sentences."""
    environ = {"KALSHI_ENV": "moon", "HTTP_PORT": "0", "LOG_FORMAT": "xml", "GATEWAY_CHANNEL": "ticker"}
    with pytest.raises(SettingsError) as caught:
        load(Config, environ)
    assert len(caught.value.problems) == 4
    assert all(name in str(caught.value) for name in environ)


def test_problem_of_both_structs_is_told_once() -> None:
    """A variable that the service reads as well as everybody is named in one sentence."""
    (problem,) = _problems({"LOG_LEVEL": "loud"})
    assert problem.startswith("LOG_LEVEL='loud' can not be used")


@pytest.mark.parametrize(
    ("name", "choices"), [("KALSHI_ENV", "sim, demo, prod"), ("GATEWAY_CHANNELS", "ticker, trade")]
)
def test_choices_are_told(name: str, choices: str) -> None:
    """Where only some words are allowed, the problem lists them."""
    (problem,) = _problems({name: "moon"})
    assert problem == f"{name}='moon' can not be used: it can be {choices}."


def test_unknown_name_gets_a_hint() -> None:
    """A misspelt name with one of our prefixes is a problem that tells the right one."""
    (problem,) = _problems({"MARKET_TICKER": "A-1"})
    assert problem == "MARKET_TICKER is no setting: did you mean MARKET_TICKERS?"


def test_unknown_name_without_likeness() -> None:
    """A name with our prefix that resembles nothing points to the list of settings."""
    (problem,) = _problems({"SIM_XYZZY": "1"})
    assert ".env.example" in problem


def test_proxy_is_not_ours() -> None:
    """A variable that everybody uses is no problem, though its prefix is ours."""
    assert load(Config, {"HTTP_PROXY": "http://proxy:1"})[0] == Config()
