"""Every message has examples, and today's structs read them all: old recordings stay readable."""

import functools
import json
import operator
from typing import Any

import msgspec
import pytest

from proto.__main__ import read_examples
from proto.generate.contract import BUS, MESSAGES, UNIONS, Union
from proto.units import CONTRACT, DOLLAR

EXAMPLES = read_examples()
STRUCTS = {message.__name__: message for message in MESSAGES}


def decode(name: str, example: object) -> Any:
    """Read a JSON value as the message that the name begins with."""
    return msgspec.json.decode(json.dumps(example), type=STRUCTS[name.partition("-")[0]])


def encoded(name: str, example: object) -> Any:
    """Read a JSON value as a message and write it again."""
    return json.loads(msgspec.json.encode(decode(name, example)))


def keeps(value: Any, example: Any) -> bool:
    """Tell whether everything in the example is in the value, which may have grown members."""
    match example:
        case dict():
            return all(key in value and keeps(value[key], member) for key, member in example.items())
        case list():
            return len(value) == len(example) and all(map(keeps, value, example))
        case _:
            return type(value) is type(example) and bool(value == example)


def grown(value: Any) -> Any:
    """Add a member to every object, save those in `heads` (its keys are tickers) and `events` (kept as bytes)."""
    match value:
        case dict():
            kept = {key: item if key in {"heads", "events"} else grown(item) for key, item in value.items()}
            return {"of_tomorrow": {"any": [1]}} | kept
        case list():
            return [grown(item) for item in value]
        case _:
            return value


#: Commands with params: a member that is not known there is a wish that would be passed over.
WISHES = ("Subscribe", "Unsubscribe")


@pytest.mark.parametrize("message", STRUCTS)
def test_message_has_an_example_with_all_its_members(message: str) -> None:
    """The example that bears the message's own name shows every member the message has today."""
    assert encoded(message, EXAMPLES[message]) == EXAMPLES[message]


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_loses_nothing(name: str) -> None:
    """No example, of whatever age, loses a value on the way through today's structs."""
    assert keeps(encoded(name, EXAMPLES[name]), EXAMPLES[name])


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in WISHES])
def test_unknown_members_are_ignored(name: str) -> None:
    """A message that grew is read by those who do not know the new member."""
    assert encoded(name, grown(EXAMPLES[name])) == encoded(name, EXAMPLES[name])


@pytest.mark.parametrize("name", WISHES)
def test_wishes_that_are_not_known_are_refused(name: str) -> None:
    """What a client asks for is granted or refused, never passed over."""
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        encoded(name, grown(EXAMPLES[name]))


@pytest.mark.parametrize("union", UNIONS, ids=lambda union: union.name)
def test_tag_alone_tells_the_message(union: Union) -> None:
    """Every message of a union is recognised by a reader who expects any of them."""
    any_of_them: Any = functools.reduce(operator.or_, union.members)
    for member in union.members:
        example = json.dumps(EXAMPLES[member.__name__])
        assert type(msgspec.json.decode(example, type=any_of_them)) is member


def test_no_two_bus_messages_share_a_tag() -> None:
    """A recorded bus message is told by its `type`, whatever subject it came from."""
    tags = [message.__struct_config__.tag for message in BUS]
    assert None not in tags
    assert len(set(tags)) == len(tags)


def test_examples_tell_one_book() -> None:
    """Snapshot, delta and trade give the depth, the reply and the batch of the relay."""
    snapshot, delta, depth, reply, trade = (
        decode(name, EXAMPLES[name]) for name in ("Snapshot", "Delta", "Depth", "BookReply", "Trade")
    )
    ladder = dict(snapshot.yes)
    ladder[delta.price] += delta.delta
    assert (depth.yes, depth.no) == (tuple(ladder.items()), snapshot.no)
    assert (depth.epoch, depth.seq) == (delta.epoch, delta.seq) == (snapshot.epoch, snapshot.seq + 1)
    assert (reply.books[0].yes, reply.books[0].no, reply.books[0].seq) == (depth.yes, depth.no, depth.seq)
    assert (trade.yes_price, trade.qty) == (delta.price, -delta.delta)
    assert EXAMPLES["Events"]["events"] == [EXAMPLES["Delta"], EXAMPLES["Trade"]]


def test_examples_summarise_that_book() -> None:
    """Top, ticker and ticker1s show the best levels of the depth."""
    depth, top, ticker, ticker1s = (decode(name, EXAMPLES[name]) for name in ("Depth", "Top", "Ticker", "Ticker1s"))
    stats = ticker1s.summary_stats
    (bid, bid_qty), (bid_2, _) = depth.yes[:2]
    (no_bid, no_bid_qty), (no_bid_2, _) = depth.no[:2]
    assert (top.yes_bid, top.yes_bid_qty, top.yes_bid_2) == (bid, bid_qty, bid_2)
    assert (top.yes_ask, top.yes_ask_qty, top.yes_ask_2) == (DOLLAR - no_bid, no_bid_qty, DOLLAR - no_bid_2)
    assert (top.no_bid, top.no_bid_qty, top.no_bid_2) == (no_bid, no_bid_qty, no_bid_2)
    assert (top.no_ask, top.no_ask_qty) == (DOLLAR - bid, bid_qty)
    for name in ("yes_bid", "yes_bid_qty", "yes_ask", "yes_ask_qty", "no_bid", "no_ask"):
        assert getattr(ticker, name) == getattr(top, name)
    assert (stats.yes.bid * DOLLAR, stats.yes.ask * DOLLAR) == (top.yes_bid, top.yes_ask)
    assert (stats.no.bid * DOLLAR, stats.no.ask * DOLLAR) == (top.no_bid, top.no_ask)
    assert stats.no.volume == stats.yes.volume == sum(quantity for _, quantity in depth.yes + depth.no) / CONTRACT
