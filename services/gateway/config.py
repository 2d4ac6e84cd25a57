"""The gateway's settings."""

from typing import Annotated, Literal

import msgspec

from proto.units import MarketTicker

WS_PATH = "/trade-api/ws/v2"
WS_HOSTS = {
    "demo": "wss://external-api-ws.demo.kalshi.co",
    "prod": "wss://external-api-ws.kalshi.com",
}

Channel = Literal["orderbook_delta", "ticker", "trade", "market_lifecycle_v2"]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Fields are the variables in lower case; shards and the private feed are not offered yet."""

    kalshi_env: Literal["sim", "demo", "prod"] = "sim"
    kalshi_ws_url: str = ""
    kalshi_key_id: str = ""
    kalshi_private_key_path: str = ""
    market_tickers: tuple[MarketTicker, ...] = ()
    gateway_channels: tuple[Channel, ...] = ("orderbook_delta", "ticker", "trade", "market_lifecycle_v2")
    gateway_shard: Literal["0/1"] = "0/1"
    gateway_connections: Literal[1] = 1
    gateway_standby: Literal[0, 1] = 0
    gateway_private: Literal[0] = 0
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
