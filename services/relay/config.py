"""The relay's settings."""

from typing import Annotated, Literal

import msgspec


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Fields are the variables in lower case; keys and tokens are not offered yet."""

    relay_host: str = "127.0.0.1"
    relay_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8080
    relay_auth: Literal["none"] = "none"
