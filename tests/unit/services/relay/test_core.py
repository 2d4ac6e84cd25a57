"""Commands in, replies out; what a client left behind; what is said without being asked."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proto.relay import RELAY_CHANNELS, RelayCode
from services.relay import core
from services.relay.directory import Directory
from tests.unit.services.relay.harness import MARKET, OTHER, START, Listener, Table

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)
#: Commands that are nearly right.
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "id": st.integers() | ANY_JSON,
        "cmd": st.sampled_from(["subscribe", "unsubscribe", "ping", "auth"]) | ANY_JSON,
        "params": st.fixed_dictionaries(
            {},
            optional={
                "channels": st.lists(st.sampled_from(RELAY_CHANNELS) | ANY_JSON) | ANY_JSON,
                "market_tickers": st.lists(st.just(MARKET) | ANY_JSON) | ANY_JSON,
            },
        ),
    },
)


@pytest.fixture
def table() -> Table:
    """A relay that knows two markets."""
    return Table(MARKET, OTHER)


def limit(monkeypatch: pytest.MonkeyPatch, subscriptions: int) -> None:
    """Grant fewer subscriptions than usual."""
    monkeypatch.setattr(core, "LIMITS", msgspec.structs.replace(core.LIMITS, subscriptions=subscriptions))


def only_reply(listener: Listener, text: str | bytes) -> dict[str, Any]:
    """Send something and return the one message that answers it."""
    listener.say(text)
    (reply,) = listener.hear()
    return reply


def test_hello_is_first() -> None:
    """Whatever a client asks at once, it first hears session, channels, limits and units, then how the feed is."""
    listener = Listener(Table(MARKET))
    listener.say('{"id":1,"cmd":"ping"}')
    hello, beat, pong = listener.hear()
    assert hello == {
        "type": "hello",
        "session": "session",
        "server_ts": START.ts,
        "channels": ["book", "top", "depth", "ticker", "ticker1s", "trade", "lifecycle"],
        "heartbeat_s": 5.0,
        "limits": {"subscriptions": 10_000, "message_bytes": 1_048_576, "queued_bytes": 262_144, "stalled_s": 30},
        "units": {"price": "1/10000 dollar", "quantity": "1/100 contract", "time": "microseconds since 1970 UTC"},
    }
    assert (beat["type"], beat["counter"], beat["feed"]) == ("heartbeat", 1, "live")
    assert pong == {"type": "pong", "id": 1, "server_ts": START.ts}


@pytest.mark.parametrize("channel", ["private.fill", "private.order", "private.position", "private.account", "fill"])
def test_what_is_private_can_not_be_asked_for(table: Table, channel: str) -> None:
    """To the relay it is no channel at all."""
    reply = table.client().command("subscribe", [channel], [MARKET])
    assert (reply["accepted"], [pair["code"] for pair in reply["refused"]]) == ([], [RelayCode.UNKNOWN_CHANNEL])
    assert not table.relay.topics


def test_each_pair_is_accepted_or_refused_on_its_own(table: Table) -> None:
    """One command with a good and a bad name of each kind: one pair is accepted, the others say why not."""
    reply = table.client().command("subscribe", ["trade", "quotes"], [MARKET, "KXNO-1"])
    assert (reply["type"], reply["id"]) == ("ack", 1)
    assert reply["accepted"] == [{"channel": "trade", "ticker": MARKET, "how": "live"}]
    refused = [(pair["channel"], pair["ticker"], pair["code"], pair["name"]) for pair in reply["refused"]]
    assert refused == [
        ("trade", "KXNO-1", 4204, "unknown_market"),
        ("quotes", MARKET, 4002, "unknown_channel"),
        ("quotes", "KXNO-1", 4002, "unknown_channel"),
    ]
    assert "check the ticker" in reply["refused"][0]["message"]
    assert "there are book, top," in reply["refused"][1]["message"]


@pytest.mark.parametrize("channel", RELAY_CHANNELS)
def test_acknowledgement_promises_what_comes_first(table: Table, channel: str) -> None:
    """`snapshot` for a channel that has a state, `live` for one that has only changes, `ended` for its end."""
    listener = table.client()
    how = "live" if channel in {"trade", "lifecycle"} else "snapshot"
    assert listener.subscribe(channel)["accepted"] == [{"channel": channel, "ticker": MARKET, "how": how}]
    assert listener.unsubscribe(channel)["accepted"] == [{"channel": channel, "ticker": MARKET, "how": "ended"}]


def test_pair_named_twice_is_acknowledged_once(table: Table) -> None:
    """A command that repeats itself is one pair, heard once."""
    listener = table.client()
    reply = listener.command("subscribe", ["trade", "trade"], [MARKET, MARKET])
    assert len(reply["accepted"]) == 1
    table.markets[MARKET].trade()
    assert listener.types() == ["trade"]


def test_nothing_is_ended_that_was_not_begun(table: Table) -> None:
    """4203 for a pair that the client does not have, even if others have it or there is no such market."""
    table.client().subscribe("trade")
    reply = table.client().command("unsubscribe", ["trade", "book"], [MARKET, "KXNO-1"])
    assert not reply["accepted"]
    assert {(pair["code"], pair["name"]) for pair in reply["refused"]} == {(4203, "not_subscribed")}
    assert len(reply["refused"]) == 4


def test_subscriptions_are_limited(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """4200 beyond the limit; a pair that the client has already is no new one, and an ended one makes room."""
    limit(monkeypatch, 2)
    listener = table.client()
    assert len(listener.subscribe("book", "trade")["accepted"]) == 2
    (refused,) = listener.subscribe("top")["refused"]
    assert (refused["code"], refused["name"]) == (4200, "too_many_subscriptions")
    assert "2 subscriptions" in refused["message"]
    assert listener.subscribe("book")["accepted"]
    listener.unsubscribe("trade")
    assert listener.subscribe("top")["accepted"]
    assert table.client().subscribe("ticker")["accepted"]


def test_markets_are_not_known_while_no_gateway_is_heard(table: Table) -> None:
    """4404 instead of 4204 if nobody can tell which markets there are; a market heard of earlier is accepted."""
    listener = table.client()
    table.later(3.0)
    (refused,) = listener.subscribe("book", ticker="KXNO-1")["refused"]
    assert (refused["code"], refused["name"]) == (4404, "feed_unavailable")
    assert "try again" in refused["message"]
    assert listener.subscribe("book")["accepted"]


@pytest.mark.parametrize(
    ("text", "code", "command_id"),
    [
        ("", 4000, None),
        ("nonsense", 4000, None),
        ('{"id":7,"cmd":"ping"', 4000, None),
        ('{"id":7,"cmd":"ping"} {}', 4000, None),
        ('{"id":7,"cmd":"\\ud800"}', 4000, None),
        ("[]", 4001, None),
        ("null", 4001, None),
        ("{}", 4001, None),
        ('{"cmd":"ping"}', 4001, None),
        ('{"id":"7","cmd":"ping"}', 4001, None),
        ('{"id":-7,"cmd":"ping"}', 4001, -7),
        ('{"id":7}', 4001, 7),
        ('{"cmd":"shout","id":7}', 4001, 7),
        ('{"id":7,"cmd":"subscribe"}', 4001, 7),
        ('{"id":7,"cmd":"subscribe","params":{"channels":"book","market_tickers":[]}}', 4001, 7),
        ('{"id":7,"cmd":"subscribe","params":{"channels":[],"market_tickers":[1]}}', 4001, 7),
        (b'{"id":7,"cmd":"ping"}', 4003, None),
    ],
)
def test_bad_command_is_answered(table: Table, text: str | bytes, code: int, command_id: int | None) -> None:
    """Not JSON, the wrong shape or binary: an error with code, name, a sentence, and the id if it could be read."""
    reply = only_reply(table.client(), text)
    assert (reply["type"], reply["code"], reply["id"]) == ("error", code, command_id)
    assert reply["name"] == RelayCode(code).name.lower()
    assert reply["message"]


@pytest.mark.parametrize("depth", [100, 100_000])
@pytest.mark.parametrize("opening", ['{"id":7,"cmd":"shout","x":', '{"id":7,"cmd":"ping","x":', "", '{"x":'])
@pytest.mark.parametrize("closed", [False, True])
def test_deep_nesting_is_answered(table: Table, opening: str, depth: int, *, closed: bool) -> None:
    """However deep a message is nested and wherever, it gets one answer."""
    text = opening + "[" * depth + closed * ("]" * depth + "}")
    assert only_reply(table.client(), text)["type"] in {"error", "pong"}


@settings(max_examples=50)
@given(st.one_of(st.text(), st.binary(), ANY_JSON.map(json.dumps), NEARLY.map(json.dumps)))
def test_any_message_gets_one_answer(message: str | bytes) -> None:
    """Whatever comes is answered by one message of the protocol, and the next command is obeyed."""
    listener = Table(MARKET).client()
    listener.say(message)
    replies = [reply["type"] for reply in listener.hear() if reply["type"] != "events"]
    assert replies in (["ack"], ["error"], ["pong"])
    assert only_reply(listener, '{"id":1,"cmd":"ping"}')["type"] == "pong"


@pytest.mark.parametrize(
    ("channels", "tickers"),
    [
        (1, 20_000),
        (20_000, 1),
        (500, 500),
    ],
)
def test_command_with_more_pairs_than_anybody_may_have(table: Table, channels: int, tickers: int) -> None:
    """It fails as a whole with 4200 and changes nothing: one megabyte of names can make ten thousand million pairs."""
    names = [f"{number:05}" for number in range(max(channels, tickers))]
    listener = table.client()
    for cmd in ("subscribe", "unsubscribe"):
        reply = listener.command(cmd, ["trade", *names[:channels]], [MARKET, *names[:tickers]])
        assert (reply["type"], reply["id"], reply["code"]) == ("error", 1, 4200)
        assert "10000 pairs" in reply["message"]
    assert not table.relay.topics


def test_command_whose_reply_would_be_huge(table: Table) -> None:
    """Long names times many names fail as a whole too: the reply repeats them for every pair."""
    reply = table.client().command("subscribe", [f"{number:05}" for number in range(100)], ["X" * 20_000])
    assert (reply["type"], reply["code"]) == ("error", 4200)


def test_command_with_as_many_pairs_as_allowed(table: Table) -> None:
    """Ten thousand pairs in one command are each answered."""
    reply = table.client().command("subscribe", ["trade"], [MARKET, *map(str, range(9_999))])
    assert (len(reply["accepted"]), len(reply["refused"])) == (1, 9_999)


def test_whoever_leaves_leaves_nothing_behind(table: Table) -> None:
    """Topics live as long as one client wants them; one that left hears nothing."""
    stays, leaves = table.client(), table.client()
    stays.subscribe("trade")
    leaves.subscribe(*RELAY_CHANNELS)
    assert table.relay.topics.keys() == {(channel, MARKET) for channel in RELAY_CHANNELS}
    leaves.leave()
    assert table.relay.topics.keys() == {("trade", MARKET)}
    assert table.relay.clients == {stays.client}
    assert not leaves.client.topics
    assert not leaves.client.owed
    table.markets[MARKET].trade()
    assert not leaves.client.waiting_bytes
    stays.leave()
    assert not table.relay.topics
    assert not table.relay.clients


def test_heartbeat_tells_how_the_feed_is(table: Table) -> None:
    """Every five seconds, and at once when the feed is lost: counter, time and lag."""
    table.beat(sent_ts=START.ts - 1400)
    listeners = [table.client(), table.client()]
    for _ in range(24):
        table.relay.tick(table.later(0.125))
    for listener in listeners:
        first, second = listener.hear()
        assert (first["type"], first["counter"], first["feed"], first["lag_ms"]) == ("heartbeat", 2, "live", 1.4)
        assert (second["counter"], second["feed"]) == (3, "lost")
        assert second["server_ts"] == START.ts + 3_000_000
    for _ in range(39):
        table.relay.tick(table.later(0.125))
    assert listeners[0].hear() == []
    table.relay.tick(table.later(0.125))
    assert [message["counter"] for message in listeners[0].hear()] == [4]


def test_lag_is_unknown_before_the_first_gateway() -> None:
    """A relay that heard no gateway says so."""
    relay = core.Relay(Directory(), {})
    client = relay.opened("session", START)
    beat = json.loads(client.take()[-1])
    assert (beat["feed"], beat["lag_ms"]) == ("lost", None)


def test_events_and_bad_commands_are_counted(table: Table) -> None:
    """Each event that somebody wanted counts once, however many did; each bad command by its name."""
    first, second = table.client(), table.client()
    for listener in (first, second):
        listener.subscribe("trade")
    table.markets[MARKET].trade()
    table.markets[OTHER].trade()
    first.say("nonsense")
    assert table.relay.counts == {("events", "trade"): 1, ("bad_commands", "bad_json"): 1}
