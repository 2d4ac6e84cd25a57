"""A subscription numbers its messages and splices its envelope around them."""

import msgspec
import pytest

from services.simulator.feed.channels import CHANNEL_OF, TRAITS, Channel
from services.simulator.feed.habits import Habits, Manners
from services.simulator.feed.subscription import Subscription
from tests.asyncapi import document

#: The document's words for whether a channel can be narrowed to markets.
MARKETS = {"required": "required", "optional": "optional"}


def subscription(channel: Channel, outbox: list[bytes]) -> Subscription:
    """Return a subscription that speaks into a list."""
    manners = Manners(Habits(sending_ts_ms=False))
    return Subscription(3, channel, outbox, manners, yes_scale=False, lists_markets=True)


@pytest.mark.parametrize("channel", list(Channel))
def test_channels_are_the_exchanges(channel: Channel) -> None:
    """Each channel narrows and counts as the exchange's document says."""
    facts = document()["channels"][channel.value]
    narrowed = facts["x-requirements"]["market_spec"]
    assert TRAITS[channel].markets == MARKETS.get(narrowed, "ignored")
    extra = facts["x-requirements"].get("extra_params", [])
    assert TRAITS[channel].named in {"", *extra}
    for name in facts["messages"]:
        payload = document()["components"]["messages"][name]["payload"]["$ref"].rpartition("/")[2]
        schema = document()["components"]["schemas"][payload]
        assert ("seq" in schema["required"]) == TRAITS[channel].sequenced


def test_every_channel_of_the_exchange_is_there() -> None:
    """None is missing, none is made up."""
    assert {channel.value for channel in Channel} == set(document()["channels"]) - {"root", "control_frames"}


def test_every_type_has_its_channel() -> None:
    """Whatever a channel sends, save the lists that answer commands, is known to be its own."""
    told = {
        (document()["components"]["messages"][name]["name"], channel)
        for channel, facts in document()["channels"].items()
        if channel not in {"root", "control_frames"}
        for name in facts["messages"]
    }
    lists = {kind for kind, _ in told if kind.endswith("list")}
    assert {kind for kind, _ in told} - lists == set(CHANNEL_OF)
    assert {(kind, channel.value) for kind, channel in CHANNEL_OF.items()} <= told


def test_envelopes() -> None:
    """Sequenced messages carry sid and seq, others the sid alone; an answer carries the id it answers."""
    outbox: list[bytes] = []
    book, ticker = subscription(Channel.BOOK, outbox), subscription(Channel.TICKER, outbox)
    book.say("orderbook_delta", b'{"a":1}')
    book.say("orderbook_snapshot", b"{}", answers=9)
    ticker.say("ticker", b"{}")
    assert [msgspec.json.decode(frame) for frame in outbox] == [
        {"type": "orderbook_delta", "sid": 3, "seq": 1, "msg": {"a": 1}},
        {"type": "orderbook_snapshot", "sid": 3, "id": 9, "seq": 2, "msg": {}},
        {"type": "ticker", "sid": 3, "msg": {}},
    ]


def test_after_its_end_it_is_silent() -> None:
    """What comes after the end is not said and takes no number."""
    outbox: list[bytes] = []
    book = subscription(Channel.BOOK, outbox)
    book.ended = True
    book.say("orderbook_delta", b"{}")
    assert (outbox, book.seq) == ([], 0)
