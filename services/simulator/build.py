"""Puts an exchange together: what is listed, what moves it, and the hands that reach into it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from proto.units import Ladder
from services.simulator.config import Config
from services.simulator.core import Exchange
from services.simulator.faults.door import Door
from services.simulator.faults.engine import Faults
from services.simulator.flow.engine import FlowEngine
from services.simulator.flow.flow import Flow
from services.simulator.flow.seed import seed_book
from services.simulator.flow.shape import Shape
from services.simulator.replay import markets as replayed
from services.simulator.replay.capture import Capture
from services.simulator.replay.player import Player
from services.simulator.world.calendar import Calendar
from services.simulator.world.combos import combos
from services.simulator.world.indices import Indices
from services.simulator.world.market import Market
from services.simulator.world.rounds import Rounds
from services.simulator.world.universe import Universe, universe
from services.simulator.world.world import World


class Material(NamedTuple):
    """What was read from files: captures to play, the recorded listing, and how the crowd behaves."""

    captures: Sequence[Capture]
    listing: bytes
    shape: Shape


class Chance(NamedTuple):
    """Numbers in [0, 1): for the crowd, which is to be the same in every run, and for everything else."""

    crowd: Callable[[], float]
    other: Callable[[], float]


class Simulation(NamedTuple):
    """An exchange and what the shell needs to know of its parts."""

    exchange: Exchange
    players: list[Player]
    crowd: FlowEngine
    calendar: Calendar
    faults: Faults
    door: Door


def simulation(config: Config, material: Material, chance: Chance, now_ts: int) -> Simulation:
    """Return an exchange that begins now; raises BadCapture."""
    world = World()
    exchange = Exchange(world, chance.other)
    shape = material.shape

    def seed(market: Market) -> tuple[Ladder, Ladder]:
        return seed_book(market.listing.opening, market.ticks, shape, chance.crowd)

    crowd = FlowEngine(Flow(chance.crowd, shape, rate=config.sim_rate), exchange.floor)
    calendar = Calendar(
        exchange.floor,
        chance.other,
        seed=seed,
        opened=crowd.opened,
        closed=crowd.closed,
        rounds=Rounds(config.sim_round) if config.sim_round and config.crowd_markets else None,
    )
    listed = universe(material.listing, now_ts, markets=config.crowd_markets)
    for part in (listed, combos(listed, now_ts, count=config.combos)):
        calendar.begin(part, now_ts)
    players = _players(exchange, material.captures, config)
    faults = Faults(exchange, chance.other)
    exchange.engines += [*players, crowd, calendar, Indices(exchange.floor, chance.other), faults]
    return Simulation(exchange, players, crowd, calendar, faults, Door(faults, limit=config.sim_connections))


def _players(exchange: Exchange, captures: Sequence[Capture], config: Config) -> list[Player]:
    markets = replayed.markets(captures)
    series, events = replayed.facts(markets)
    world = exchange.world
    world.series.update({known.ticker: known for known in series})
    world.events.update({known.ticker: known for known in events})
    for market in markets:
        world.add(market)
    return [
        Player(capture, exchange.floor, speed=config.sim_speed, loop=config.sim_loop) for capture in captures
    ]
