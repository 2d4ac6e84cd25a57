"""Markets for the crowd."""

from pathlib import Path
from random import Random

from proto.units import DOLLAR
from services.simulator.flow.flow import Action, Flow
from services.simulator.flow.seed import seed_book
from services.simulator.flow.shape import Shape, read
from services.simulator.world.listing import Opening
from services.simulator.world.ticks import Ticks, ticks
from shared.market.book import Book

DATA = Path(__file__).parents[5] / "services" / "simulator" / "data"
SHAPE: Shape = read((DATA / "shape.json").read_bytes())
MIDDLE = Opening(yes_bid=4800, yes_bid_quantity=20_000, yes_ask=5000, yes_ask_quantity=15_000)


class Market:
    """A book on a grid."""

    def __init__(self, structure: str = "linear_cent") -> None:
        self.book = Book()
        self.ticks: Ticks = ticks(structure)


def seeded(random: Random, opening: Opening = MIDDLE, structure: str = "linear_cent") -> Market:
    """Return a market that has opened."""
    market = Market(structure)
    market.book.load(*seed_book(opening, market.ticks, SHAPE, random.random))
    return market


def crowded(random: Random, *markets: Market, rate: float = 1000) -> Flow[Market]:
    """Return a flow on markets of equal weight."""
    flow: Flow[Market] = Flow(random.random, SHAPE, rate=rate)
    for market in markets:
        flow.add(market, 1)
    return flow


def play(flow: Flow[Market], count: int) -> list[Action[Market]]:
    """Apply so many actions, each at its time, and return them."""
    done: list[Action[Market]] = []
    at = 0.0
    while len(done) < count:
        at = max(at, flow.next_at())
        action = flow.next(at)
        if action is not None:
            for change in action.changes:
                action.market.book.apply(*change)
            flow.spent(len(action.changes) + len(action.prints))
            done.append(action)
    return done


def crossed(book: Book) -> bool:
    """Tell whether bids for both outcomes cost a dollar or more together."""
    return (book.yes.best_two()[0] or 0) + (book.no.best_two()[0] or 0) >= DOLLAR
