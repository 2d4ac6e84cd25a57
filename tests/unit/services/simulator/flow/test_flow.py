"""The crowd on a few markets: what it must never do, and what it does on average."""

from itertools import pairwise
from math import inf
from random import Random

import pytest

from proto.units import DOLLAR
from services.simulator.flow.flow import Flow
from services.simulator.world.listing import Opening
from services.simulator.world.ticks import STRUCTURES
from tests.unit.services.simulator.flow.harness import SHAPE, Market, crossed, crowded, play, seeded


@pytest.mark.parametrize("structure", STRUCTURES)
def test_books_stay_books(structure: str) -> None:
    """On every grid, also at its edges: never crossed, never negative, never off the grid."""
    random = Random(5)
    edges = (
        Opening(yes_bid=100, yes_bid_quantity=50_000, yes_ask=200, yes_ask_quantity=70_000),
        Opening(yes_bid=9800, yes_bid_quantity=900, yes_ask=9900, yes_ask_quantity=123),
        Opening(yes_bid=4800, yes_bid_quantity=20_000, yes_ask=5000, yes_ask_quantity=15_000),
    )
    markets = [seeded(random, opening, structure) for opening in edges]
    prices = set(markets[0].ticks.prices)
    for action in _applied(crowded(random, *markets), 300):
        assert action
        for market in markets:
            assert not crossed(market.book)
            assert market.book.yes.levels.keys() <= prices
            assert market.book.no.levels.keys() <= prices


def _applied(flow: Flow[Market], count: int) -> list[bool]:
    return [bool(action.changes) for action in play(flow, count)]


def test_prints_agree_with_changes() -> None:
    """What is printed left the ladder that the taker met, level by level; whatever else happens prints nothing."""
    random = Random(2)
    printed = [action for action in play(crowded(random, seeded(random)), 1500) if action.prints]
    assert len(printed) > 20
    for action in printed:
        assert len(action.changes) == len(action.prints)
        for change, trade in zip(action.changes, action.prints, strict=True):
            assert change.side != trade.taker_side
            assert change.delta == -trade.quantity
            assert trade.yes_price == (change.price if change.side == "yes" else DOLLAR - change.price)


def test_moves_keep_the_quantity() -> None:
    """Two changes without a print are one order that moved: nothing comes, nothing goes."""
    random = Random(3)
    actions = play(crowded(random, seeded(random)), 1000)
    moved = [action.changes for action in actions if len(action.changes) == 2 and not action.prints]
    assert len(moved) > 100
    assert all(left.delta == -arrived.delta < 0 and left.side == arrived.side for left, arrived in moved)
    assert all(left.price != arrived.price for left, arrived in moved)


@pytest.mark.parametrize("structure", ["linear_cent", "tapered_deci_cent"])
def test_books_stay_as_full_as_they_were(structure: str) -> None:
    """After thousands of actions a book has about as many levels and as much resting as at first."""
    random = Random(11)
    market = seeded(random, structure=structure)
    levels, quantities = _content(market)
    flow = crowded(random, market)
    seen = [_content(market) for _ in range(10) if play(flow, 500)]
    assert 0.5 * levels < sum(level for level, _ in seen) / len(seen) < 2 * levels
    assert 0.6 * quantities < sum(quantity for _, quantity in seen) / len(seen) < 1.7 * quantities


def _content(market: Market) -> tuple[int, int]:
    yes, no = market.book.yes, market.book.no
    return len(yes.levels) + len(no.levels), yes.quantity + no.quantity


def test_price_wanders() -> None:
    """The quote does not stay where it was, and both outcomes keep their bidders."""
    random = Random(4)
    market = seeded(random)
    flow = crowded(random, market)
    bests = {market.book.yes.best_two()[0] for _ in range(40) if play(flow, 50)}
    assert len(bests) > 4


def test_side_that_had_nothing_mostly_stays_empty() -> None:
    """In a one-sided market somebody bids for the other outcome now and then, and goes again."""
    random = Random(6)
    market = seeded(random, Opening(yes_ask=4000, yes_ask_quantity=50_000))
    flow = crowded(random, market)
    empty = [not market.book.yes.levels for _ in range(100) if play(flow, 10)]
    assert 50 < sum(empty) < 100
    assert market.book.no.levels


def test_emptied_side_is_refilled() -> None:
    """A side that had bids and lost them all gets new ones, below the other side."""
    random = Random(8)
    market = seeded(random)
    flow = crowded(random, market)
    market.book.load((), market.book.ladder("no"))
    play(flow, 60)
    assert market.book.yes.levels
    assert not crossed(market.book)


def test_empty_market_moves() -> None:
    """Even in an empty book somebody bids now and then, and it stays nearly empty."""
    market = Market("deci_cent")
    actions = play(crowded(Random(9), market), 200)
    assert any(action.changes[0].delta > 0 for action in actions)
    assert len(market.book.yes.levels) + len(market.book.no.levels) < 6


def test_rate_is_kept_on_average() -> None:
    """Messages come as fast as asked, however they are spread over time."""
    flow, at, messages = crowded(Random(10), seeded(Random(10)), rate=500), 100.0, 0
    while messages < 20_000:
        assert flow.next(at)
        flow.spent(2)
        messages += 2
        at = max(at, flow.next_at())
    assert messages / (at - 100) == pytest.approx(500, rel=0.1)
    assert flow.skipped_s == 0


def test_gaps_are_bursty() -> None:
    """Many actions come at one moment, on one market, and some after a long silence."""
    random = Random(12)
    flow = crowded(random, *(seeded(random) for _ in range(8)))
    times: list[tuple[float, Market]] = []
    at = 0.0
    for _ in range(600):
        at = max(at, flow.next_at())
        action = flow.next(at)
        assert action
        times.append((at, action.market))
        flow.spent(1)
    pairs = list(pairwise(times))
    together = [(one, two) for one, two in pairs if one[0] == two[0]]
    assert 0.2 < len(together) / len(pairs) < 0.8
    assert all(one[1] is two[1] for one, two in together)
    assert max(two[0] - one[0] for one, two in pairs) > 10 / 1000


def test_lost_time_is_skipped() -> None:
    """Whoever comes back after a minute does not get a minute of actions."""
    flow = crowded(Random(13), seeded(Random(13)), rate=100)
    play(flow, 3)
    due = flow.next_at()
    assert flow.next(due + 60)
    assert flow.skipped_s == pytest.approx(60)
    flow.spent(1)
    assert flow.next_at() >= due + 60


def test_small_delay_is_made_up_for() -> None:
    """Half a second is not lost: what was due in it still comes."""
    flow = crowded(Random(14), seeded(Random(14)), rate=100)
    play(flow, 3)
    due = flow.next_at()
    assert flow.next(due + 0.5)
    flow.spent(1)
    assert flow.next_at() < due + 0.5
    assert flow.skipped_s == 0


def test_nothing_before_its_time() -> None:
    """There is no action before the next one is due."""
    flow = crowded(Random(15), seeded(Random(15)), rate=1)
    play(flow, 1)
    while flow.next_at() == 0:
        play(flow, 1)
    assert flow.next(flow.next_at() - 0.001) is None


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_nothing_to_do_is_never(rate: float) -> None:
    """Without a rate, or without a market, the next action is never due."""
    flow: Flow[Market] = Flow(Random(16).random, SHAPE, rate=rate)
    market = seeded(Random(16))
    if not rate:
        flow.add(market, 1)
    assert flow.next_at() == inf
    assert flow.next(1e9) is None


def test_markets_come_and_go() -> None:
    """A removed market moves no more; when the last is gone nothing is due, and a new one starts at once."""
    random = Random(17)
    first, second = seeded(random), seeded(random)
    flow = crowded(random, first, second)
    assert {action.market for action in play(flow, 50)} == {first, second}
    flow.remove(first)
    assert {action.market for action in play(flow, 20)} == {second}
    flow.remove(second)
    assert flow.next_at() == inf
    flow.add(first, 1)
    assert flow.next(5e6)
    assert flow.skipped_s == 0


def test_same_numbers_make_the_same_actions() -> None:
    """A run is repeated exactly by the same random numbers, and by no others."""

    def run(seed: int) -> list[tuple[object, ...]]:
        random = Random(seed)
        markets = [seeded(random, structure=structure) for structure in ("linear_cent", "deci_cent")]
        actions = play(crowded(random, *markets), 200)
        return [(markets.index(action.market), action.changes, action.prints) for action in actions]

    assert run(18) == run(18)
    assert run(18) != run(19)
