"""Where the catalog asks, and what it takes for a series."""

import pytest

from services.catalog.config import Config
from shared.runtime.errors import SettingsError
from shared.runtime.settings import load


@pytest.mark.parametrize(
    ("config", "url"),
    [
        (Config(), "http://127.0.0.1:8090/trade-api/v2"),
        (Config(kalshi_env="demo"), "https://external-api.demo.kalshi.co/trade-api/v2"),
        (Config(kalshi_env="prod"), "https://external-api.kalshi.com/trade-api/v2"),
        (Config(kalshi_rest_url="http://there/v2/"), "http://there/v2"),
        (Config(kalshi_ws_url="ws://127.0.0.1:1/trade-api/ws/v2"), "http://127.0.0.1:1/trade-api/v2"),
        (
            Config(kalshi_env="prod", kalshi_ws_url="wss://external-api-ws.kalshi.com/trade-api/ws/v2"),
            "https://external-api.kalshi.com/trade-api/v2",
        ),
    ],
)
def test_where_the_api_is(config: Config, url: str) -> None:
    """The address is set, or beside the WebSocket's, or that of the environment."""
    assert config.rest_url == url


def test_series_are_read() -> None:
    """A comma list of names and beginnings."""
    config, _ = load(Config, {"SERIES_TICKERS": "KXNBA*, KXBTC15M", "MARKET_STATUS_FILTER": "open,paused"})
    assert config.series_tickers == ("KXNBA*", "KXBTC15M")
    assert config.market_status_filter == ("open", "paused")


@pytest.mark.parametrize(
    "wrong", [{"SERIES_TICKERS": "KX*A"}, {"SERIES_TICKERS": "*"}, {"MARKET_STATUS_FILTER": "all"}]
)
def test_what_is_no_choice(wrong: dict[str, str]) -> None:
    """A star in the middle, a star alone and an unknown status are named as wrong."""
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        load(Config, wrong)
