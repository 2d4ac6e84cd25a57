"""Whatever is wrong with a command has its own error code."""

from typing import Any

import pytest

from services.simulator.feed.habits import Habits
from services.simulator.session.commands import ERRORS
from tests.asyncapi import document
from tests.unit.services.simulator.harness import Client, Table, error, kinds

B, C = "KXA-1-B", "KXA-1-C"
SUBSCRIBED = ["orderbook_delta", "ticker"]
UNREADABLE = "Unable to process message"


@pytest.fixture
def client() -> Client:
    """A client with two subscriptions at a fresh exchange."""
    client = Table().client()
    client.say("subscribe", channels=SUBSCRIBED, market_tickers=[B])
    return client


def test_the_exchanges_words() -> None:
    """Codes and words are those of the exchange's document."""
    assert {entry["code"]: entry["name"] for entry in document()["x-error-codes"]["codes"]} == ERRORS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", error(1, UNREADABLE)),
        ("{", error(1, UNREADABLE)),
        ("[]", error(1, UNREADABLE)),
        ('{"id":"x","cmd":"subscribe"}', error(1, UNREADABLE)),
        ('{"id":-1,"cmd":"list_subscriptions"}', error(1, UNREADABLE)),
        (b'{"id":1,"cmd":"list_subscriptions"}', error(1, UNREADABLE)),
        ("[" * 50_000, error(1, UNREADABLE)),
        ('{"id":3,"cmd":"subscribe"}', error(2, "Params required", id=3)),
        ('{"id":3,"cmd":"unsubscribe","params":null}', error(2, "Params required", id=3)),
        ('{"id":3,"cmd":"update_subscription"}', error(2, "Params required", id=3)),
        ('{"id":3,"cmd":"subscribe","params":{}}', error(3, "Channels required", id=3)),
        ('{"id":3,"cmd":"subscribe","params":{"channels":[]}}', error(3, "Channels required", id=3)),
        ('{"id":3,"cmd":"unsubscribe","params":{}}', error(4, "Subscription IDs required", id=3)),
        ('{"id":3,"cmd":"unsubscribe","params":{"sids":[]}}', error(4, "Subscription IDs required", id=3)),
        ('{"id":3,"cmd":"dance","params":{}}', error(5, "Unknown command", id=3)),
        ('{"id":3,"params":{}}', error(5, "Unknown command", id=3)),
        ('{"id":3,"cmd":"unsubscribe","params":{"sids":[9]}}', error(7, "Unknown subscription ID", id=3)),
        (
            '{"id":3,"cmd":"update_subscription","params":{"action":"add_markets","sid":9}}',
            error(7, "Unknown subscription ID", id=3),
        ),
    ],
)
def test_commands(client: Client, text: str | bytes, expected: dict[str, Any]) -> None:
    """A command that can not be made out, or lacks what it needs, concerns no subscription."""
    assert client.say_raw(text) == [expected]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"channels": ["x"]}, 8),
        ({"channels": ["ticker_v2"]}, 8),
        ({"channels": ["multivariate"]}, 8),
        ({"channels": [1]}, 11),
        ({"channels": "trade"}, 11),
        ({"channels": ["trade"], "market_ticker": "A", "market_tickers": ["B"]}, 11),
        ({"channels": ["trade"], "market_tickers": []}, 11),
        ({"channels": ["trade"], "market_tickers": [""]}, 11),
        ({"channels": ["trade"], "skip_ticker_ack": "yes"}, 11),
        ({"channels": ["trade"], "market_id": "i"}, 11),
        ({"channels": ["orderbook_delta"], "market_ids": ["i"]}, 11),
        ({"channels": ["ticker"], "market_id": "i", "market_ids": ["i"]}, 11),
        ({"channels": ["ticker"], "market_ids": ["i"], "market_ticker": "A"}, 11),
        ({"channels": ["communications"], "user_filter": "others"}, 11),
        ({"channels": ["orderbook_delta"]}, 14),
        ({"channels": ["orderbook_delta"], "market_tickers": []}, 14),
        ({"channels": ["communications"], "shard_factor": 0}, 19),
        ({"channels": ["communications"], "shard_factor": -1}, 19),
        ({"channels": ["communications"], "shard_key": 0}, 20),
        ({"channels": ["communications"], "shard_factor": 4, "shard_key": 4}, 21),
        ({"channels": ["communications"], "shard_factor": 4, "shard_key": -1}, 21),
        ({"channels": ["communications"], "shard_factor": 101}, 22),
        ({"channels": ["cfbenchmarks_value"]}, 24),
        ({"channels": ["cfbenchmarks_value_5hz"], "index_ids": []}, 24),
        ({"channels": ["pyth_value"]}, 28),
        ({"channels": ["pyth_value"], "underlying_tickers": []}, 28),
    ],
)
def test_subscribes(client: Client, params: dict[str, Any], code: int) -> None:
    """What a subscribe gets wrong opens nothing."""
    assert client.say("subscribe", 3, **params) == [error(code, ERRORS[code], id=3)]
    assert [known.channel for known in client.session.subscriptions.values()] == SUBSCRIBED


def test_the_book_needs_markets(client: Client) -> None:
    """Only the book can not be had for every market at once."""
    frames = client.say("subscribe", channels=["orderbook_delta", "trade"])
    assert frames[0] == error(14, "Market Ticker required", id=1)
    assert kinds(frames) == ["error", "subscribed"]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"sid": 1}, 15),
        ({"sid": 1, "action": ""}, 15),
        ({"action": "add_markets"}, 12),
        ({"action": "add_markets", "sids": []}, 12),
        ({"action": "add_markets", "sids": [1, 2]}, 12),
        ({"action": "add_markets", "sid": 1, "sids": [1]}, 12),
        ({"action": "add_markets", "sid": "1"}, 11),
    ],
)
def test_updates_of_no_one(client: Client, params: dict[str, Any], code: int) -> None:
    """An update has an action and exactly one sid."""
    assert client.say("update_subscription", 3, **params) == [error(code, ERRORS[code], id=3)]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"action": "dance", "sid": 1}, 13),
        ({"action": "indexlist", "sids": [1]}, 13),
        ({"action": "add_markets", "sid": 1}, 14),
        ({"action": "add_markets", "sid": 1, "market_tickers": []}, 14),
        ({"action": "delete_markets", "sid": 1}, 14),
        ({"action": "get_snapshot", "sid": 1}, 14),
        ({"action": "get_snapshot", "sid": 1, "market_ticker": "A"}, 14),
        ({"action": "get_snapshot", "sid": 1, "market_ids": ["i"]}, 14),
        ({"action": "add_markets", "sid": 1, "market_ids": ["i"]}, 11),
        ({"action": "add_markets", "sid": 1, "market_ticker": "A", "market_tickers": ["B"]}, 11),
        ({"action": "get_snapshot", "sid": 2, "market_tickers": ["A"]}, 13),
    ],
)
def test_updates(client: Client, params: dict[str, Any], code: int) -> None:
    """Errors about a subscription carry its sid, and a number if it has a sequence."""
    envelope = (
        {"id": 3, "sid": 1, "seq": 2} if 1 in {params.get("sid"), *params.get("sids", ())} else {"id": 3, "sid": 2}
    )
    assert client.say("update_subscription", 3, **params) == [error(code, ERRORS[code], **envelope)]


@pytest.mark.parametrize(
    ("channel", "member", "action", "code"),
    [
        ("cfbenchmarks_value", "index_ids", "subscribe_indices", 24),
        ("cfbenchmarks_value_5hz", "index_ids", "unsubscribe_indices", 24),
        ("pyth_value", "underlying_tickers", "subscribe_underlyings", 28),
        ("pyth_value", "underlying_tickers", "unsubscribe_underlyings", 28),
    ],
)
def test_updates_without_names(client: Client, channel: str, member: str, action: str, code: int) -> None:
    """The actions on indices need their names."""
    client.say("subscribe", channels=[channel], **{member: ["X"]})
    assert client.update(action, 4, sid=3) == [error(code, ERRORS[code], id=4, sid=3, seq=1)]


def test_an_unfiltered_subscription_can_not_be_narrowed(client: Client) -> None:
    """Who hears everything has no markets to add to or to delete from."""
    client.say("subscribe", channels=["trade"])
    for action in ("add_markets", "delete_markets"):
        (refusal,) = client.update(action, 4, sid=3, market_tickers=[B])
        assert refusal["msg"]["code"] == 13


def test_too_many_markets() -> None:
    """Beyond the limit nothing is added, and what is there stays; a first subscribe opens nothing."""
    client = Table(habits=Habits(max_markets=2)).client()
    too_many = {"channels": ["orderbook_delta"], "market_tickers": ["A", "B", "C"]}
    assert client.say("subscribe", 1, **too_many) == [error(26, ERRORS[26], id=1)]
    assert client.session.subscriptions == {}
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=["A", "A", "B"])
    assert client.update("add_markets", 2, sid=1, market_tickers=["B", "C"]) == [
        error(26, ERRORS[26], id=2, sid=1, seq=3)
    ]
    assert client.say("subscribe", 3, **too_many) == [error(26, ERRORS[26], id=3, sid=1, seq=4)]
    client.update("delete_markets", sid=1, market_tickers=["A"])
    (ok, _) = client.update("add_markets", 4, sid=1, market_tickers=["C"])
    assert ok["msg"] == {"market_tickers": ["B", "C"]}


def test_too_many_commands() -> None:
    """Each subscription has its own rate, of updates and merging subscribes together, second by second."""
    table = Table(habits=Habits(max_commands=2))
    client = table.client()
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    client.say("subscribe", channels=["trade"], market_tickers=[B])
    for sid in (1, 2):
        client.update("delete_markets", sid=sid, market_tickers=[C])
    client.say("subscribe", channels=["orderbook_delta"], market_tickers=[B])
    assert client.update("delete_markets", 9, sid=1, market_tickers=[B]) == [error(27, ERRORS[27], id=9, sid=1, seq=4)]
    assert client.say("subscribe", 9, channels=["orderbook_delta"], market_tickers=[B])[0]["msg"]["code"] == 27
    assert kinds(client.update("delete_markets", sid=2, market_tickers=[C])) == ["ok"]
    table.pass_time(1.0)
    (*_, ok) = client.update("delete_markets", 9, sid=1, market_tickers=[C])
    assert (ok["type"], ok["msg"]) == ("ok", {"market_tickers": [B]})


def test_refusals_on_demand(client: Client) -> None:
    """The next commands can be made to fail with any code, and do nothing then."""
    client.session.refusals.extend([18, 9])
    assert client.say("unsubscribe", 3, sids=[1]) == [error(18, "Command timeout", id=3)]
    assert client.say("subscribe", 4, channels=["fill"]) == [error(9, "Authentication required", id=4)]
    assert kinds(client.say("unsubscribe", sids=[1])) == ["unsubscribed"]


@pytest.mark.parametrize(("sid", "envelope"), [(1, {"sid": 1, "seq": 2}), (2, {"sid": 2})])
@pytest.mark.parametrize("code", [10, 25])
def test_the_end_of_a_subscription(client: Client, code: int, sid: int, envelope: dict[str, int]) -> None:
    """A terminal error comes unasked and without id; after it the sid is unknown and its channel can be opened anew."""
    session = client.session
    channel = session.subscriptions[sid].channel
    session.fail(session.subscriptions[sid], code)
    assert client.say("unsubscribe", sids=[sid]) == [error(code, ERRORS[code], **envelope), error(7, ERRORS[7], id=1)]
    (opened, *_) = client.say("subscribe", channels=[channel], market_tickers=[B])
    assert opened["msg"]["sid"] == 3


def test_an_unasked_unsubscribed(client: Client) -> None:
    """The exchange can end a subscription as if it had been asked to."""
    client.session.drop(client.session.subscriptions[1])
    (ended, refused) = client.say("unsubscribe", sids=[1])
    assert ended == {"type": "unsubscribed", "sid": 1, "seq": 2}
    assert refused["msg"]["code"] == 7
