"""Views of a market: the latest counts, and it is stale once nobody vouches for it."""

from typing import Any

import msgspec
import pytest

from proto.market import Depth, Ticker1s, Top
from proto.relay import RelayChannel
from shared.market import summary
from shared.market.replica import Replica
from tests.unit.services.relay.harness import MARKET, OTHER, Table

VIEWS: tuple[RelayChannel, ...] = ("top", "depth", "ticker1s")
BOOK_BUILDER = frozenset[RelayChannel]({"top", "depth"})
NOBODY = frozenset[RelayChannel]()


@pytest.fixture
def table() -> Table:
    """A relay with a live book."""
    table = Table(MARKET, OTHER)
    table.markets[MARKET].snapshot({5000: 100}, {4000: 200})
    return table


def view(table: Table, channel: RelayChannel, replica: Replica | None = None) -> Top | Depth | Ticker1s:
    """Make a view as its service does."""
    replica = replica or table.replicas[MARKET]
    if channel == "ticker1s":
        return summary.ticker1s(replica, table.now.ts)
    return summary.top(replica) if channel == "top" else summary.depth(replica)


def plain(message: msgspec.Struct) -> dict[str, Any]:
    """Return a message as a client sees it."""
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(message))
    return decoded


@pytest.mark.parametrize("channel", VIEWS)
def test_latest_value_first(table: Table, channel: RelayChannel) -> None:
    """A joiner gets what was told last, however often that was, and then every change."""
    table.client().subscribe(channel)
    for _ in range(3):
        table.markets[MARKET].delta()
        table.markets[MARKET].say(channel, view(table, channel))
    listener = table.client()
    listener.subscribe(channel)
    assert listener.events() == [plain(view(table, channel))]
    table.markets[MARKET].delta()
    table.markets[MARKET].say(channel, view(table, channel))
    assert listener.events() == [plain(view(table, channel))]


@pytest.mark.parametrize("channel", ["trade", "lifecycle"])
def test_what_has_no_state_begins_with_its_next_message(table: Table, channel: RelayChannel) -> None:
    """A joiner hears nothing of what was said before."""
    table.client().subscribe(channel)
    table.markets[MARKET].say(channel, {"type": "first"})
    listener = table.client()
    listener.subscribe(channel)
    assert listener.events() == []
    table.markets[MARKET].say(channel, {"type": "second"})
    assert listener.events() == [{"type": "second"}]


def test_books_of_open_views_are_to_be_asked_for(table: Table) -> None:
    """Once per market, for channels that can be made from a book, until a value is there."""
    listener = table.client()
    listener.subscribe("book", "ticker", "trade", "lifecycle", ticker=OTHER)
    assert table.relay.open_views() == []
    listener.subscribe("top", "depth")
    assert table.relay.open_views() == [MARKET]
    table.relay.derive(table.replicas[MARKET], table.now)
    table.client().subscribe("top")
    assert table.relay.open_views() == []


def test_views_are_in_doubt_after_a_break_of_the_bus(table: Table) -> None:
    """They are stale, and asked for, until a book that was asked for since makes them live again."""
    listener = table.client()
    listener.subscribe("top", "ticker")
    table.markets[MARKET].say("top", view(table, "top"))
    table.markets[MARKET].tick()
    listener.hear()
    table.relay.broken()
    assert [(event["type"], event["status"]) for event in listener.events()] == [("top", "stale")]
    assert table.relay.open_views() == [MARKET]
    table.relay.derive(table.replicas[MARKET], table.now)
    assert [event["status"] for event in listener.events()] == ["live"]
    assert table.relay.open_views() == []


def test_views_of_a_maker_that_is_heard_again_are_asked_for(table: Table) -> None:
    """A quiet market does not stay stale because its maker was silent for a while."""
    listener = table.client()
    listener.subscribe("top")
    table.markets[MARKET].say("top", view(table, "top"))
    table.relay.vouched(BOOK_BUILDER)
    assert table.relay.open_views() == []
    table.relay.vouched(NOBODY)
    assert table.relay.open_views() == [MARKET]


def test_first_value_is_made_from_the_book(table: Table) -> None:
    """Every view that was asked for and has not been told; a later joiner gets the same."""
    listener, late = table.client(), table.client()
    listener.subscribe(*VIEWS)
    assert listener.events() == []
    table.relay.derive(table.replicas[MARKET], table.now)
    late.subscribe(*VIEWS)
    for somebody in (listener, late):
        told = {event["type"]: event for event in somebody.events()}
        assert told == {channel: plain(view(table, channel)) for channel in VIEWS}


def test_what_the_bus_told_is_newer_than_an_image(table: Table) -> None:
    """An image that arrives after the first message changes nothing, nor does a second image."""
    listener = table.client()
    listener.subscribe("top")
    table.markets[MARKET].delta()
    table.markets[MARKET].say("top", view(table, "top"))
    listener.hear()
    image = Replica(MARKET)
    image.snapshot(summary.image(table.replicas[MARKET]))
    table.relay.derive(image, table.now)
    assert listener.events() == []


def test_market_without_a_book_has_no_view(table: Table) -> None:
    """Nothing is made from a book that has not arrived."""
    listener = table.client()
    listener.subscribe(*VIEWS, ticker=OTHER)
    table.relay.derive(Replica(OTHER), table.now)
    assert listener.events() == []


def test_book_nobody_wants_any_more(table: Table) -> None:
    """An image that arrives after the last client left makes nothing."""
    listener = table.client()
    listener.subscribe("top")
    listener.unsubscribe("top")
    table.relay.derive(table.replicas[MARKET], table.now)
    assert listener.events() == []
    assert not table.relay.topics


def test_views_of_a_silent_maker_are_stale(table: Table) -> None:
    """They are repeated once as stale, to those who are there and to joiners; other makers' views are not."""
    listener = table.client()
    listener.subscribe(*VIEWS)
    for channel in VIEWS:
        table.markets[MARKET].say(channel, view(table, channel))
    listener.hear()
    table.relay.vouched(BOOK_BUILDER)
    table.relay.vouched(BOOK_BUILDER)
    told = {event["type"]: event for event in listener.events()}
    assert {kind: event["status"] for kind, event in told.items()} == {"top": "stale", "depth": "stale"}
    assert told["top"] == plain(view(table, "top")) | {"status": "stale"}
    late = table.client()
    late.subscribe(*VIEWS)
    assert [event["status"] for event in late.events()] == ["stale", "stale", "live"]


def test_next_message_of_the_maker_is_believed(table: Table) -> None:
    """A doubted view is live again as soon as its maker says so; a later silence is doubted anew."""
    listener = table.client()
    listener.subscribe("top")
    for _ in range(2):
        table.markets[MARKET].say("top", view(table, "top"))
        table.relay.vouched(BOOK_BUILDER)
        table.relay.vouched(NOBODY)
        assert [event["status"] for event in listener.events()] == ["live", "stale"]


def test_maker_that_speaks_but_does_not_answer(table: Table) -> None:
    """What it says while it is believed silent is live, and is not doubted for the same silence."""
    listener = table.client()
    listener.subscribe("top")
    table.relay.vouched(BOOK_BUILDER)
    table.markets[MARKET].say("top", view(table, "top"))
    table.relay.vouched(BOOK_BUILDER)
    assert [event["status"] for event in listener.events()] == ["live"]


def test_view_that_is_stale_already_is_not_repeated(table: Table) -> None:
    """A maker that fell silent after it said stale has nothing to add."""
    table.markets[MARKET].stale()
    listener = table.client()
    listener.subscribe("top")
    table.markets[MARKET].say("top", view(table, "top"))
    listener.hear()
    table.relay.vouched(BOOK_BUILDER)
    assert listener.events() == []


def test_view_made_while_its_maker_is_silent(table: Table) -> None:
    """What nobody keeps up to date is stale from the start."""
    table.relay.vouched(frozenset({"ticker1s"}))
    listener = table.client()
    listener.subscribe("top", "ticker1s")
    table.relay.derive(table.replicas[MARKET], table.now)
    status = {event["type"]: event["status"] for event in listener.events()}
    assert status == {"top": "live", "ticker1s": "stale"}


def test_view_that_is_not_understood_is_passed_on(table: Table) -> None:
    """A doubt about a message of a later version is no reason to end."""
    listener = table.client()
    listener.subscribe("top")
    table.markets[MARKET].say("top", {"type": "top", "status": "halted"})
    table.relay.vouched(BOOK_BUILDER)
    assert listener.events() == [{"type": "top", "status": "halted"}]
