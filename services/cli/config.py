"""The settings that decide what `up` starts and where; each service reads and checks its own."""

from typing import Annotated, Literal

import msgspec

Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Fields are the variables in lower case; `http_port` is the first of a row of ports under `up`."""

    kalshi_env: Literal["sim", "demo", "prod", ""] = ""
    kalshi_ws_url: str = ""
    kalshi_key_id: str = ""
    kalshi_private_key_path: str = ""
    market_tickers: tuple[str, ...] = ()
    series_tickers: tuple[str, ...] = ()
    nats_url: str = "nats://127.0.0.1:4222"
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, msgspec.Meta(ge=1, le=65_500)] = 9101
    relay_host: str = "127.0.0.1"
    relay_port: Port = 8080
    sim_host: str = "127.0.0.1"
    sim_port: Port = 8090
