"""Connections that end, fall silent, are refused, and whose commands fail."""

from math import inf

import msgspec
import pytest

from services.simulator.faults.door import Refused
from services.simulator.session.acts import Act, Close, Cut, Mute, Unmute
from shared.kalshi.signing import Refusal
from shared.market.clock import Now
from tests.unit.services.simulator.faults.scene import BOSTON, Table


@pytest.mark.parametrize(
    ("fault", "act"),
    [
        ({"fault": "cut"}, Cut()),
        ({"fault": "close"}, Close(1001)),
        ({"fault": "close", "code": 4000, "reason": "so"}, Close(4000, "so")),
        ({"fault": "mute"}, Mute(pongs=True)),
        ({"fault": "mute", "pongs": False}, Mute(pongs=False)),
    ],
)
@pytest.mark.parametrize("session", [None, 2])
def test_connections_are_met(fault: dict[str, object], act: Act, session: int | None) -> None:
    """All of them, or the one that is named; who connects later is left alone."""
    table = Table()
    clients = [table.client(), table.client()]
    table.post(fault | ({"session": session} if session else {}))
    assert [client.acts for client in clients] == [[] if session else [act], [act]]
    assert table.faults.status()[0].hits == (1 if session else 2)
    assert table.client().acts == []


def test_fault_begins_in_time() -> None:
    """It waits until then, and for somebody to meet after that."""
    table = Table()
    table.post({"fault": "cut", "after_s": 5})
    table.client()
    table.wait(4.9)
    assert table.faults.status()[0].state == "waiting"
    table.wait(0.2)
    assert table.faults.status()[0].state == "done"
    table.post({"fault": "cut", "session": 2})
    assert table.client().acts == [Cut()]


def test_muted_client_loses_what_is_said() -> None:
    """After its time it hears again, with a hole in the sequence."""
    table = Table()
    client = table.client(BOSTON)
    table.post({"fault": "mute", "for_s": 2})
    table.change(3)
    assert client.say("list_subscriptions") == []
    table.wait(2)
    table.change()
    assert client.seqs() == [5]
    assert client.acts == [Mute(pongs=True), Unmute()]
    assert table.faults.status()[0].state == "done"


class Pulse:
    """Changes a book at one moment, before the faults of that turn."""

    def __init__(self, table: Table, at: float) -> None:
        self._table = table
        self._at = at

    def next_at(self) -> float:
        """Return the moment, until it has come."""
        return self._at

    def run(self, now: Now) -> None:
        """Change the book."""
        self._at = inf
        self._table.exchange.floor.change(self._table.world.markets[BOSTON], [("yes", 5000, 100)], now.ts)


def test_muted_client_loses_what_is_said_to_the_last() -> None:
    """Also in the turn in which it is over."""
    table = Table()
    client = table.client(BOSTON)
    table.exchange.engines.insert(0, Pulse(table, table.now.at + 2))
    table.post({"fault": "mute", "for_s": 2})
    table.wait(3)
    table.change()
    assert client.seqs() == [3]


def test_mute_for_good_ends_with_the_connection() -> None:
    """Or when faults are cleared."""
    table = Table()
    gone, cleared = table.client(), table.client(BOSTON)
    table.post({"fault": "mute", "session": 1}, {"fault": "mute", "session": 2})
    table.wait(1000)
    gone.leave()
    assert [status.state for status in table.faults.status()] == ["done", "active"]
    table.faults.clear()
    table.change()
    assert cleared.acts == [Mute(pongs=True), Unmute()]
    assert cleared.seqs() == [2]


def test_muted_connection_is_muted_once() -> None:
    """A second mute of it waits until the first is over."""
    table = Table()
    client = table.client()
    table.post({"fault": "mute", "for_s": 1}, {"fault": "mute", "for_s": 1, "pongs": False})
    table.wait(1)
    table.wait(1)
    assert client.acts == [Mute(pongs=True), Unmute(), Mute(pongs=False), Unmute()]


def test_commands_are_refused() -> None:
    """As many as were asked for, whatever they are; nothing comes of them."""
    table = Table()
    client = table.client()
    table.post({"fault": "refuse_command", "code": 18, "count": 2})
    for _ in range(2):
        (frame,) = client.say("subscribe", 7, channels=["ticker"])
        assert (frame["type"], frame["id"], frame["msg"]) == ("error", 7, {"code": 18, "msg": "Command timeout"})
    assert client.say("subscribe", 8, channels=["ticker"])[0]["type"] == "subscribed"


def test_refused_commands_are_cleared() -> None:
    """What was not refused yet is not refused any more."""
    table = Table()
    client = table.client()
    table.post({"fault": "refuse_command", "code": 9})
    table.faults.clear()
    assert client.say("list_subscriptions")[0]["type"] == "ok"


def admitted(table: Table, key_id: str = "key", connected: int = 0, unsigned: Refusal | None = None) -> Refused | None:
    """Knock at the door."""
    return table.door.admit(key_id, connected, table.now, unsigned)


def test_door_lets_in() -> None:
    """Who is signed well and not one too many."""
    table = Table()
    assert admitted(table, connected=1) is None
    assert admitted(table, connected=2) == Refused(429, "Too Many Requests", b'{"error":"too many requests"}')
    refused = admitted(table, connected=2, unsigned=Refusal("a", "b", "c"))
    assert refused == Refused(401, "Unauthorized", b'{"error":{"code":"a","message":"b","details":"c"}}')


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("header_timestamp_expired", ("header_timestamp_expired", "header timestamp expired", "")),
        (
            "signature_is_missing_from_headers",
            ("signature_is_missing_from_headers", "signature is missing from headers", ""),
        ),
        ("NOT_FOUND", ("authentication_error", "authentication error", "NOT_FOUND")),
        (None, ("authentication_error", "authentication error", "INCORRECT_API_KEY_SIGNATURE")),
    ],
)
def test_refused_with_401(code: str | None, body: tuple[str, str, str]) -> None:
    """The body is the one that a handshake gets which earns it."""
    table = Table()
    table.post({"fault": "refuse_connect", "status": 401} | ({"code": code} if code else {}))
    refused = admitted(table)
    assert refused is not None
    assert refused.status == 401
    assert msgspec.json.decode(refused.body)["error"] == dict(zip(("code", "message", "details"), body, strict=True))


@pytest.mark.parametrize(
    ("members", "answers"),
    [
        ({}, [503, None, None]),
        ({"status": 429, "count": 2}, [429, 429, None]),
        ({"count": 0}, [503, 503, 503]),
        ({"for_s": 2.5}, [503, 503, 503]),
        ({"for_s": 1.5}, [503, 503, None]),
        ({"after_s": 1, "count": 5, "for_s": 1}, [None, 503, None]),
        ({"key_id": "key"}, [503, None, None]),
        ({"key_id": "other"}, [None, None, None]),
    ],
)
def test_handshakes_are_refused(members: dict[str, object], answers: list[int | None]) -> None:
    """So many, for so long, of this key; here one is tried every second, good in itself."""
    table = Table()
    table.post({"fault": "refuse_connect"} | members)
    heard = []
    for _ in answers:
        refused = admitted(table)
        heard.append(refused.status if refused else None)
        table.wait(1)
    assert heard == answers
    assert table.faults.status()[0].hits == len([answer for answer in answers if answer])


def test_refusal_ends_in_time() -> None:
    """Though no turn has come since."""
    table = Table()
    table.post({"fault": "refuse_connect", "for_s": 1})
    assert table.door.admit("key", 0, Now(table.now.at + 1, table.now.ts)) is None


def test_pause() -> None:
    """Nobody trades, all are cut, nobody comes in until it is over; a second pause waits for its turn."""
    table = Table()
    client = table.client()
    table.post({"fault": "pause", "for_s": 60}, {"fault": "pause"})
    assert client.acts == [Cut()]
    assert not table.world.trading_active
    refused = admitted(table)
    assert refused is not None
    assert (refused.status, refused.body) == (503, b'{"error":"service unavailable"}')
    table.wait(60)
    assert [status.state for status in table.faults.status()] == ["done", "active"]
    assert admitted(table)
    table.faults.clear()
    assert table.world.trading_active
    assert admitted(table) is None


def test_pause_with_outage() -> None:
    """An outage is a pause in which the exchange as a whole is away."""
    table = Table()
    table.post({"fault": "pause", "outage": True, "for_s": 60})
    assert not table.world.exchange_active
    table.wait(60)
    assert table.world.exchange_active
