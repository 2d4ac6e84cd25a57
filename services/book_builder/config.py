"""The book builder's settings."""

from typing import Annotated

import msgspec


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Fields are the variables in lower case."""

    http_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 9103
