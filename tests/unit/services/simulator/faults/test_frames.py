"""Frames that are lost, doubled, swapped and late on their way to a client."""

from gc import collect
from weakref import ref

import pytest

from tests.unit.services.simulator.faults.scene import BOSTON, DENVER, Table


@pytest.mark.parametrize(
    ("fault", "seqs"),
    [
        ({"fault": "drop"}, [3, 4, 5, 6]),
        ({"fault": "drop", "count": 2, "skip": 1}, [2, 5, 6]),
        ({"fault": "drop", "count": 0}, []),
        ({"fault": "drop", "for_s": 1}, []),
        ({"fault": "duplicate", "count": 2}, [2, 2, 3, 3, 4, 5, 6]),
        ({"fault": "reorder"}, [3, 2, 4, 5, 6]),
        ({"fault": "reorder", "count": 2}, [3, 2, 5, 4, 6]),
        ({"fault": "delay", "delay_ms": 100, "skip": 1}, [2]),
        ({"fault": "delay", "delay_ms": 100, "skip": 1, "in_order": False}, [2, 4, 5, 6]),
        ({"fault": "drop", "session": 2}, [2, 3, 4, 5, 6]),
        ({"fault": "drop", "channel": "ticker"}, [2, 3, 4, 5, 6]),
    ],
)
def test_frames_are_spoilt(fault: dict[str, object], seqs: list[int]) -> None:
    """As many as were asked for, on the connection and channel that were asked for."""
    table = Table()
    client = table.client(BOSTON)
    table.post(fault)
    table.change(5)
    assert client.seqs() == seqs


def test_spoilt_frames_are_counted() -> None:
    """A fault is active until all frames have met it, then done; each subscription has its own count."""
    table = Table()
    clients = [table.client(BOSTON), table.client(BOSTON)]
    table.post({"fault": "drop", "count": 2})
    table.change()
    (status,) = table.faults.status()
    assert (status.id, status.state, status.hits) == (1, "active", 2)
    table.change()
    (status,) = table.faults.status()
    assert (status.state, status.hits) == ("done", 4)
    assert all(next(iter(c.session.subscriptions.values())).outlet is c.session.outbox for c in clients)


def test_chance_is_asked_per_frame() -> None:
    """A frame is spoilt if the number drawn for it is below the chance; others do not count."""
    drawn = iter([0.1, 0.9, 0.3, 0.2, 0.1])
    table = Table(lambda: next(drawn))
    client = table.client(BOSTON)
    table.post({"fault": "drop", "chance": 0.3, "count": 2})
    table.change(5)
    assert client.seqs() == [3, 4, 6]


def test_replies_and_snapshots_are_frames_too() -> None:
    """What a command brings about on the subscription can be lost as well."""
    table = Table()
    client = table.client(BOSTON)
    table.post({"fault": "drop"})
    frames = client.say("update_subscription", sid=1, action="add_markets", market_tickers=[DENVER])
    assert [frame["type"] for frame in frames] == ["orderbook_snapshot"]


def test_delayed_frames_come_in_time() -> None:
    """Each after its delay, in order; when the last has gone nothing stands in the way any more."""
    table = Table()
    client = table.client(BOSTON)
    table.post({"fault": "delay", "delay_ms": 100, "count": 2})
    table.change()
    table.wait(0.04)
    table.change(2)
    table.wait(0.04)
    table.change()
    assert client.seqs() == []
    table.wait(0.03)
    assert client.seqs() == [2]
    table.wait(0.04)
    assert client.seqs() == [3, 4, 5]
    assert table.faults.status()[0].state == "done"
    table.change()
    assert client.seqs() == [6]


def test_overtaken_frame_comes_later() -> None:
    """Without order only the frame itself waits."""
    table = Table()
    client = table.client(BOSTON)
    table.post({"fault": "delay", "delay_ms": 100, "in_order": False})
    table.change(3)
    table.wait(0.1)
    assert client.seqs() == [3, 4, 2]


@pytest.mark.parametrize("fault", [{"fault": "delay", "delay_ms": 60_000}, {"fault": "reorder"}])
def test_held_frames_come_when_faults_are_cleared(fault: dict[str, object]) -> None:
    """What was held back is not lost."""
    table = Table()
    client = table.client(BOSTON)
    table.post(fault)
    table.change()
    table.wait(1)
    assert client.seqs() == []
    table.faults.clear()
    table.wait()
    assert client.seqs() == [2]
    assert table.faults.status() == []


def test_spoilers_stand_behind_each_other() -> None:
    """Two faults meet the same frames, the later one first, and each goes when it is done."""
    table = Table()
    client = table.client(BOSTON)
    table.post({"fault": "drop", "skip": 1}, {"fault": "duplicate", "count": 3})
    table.change(4)
    # Of what the second fault doubles, the first lets one pass and drops the next.
    assert client.seqs() == [2, 3, 3, 4, 4, 5]
    assert [status.state for status in table.faults.status()] == ["done", "done"]
    (subscription,) = client.session.subscriptions.values()
    assert subscription.outlet is client.session.outbox


@pytest.mark.parametrize(
    ("fault", "lost"),
    [
        ({"fault": "drop", "for_s": 10}, True),
        ({"fault": "drop", "for_s": 10, "count": 5}, True),
        ({"fault": "drop"}, False),
        ({"fault": "drop", "count": 5}, False),
    ],
)
def test_later_subscriptions(fault: dict[str, object], lost: bool) -> None:
    """A fault that lasts meets them too, until its time is over; one that does not has met its own."""
    table = Table()
    table.client(BOSTON)
    table.post(fault)
    late = table.client(BOSTON)
    table.change()
    assert late.seqs() == ([] if lost else [2])
    table.wait(10)
    table.change()
    assert late.seqs() == [3]


def test_fault_waits_for_somebody() -> None:
    """With nobody there the first subscription that is opened is met."""
    table = Table()
    (status,) = table.post({"fault": "drop"})
    assert status.state == "waiting"
    client = table.client(BOSTON)
    table.change(2)
    assert client.seqs() == [3]


def test_ended_subscription_ends_its_fault() -> None:
    """Who has gone can not be met any more; what it was told last still comes in time."""
    table = Table()
    client = table.client(BOSTON)
    table.post({"fault": "drop", "skip": 100}, {"fault": "delay", "delay_ms": 100, "count": 5})
    table.change()
    assert client.say("unsubscribe", sids=[1]) == []
    assert [status.state for status in table.faults.status()] == ["done", "active"]
    table.wait(0.1)
    assert [frame["type"] for frame in client.heard()] == ["orderbook_delta", "unsubscribed"]
    assert [status.state for status in table.faults.status()] == ["done", "done"]


def test_lasting_fault_forgets_who_has_gone() -> None:
    """As soon as somebody else comes; what it did to them still counts."""
    table = Table()
    table.post({"fault": "drop", "count": 0, "channel": "trade"})
    met = []
    for _ in range(3):
        client = table.client()
        client.say("subscribe", channels=["trade"])
        (subscription,) = client.session.subscriptions.values()
        met.append(ref(subscription.outlet))
        table.exchange.floor.trade(table.world.markets[BOSTON], [(5000, 100, "yes")], table.now.ts)
        table.wait()
        assert client.heard() == []
        client.leave()
    del client, subscription
    table.forget()
    collect()
    assert [one() is None for one in met] == [True, True, False]
    (status,) = table.faults.status()
    assert (status.state, status.hits) == ("active", 3)
