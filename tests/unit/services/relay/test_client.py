"""What waits for one client: batches, other messages, and how many bytes."""

import json

from proto.relay import Pong
from services.relay.client import Client


def test_events_that_follow_one_another_are_one_batch() -> None:
    """A message of another kind ends the batch, so the order is kept."""
    client = Client("session")
    client.event(b'{"n":1}')
    client.event(b'{"n":2}')
    client.say(Pong(1, 0))
    client.event(b'{"n":3}')
    assert [json.loads(payload) for payload in client.take()] == [
        {"type": "events", "events": [{"n": 1}, {"n": 2}]},
        {"type": "pong", "id": 1, "server_ts": 0},
        {"type": "events", "events": [{"n": 3}]},
    ]


def test_taken_once() -> None:
    """What was taken waits no longer."""
    client = Client("session")
    client.event(b"{}")
    assert len(client.take()) == 1
    assert client.take() == []


def test_waiting_bytes_are_those_of_the_payloads() -> None:
    """Every event and message counts until it is taken."""
    client = Client("session")
    assert client.idle
    client.event(b"x" * 100)
    client.event(b"y" * 50)
    assert client.waiting_bytes == 150
    assert not client.idle
    client.say(Pong(1, 0))
    assert client.waiting_bytes == 150 + len(b'{"type":"pong","id":1,"server_ts":0}')
    client.take()
    assert client.waiting_bytes == 0
    assert client.idle


def test_flow_is_told_when_it_changes() -> None:
    """Once when it begins and once when all that was missed has been given, with the count so far."""
    client = Client("session")
    client.caught_up()
    client.conflate()
    client.conflate()
    client.dropped = 3
    client.caught_up()
    client.conflated = False
    client.caught_up()
    client.caught_up()
    told = [json.loads(payload) for payload in client.take()]
    assert [(message["state"], message["dropped"]) for message in told] == [("conflated", 0), ("full", 3)]
