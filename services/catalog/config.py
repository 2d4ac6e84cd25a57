"""The catalog's settings."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from proto.units import MarketTicker

API = "/trade-api/v2"
REST_HOSTS = {
    "demo": "https://external-api.demo.kalshi.co",
    "prod": "https://external-api.kalshi.com",
}

SeriesPattern = Annotated[str, msgspec.Meta(pattern=r"^[^*-]+\*?$", description="a series, or its beginning and `*`")]
StatusWord = Literal["unopened", "open", "paused", "closed", "settled"]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Fields are the variables in lower case; `market_status_filter` speaks the language of the exchange's lists."""

    kalshi_env: Literal["sim", "demo", "prod"] = "sim"
    kalshi_ws_url: str = ""
    kalshi_rest_url: str = ""
    kalshi_key_id: str = ""
    kalshi_private_key_path: str = ""
    market_tickers: tuple[MarketTicker, ...] = ()
    series_tickers: tuple[SeriesPattern, ...] = ()
    market_status_filter: tuple[StatusWord, ...] = ("open",)
    sim_host: str = "127.0.0.1"
    sim_port: int = 8090
    http_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 9102

    @property
    def rest_url(self) -> str:
        """Where the API is, without a slash at the end; beside the WebSocket if only that was moved."""
        if self.kalshi_rest_url:
            return self.kalshi_rest_url.rstrip("/")
        if self.kalshi_ws_url:
            scheme, host = urlsplit(self.kalshi_ws_url)[:2]
            return f"{scheme.replace('ws', 'http', 1)}://{host.replace('external-api-ws.', 'external-api.')}{API}"
        return REST_HOSTS.get(self.kalshi_env, f"http://{self.sim_host}:{self.sim_port}") + API
