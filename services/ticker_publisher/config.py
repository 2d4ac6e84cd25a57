"""The ticker publisher's settings."""

from typing import Annotated

import msgspec


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Fields are the variables in lower case; the interval is in seconds."""

    ticker_interval: Annotated[float, msgspec.Meta(ge=0.05, le=3600)] = 1.0
    http_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 9104
