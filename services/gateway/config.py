"""The gateway's settings."""

from typing import Annotated, Literal

import msgspec

from proto.units import MarketTicker

WS_PATH = "/trade-api/ws/v2"
WS_HOSTS = {
    "demo": "wss://external-api-ws.demo.kalshi.co",
    "prod": "wss://external-api-ws.kalshi.com",
}
REST_PATH = "/trade-api/v2"
REST_HOSTS = {
    "demo": "https://external-api.demo.kalshi.co",
    "prod": "https://external-api.kalshi.com",
}

SeriesPattern = Annotated[str, msgspec.Meta(pattern=r"^[^*-]+\*?$", description="a series, or its beginning and `*`")]
Channel = Literal["orderbook_delta", "ticker", "trade", "market_lifecycle_v2"]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Fields are the variables in lower case."""

    kalshi_env: Literal["sim", "demo", "prod"] = "sim"
    kalshi_ws_url: str = ""
    kalshi_rest_url: str = ""
    kalshi_key_id: str = ""
    kalshi_private_key_path: str = ""
    market_tickers: tuple[MarketTicker, ...] = ()
    series_tickers: tuple[SeriesPattern, ...] = ()
    gateway_channels: tuple[Channel, ...] = ("orderbook_delta", "ticker", "trade", "market_lifecycle_v2")
    gateway_shard: Annotated[str, msgspec.Meta(pattern=r"^\d+/[1-9]\d*$", description="i/n, i from 0")] = "0/1"
    gateway_connections: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    gateway_standby: Literal[0, 1] = 0
    gateway_private: Literal[0, 1] = 0
    sim_host: str = "127.0.0.1"
    sim_port: int = 8090
    http_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 9101

    @property
    def ws_url(self) -> str:
        """Where to connect."""
        if self.kalshi_ws_url:
            return self.kalshi_ws_url
        host = WS_HOSTS.get(self.kalshi_env, f"ws://{self.sim_host}:{self.sim_port}")
        return host + WS_PATH

    @property
    def rest_url(self) -> str:
        """Where the account is read."""
        if self.kalshi_rest_url:
            return self.kalshi_rest_url
        host = REST_HOSTS.get(self.kalshi_env, f"http://{self.sim_host}:{self.sim_port}")
        return host + REST_PATH
