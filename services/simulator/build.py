"""Puts an exchange together: what is listed, what moves it, and the hands that reach into it."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from proto.units import Ladder
from services.simulator.account.sender import Sender
from services.simulator.config import Config
from services.simulator.core import Exchange
from services.simulator.faults.door import Door
from services.simulator.faults.engine import Faults
from services.simulator.flow.engine import FlowEngine
from services.simulator.flow.flow import Flow
from services.simulator.flow.seed import seed_book
from services.simulator.flow.shape import Shape
from services.simulator.life.arrivals import ComboArrivals, RoundArrivals
from services.simulator.life.calendar import Calendar
from services.simulator.life.lifecycle import Hooks, Lifecycle
from services.simulator.life.operating import Operator
from services.simulator.replay import markets as replayed
from services.simulator.replay.capture import Capture
from services.simulator.replay.player import Player
from services.simulator.universe.combos import Combos
from services.simulator.universe.listed import Universe, universe
from services.simulator.universe.rounds import Rounds
from services.simulator.world.indices import Indices
from services.simulator.world.listing import Arrival
from services.simulator.world.market import Market
from services.simulator.world.world import World

#: How often somebody asks for a new combo.
COMBO_EVERY_S = 30.0
SHORTEST_ROUND_S = 1.0
_NOTHING = Universe((), (), ())


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
    operator: Operator
    private: Sender
    faults: Faults
    door: Door


def simulation(config: Config, material: Material, chance: Chance, now_ts: int) -> Simulation:
    """Return an exchange that begins now; raises BadCapture."""
    world = World()
    exchange = Exchange(world, chance.other)
    crowd = FlowEngine(Flow(chance.crowd, material.shape, rate=config.sim_rate), exchange.floor)

    def seed(market: Market) -> tuple[Ladder, Ladder]:
        return seed_book(market.listing.opening, market.ticks, material.shape, chance.crowd)

    life = Lifecycle(exchange.floor, chance.other, Hooks(crowd.opened, crowd.closed, seed))
    calendar = Calendar(world, life)
    players = _players(exchange, material.captures, config)
    listed = universe(material.listing, now_ts, markets=config.crowd_markets) if config.crowd_markets else _NOTHING
    combos = Combos(listed)
    for arrival in (*_arrivals(listed), *_arrivals(combos.listed(now_ts, count=config.combos))):
        if arrival.listing.ticker not in world.markets:  # what a capture moves nobody else may
            calendar.follow(life.begin(arrival, now_ts))
    if config.combos:
        # Those that were there before have the lower numbers.
        calendar.expect(ComboArrivals(lambda made, ts: combos.make(config.combos + made, ts), every_s=COMBO_EVERY_S))
    if config.sim_round and config.crowd_markets:
        rounds = RoundArrivals(Rounds(max(config.sim_round, SHORTEST_ROUND_S)))
        for arrival in rounds.due(now_ts)[0]:
            calendar.follow(life.begin(arrival, now_ts))
        calendar.expect(rounds)
    faults = Faults(exchange, chance.other)
    exchange.engines += [*players, crowd, calendar, Indices(exchange.floor, chance.other), faults]
    return Simulation(
        exchange=exchange,
        players=players,
        crowd=crowd,
        operator=Operator(exchange.floor, life, calendar),
        private=Sender(world, chance.other),
        faults=faults,
        door=Door(faults, limit=config.sim_connections),
    )


def _arrivals(listed: Universe) -> Iterator[Arrival]:
    series = {known.ticker: known for known in listed.series}
    events = {known.ticker: known for known in listed.events}
    for listing in listed.markets:
        yield Arrival(series[listing.series_ticker], events[listing.event_ticker], listing)


def _players(exchange: Exchange, captures: Sequence[Capture], config: Config) -> list[Player]:
    markets = replayed.markets(captures)
    series, events = replayed.facts(markets)
    world = exchange.world
    world.series.update({known.ticker: known for known in series})
    world.events.update({known.ticker: known for known in events})
    for market in markets:
        world.add(market)
    return [Player(capture, exchange.floor, speed=config.sim_speed, loop=config.sim_loop) for capture in captures]
