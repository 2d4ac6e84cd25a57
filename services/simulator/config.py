"""The simulator's settings."""

from typing import Annotated, Literal

import msgspec

#: How many markets were recorded, which is what is traded unless SIM_MARKETS or SIM_CAPTURE says otherwise.
RECORDED_MARKETS = 1_079


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What is traded, what moves it and where; the name of a field in capitals is its variable.

    `sim_markets` have a made-up crowd, which causes `sim_rate` messages a second and is the same for the same
    `sim_seed`. `sim_capture` holds names or paths of captures, `all` for those that are carried; with them there is no
    crowd unless `sim_markets` is given too. With `sim_loop` off each capture is played once and its last book kept.
    The account's own key is trusted beside the simulator's, if one is configured.
    """

    sim_host: str = "127.0.0.1"
    sim_port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 8090
    sim_markets: Annotated[int, msgspec.Meta(ge=0, le=50_000)] | None = None
    sim_rate: Annotated[float, msgspec.Meta(ge=0, le=200_000, description="messages a second")] = 150.0
    sim_seed: int = 1
    sim_combos: Annotated[int, msgspec.Meta(ge=0, le=50_000)] | None = None
    sim_round: Annotated[float, msgspec.Meta(ge=0, le=86_400, description="seconds; 0 for no clocked markets")] = 900.0
    sim_capture: tuple[str, ...] = ()
    sim_speed: Annotated[float, msgspec.Meta(gt=0, le=1e6, description="times the recorded pace")] = 1.0
    sim_loop: bool = True
    sim_faults: str = ""
    sim_connections: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 200
    sim_tier: Literal["basic", "advanced", "expert", "premier", "paragon", "prime", "prestige"] = "basic"
    kalshi_key_id: str = ""
    kalshi_private_key_path: str = ""

    @property
    def crowd_markets(self) -> int:
        """How many markets the crowd trades."""
        if self.sim_markets is not None:
            return self.sim_markets
        return 0 if self.sim_capture else RECORDED_MARKETS

    @property
    def combos(self) -> int:
        """How many combos are listed; at the exchange they are most of what is."""
        return self.crowd_markets * 3 // 2 if self.sim_combos is None else self.sim_combos
