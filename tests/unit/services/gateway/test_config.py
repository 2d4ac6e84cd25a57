"""Where the gateway connects."""

import pytest

from services.gateway.config import Config


@pytest.mark.parametrize(
    ("config", "url"),
    [
        (Config(), "ws://127.0.0.1:8090/trade-api/ws/v2"),
        (Config(sim_host="127.0.0.2", sim_port=8091), "ws://127.0.0.2:8091/trade-api/ws/v2"),
        (Config(kalshi_env="demo"), "wss://external-api-ws.demo.kalshi.co/trade-api/ws/v2"),
        (Config(kalshi_env="prod"), "wss://external-api-ws.kalshi.com/trade-api/ws/v2"),
        (Config(kalshi_env="prod", kalshi_ws_url="wss://elsewhere/ws"), "wss://elsewhere/ws"),
    ],
)
def test_address(config: Config, url: str) -> None:
    """The address follows from the environment, unless one is given."""
    assert config.ws_url == url


@pytest.mark.parametrize(
    ("config", "url"),
    [
        (Config(sim_port=8091), "http://127.0.0.1:8091/trade-api/v2"),
        (Config(kalshi_env="demo"), "https://external-api.demo.kalshi.co/trade-api/v2"),
        (Config(kalshi_env="prod"), "https://external-api.kalshi.com/trade-api/v2"),
        (Config(kalshi_env="prod", kalshi_rest_url="https://elsewhere/v2"), "https://elsewhere/v2"),
    ],
)
def test_address_of_rest(config: Config, url: str) -> None:
    """It follows from the environment, too."""
    assert config.rest_url == url
