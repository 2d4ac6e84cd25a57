"""What is listed can be found by ticker, event and id, and is heard by those who asked for it."""

from services.simulator.feed.channels import Channel
from services.simulator.feed.habits import Habits, Manners
from services.simulator.feed.subscription import Subscription
from services.simulator.world.listing import Event, market_id
from services.simulator.world.tape import TRADES, Tape, Trade
from services.simulator.world.world import World
from tests.unit.services.simulator.harness import START, market


def subscription(channel: Channel) -> Subscription:
    """Return a subscription that nobody reads."""
    return Subscription(1, channel, [], Manners(Habits()), yes_scale=False, lists_markets=True)


def test_markets_are_found() -> None:
    """By ticker, by the id in their books, and by their event; the last market takes the event along."""
    world = World()
    world.events["KXA-1"] = Event(ticker="KXA-1", series_ticker="KXA", title="", sub_title="")
    one, other = market("KXA-1-B"), market("KXA-1-C")
    world.add(one)
    world.add(other)
    assert world.markets_of("KXA-1") == [one, other]
    assert world.ticker_of(market_id("KXA-1-C")) == "KXA-1-C"
    world.remove(one)
    assert (world.markets_of("KXA-1"), world.ticker_of(market_id("KXA-1-B"))) == ([other], None)
    assert "KXA-1" in world.events
    world.remove(other)
    assert (world.markets_of("KXA-1"), world.events, world.markets) == ([], {}, {})


def test_who_waits_is_there_at_the_listing() -> None:
    """A market that is not listed yet can be listened to, and no longer be listened to."""
    world = World()
    waiting, gone = subscription(Channel.TRADE), subscription(Channel.TRADE)
    world.listen(waiting, ["KXA-1"])
    world.listen(gone, ["KXA-1", "KXA-2"])
    world.unlisten(gone, ["KXA-1", "KXA-2", "KXA-3"])
    for ticker in ("KXA-1", "KXA-2", "KXA-3"):
        world.add(market(ticker))
    assert [list(world.hearing(Channel.TRADE, known)) for known in world.markets.values()] == [[waiting], [], []]
    assert list(world.hearing(Channel.BOOK, world.markets["KXA-1"])) == []


def test_listeners_survive_a_relisting() -> None:
    """Who listened to a market listens to the next one of that name, unless they left in between."""
    world = World()
    staying, leaving = subscription(Channel.BOOK), subscription(Channel.BOOK)
    world.add(first := market("KXA-1"))
    world.listen(staying, ["KXA-1"])
    world.listen(leaving, ["KXA-1"])
    world.remove(first)
    world.unlisten(leaving, ["KXA-1"])
    world.add(second := market("KXA-1"))
    assert list(world.hearing(Channel.BOOK, second)) == [staying]


def test_everywhere() -> None:
    """Who names no market hears them all, after those who do."""
    world = World()
    world.add(known := market("KXA-1"))
    everything, narrowed = subscription(Channel.TICKER), subscription(Channel.TICKER)
    world.everywhere[Channel.TICKER][everything] = None
    world.listen(narrowed, ["KXA-1"])
    assert list(world.hearing(Channel.TICKER, known)) == [narrowed, everything]


def test_ids_are_uuids_and_last() -> None:
    """A ticker has the same id in every run, different from any other's."""
    ids = [market_id(f"KXA-{number}") for number in range(100)]
    assert len(set(ids)) == 100
    assert market_id("KXA-1") == ids[1]
    assert all(known[14] == "4" and known[19] in "89ab" and len(known) == 36 for known in ids)


def test_the_tape_remembers_the_last_trades() -> None:
    """The newest come first, and the oldest go."""
    tape = Tape()
    for number in range(TRADES + 5):
        tape.add(Trade(str(number), "KXA-1", 5000, 100, "yes", START.ts))
    told = list(tape.newest_first())
    assert (len(told), told[0].trade_id, told[-1].trade_id) == (TRADES, str(TRADES + 4), "5")
