"""The simulator's settings."""

from typing import Annotated

import msgspec


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What to play and where; the name of a field in capitals is its variable.

    `sim_capture` holds names or paths of captures, none for all that are carried. With `sim_loop` off each is played
    once and its last book kept. The account's own key is trusted beside the simulator's, if one is configured.
    """

    sim_host: str = "127.0.0.1"
    sim_port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 8090
    sim_capture: tuple[str, ...] = ()
    sim_speed: Annotated[float, msgspec.Meta(gt=0, le=1e6, description="times the recorded pace")] = 1.0
    sim_loop: bool = True
    kalshi_key_id: str = ""
    kalshi_private_key_path: str = ""
