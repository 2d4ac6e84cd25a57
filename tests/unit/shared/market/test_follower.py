"""What a follower does about each message and each head."""

from proto.book import BookMessage, Stale
from proto.requests import BookImage
from shared.market.follower import ASK_AGAIN_FIRST_S, GONE_KEPT_S, HEAD_GRACE_S
from tests.unit.shared.market.scene import A, B, Scene, delta, image, live_scene, snapshot


def test_a_market_is_asked_for_when_first_heard_of() -> None:
    """A delta or a head of an unknown market makes its book be asked for, once at a time and with growing pauses."""
    scene = Scene()
    scene.receive(delta(7, 3))
    scene.beat({B: (7, 3)})
    scene.at += 0.1
    assert scene.follower.asks_due(scene.now)
    assert scene.follower.due(scene.now) == [A, B]
    assert not scene.follower.asks_due(scene.now)
    assert scene.follower.due(scene.now) == []
    asked = 0
    for _ in range(600):
        scene.at += 0.1
        asked += A in scene.follower.due(scene.now)
    assert 8 <= asked <= 14
    assert scene.heard == []


def test_an_answer_ends_the_asking() -> None:
    """The book that was asked for, with the deltas heard meanwhile, is said as one snapshot and not asked for again."""
    scene = Scene()
    scene.receive(delta(7, 3))
    scene.bring(image(7, 2))
    assert scene.last_heard() == ("snapshot", "7.3")
    assert scene.follower.replicas[A].book.ladder("yes") == ((5000, 130),)
    scene.at += 100
    assert scene.follower.due(scene.now) == []


def test_a_snapshot_with_a_hole_behind_it_makes_its_book_asked_for() -> None:
    """A snapshot of which a later delta is known but the next one is missing does not make the market live."""
    scene = live_scene()
    scene.receive(delta(8, 2), Stale(A, 7, 1, 1, "gap"), snapshot(8))
    assert scene.reason() == "gap"
    scene.at += 0.1
    assert scene.follower.due(scene.now) == [A]
    scene.receive(delta(8, 1))
    assert scene.last_heard() == ("snapshot", "8.2")


def test_a_stale_answer_is_no_answer() -> None:
    """A book that is stale at its owner is not taken, and asked for again."""
    scene = Scene()
    scene.receive(delta(7, 3))
    scene.bring(image(7, 3, "stale"))
    assert scene.reason() == "bus_gap"
    scene.at += ASK_AGAIN_FIRST_S
    assert scene.follower.due(scene.now) == [A]


def test_an_answer_that_nobody_waits_for_any_longer_is_ignored() -> None:
    """A book that was asked for before the gateway marked the market, or let it go, comes too late."""
    scene = live_scene()
    scene.receive(delta(7, 3))
    scene.beat({}, gone=(A,))
    scene.bring(image(7, 3))
    assert scene.reason() == "unsubscribed"


def test_only_accepted_markets_are_kept() -> None:
    """Messages and heads of other markets leave no trace."""
    scene = Scene(A)
    scene.receive(snapshot(7), snapshot(7, B))
    scene.beat({A: (7, 0), B: (7, 0)}, gone=("KXC-1",))
    scene.bring(BookImage(B, 7, 0, "live", 7, (), ()))
    assert list(scene.follower.replicas) == [A]


def test_messages_that_continue_are_passed_on() -> None:
    """A listener hears what the bus said, each once."""
    scene = Scene()
    mark = Stale(A, 9, 0, 5, "disconnected")
    messages: list[BookMessage] = [snapshot(7), delta(7, 1), delta(7, 2), snapshot(9), mark, snapshot(11)]
    for message in messages:
        scene.receive(message)
        if message is not mark:
            scene.receive(message)
    assert scene.heard == messages


def test_a_gap_marks_and_asks() -> None:
    """A missing delta makes the market stale with `bus_gap` at once, and its book be asked for."""
    scene = live_scene()
    scene.receive(delta(7, 3))
    assert scene.last_heard() == ("stale", "bus_gap")
    scene.at += 0.1
    assert scene.follower.due(scene.now) == [A]


def test_a_heartbeat_can_not_hide_a_known_gap() -> None:
    """A head from before the hole does not make a market live of which later deltas were heard."""
    scene = live_scene()
    scene.receive(delta(7, 3))
    scene.beat({A: (7, 1)})
    assert scene.reason() == "bus_gap"
    scene.bring(image(7, 1))
    assert scene.reason() == "bus_gap"
    assert scene.last_heard() == ("stale", "bus_gap")


def test_a_lost_last_message_is_noticed() -> None:
    """When a delta is lost and none follows, the next heartbeat and the grace after it mark the market."""
    scene = live_scene()
    scene.beat({A: (7, 2)})
    scene.wait(HEAD_GRACE_S - 0.1)
    assert scene.reason() is None
    scene.wait(0.2)
    assert scene.last_heard() == ("stale", "bus_gap")
    scene.at += 0.1
    assert scene.follower.due(scene.now) == [A]


def test_a_book_older_than_its_head_does_not_help() -> None:
    """When the book builder lost the same message, its book does not make the market live."""
    scene = live_scene()
    scene.beat({A: (7, 2)})
    scene.wait(HEAD_GRACE_S + 0.1)
    scene.bring(image(7, 1))
    assert scene.reason() == "bus_gap"
    scene.bring(image(7, 2))
    assert scene.last_heard() == ("snapshot", "7.2")


def test_messages_within_the_grace_are_not_missed() -> None:
    """A head ahead of the replica is no gap if its messages come within the grace."""
    scene = live_scene()
    scene.beat({A: (7, 2)})
    scene.wait(HEAD_GRACE_S - 0.1)
    scene.receive(delta(7, 2))
    scene.wait(1.0)
    assert scene.reason() is None
    assert scene.last_heard() == ("delta", "7.2")


def test_each_head_has_its_own_grace() -> None:
    """A loss that a second heartbeat shows while an earlier head is still in its grace is not forgotten."""
    scene = live_scene()
    scene.beat({A: (7, 2)})
    scene.receive(delta(7, 2))
    scene.wait(0.2)
    scene.beat({A: (7, 3)})
    scene.wait(HEAD_GRACE_S + 0.1)
    assert scene.reason() == "bus_gap"


def test_older_heads_do_nothing() -> None:
    """A heartbeat that was overtaken by messages changes nothing."""
    scene = live_scene()
    scene.receive(delta(7, 2), snapshot(9))
    scene.heard.clear()
    scene.beat({A: (7, 1)})
    scene.wait(1.0)
    assert scene.reason() is None
    assert scene.heard == []


def test_a_lost_mark_is_noticed() -> None:
    """A market that the heartbeat calls stale is marked after the grace, and no book of that epoch makes it live."""
    scene = live_scene()
    scene.beat({A: (7, 1)}, stale=(A,))
    scene.wait(HEAD_GRACE_S + 0.1)
    assert scene.last_heard() == ("stale", "bus_gap")
    scene.bring(image(7, 1))
    scene.beat({A: (7, 1)})
    assert scene.reason() == "bus_gap"
    scene.receive(snapshot(8))
    assert scene.last_heard() == ("snapshot", "8.0")


def test_a_doubted_book_that_is_marked_needs_a_snapshot() -> None:
    """A head that calls a doubted book stale ends the asking; neither its image nor an equal head makes it live."""
    scene = live_scene()
    scene.lose_bus()
    scene.beat({A: (7, 1)}, stale=(A,))
    scene.beat({A: (7, 1)})
    assert scene.reason() == "bus_gap"
    scene.at += 100
    assert scene.follower.due(scene.now) == []


def test_a_mark_ends_the_asking() -> None:
    """While the gateway itself has no book, nobody is asked for one."""
    scene = live_scene()
    scene.receive(delta(7, 3), Stale(A, 7, 3, 1, "gap"))
    assert scene.reason() == "gap"
    scene.at += 100
    assert scene.follower.due(scene.now) == []


def test_a_lost_mark_behind_late_deltas_is_noticed() -> None:
    """A lost mark is noticed also when the deltas before it came only after the heartbeat."""
    scene = live_scene()
    scene.beat({A: (7, 2)}, stale=(A,))
    scene.receive(delta(7, 2))
    scene.wait(HEAD_GRACE_S + 0.1)
    assert scene.reason() == "bus_gap"


def test_a_mark_that_a_snapshot_has_ended_is_not_missed() -> None:
    """A stale head that a snapshot overtakes within the grace marks nothing."""
    scene = live_scene()
    scene.beat({A: (7, 1)}, stale=(A,))
    scene.receive(snapshot(8))
    scene.wait(1.0)
    assert scene.reason() is None


def test_a_restarted_gateway_that_has_no_book_yet_is_believed() -> None:
    """A head without a snapshot, marked stale, puts an old book in doubt until the new gateway's snapshot."""
    scene = live_scene()
    scene.beat({A: (0, 0)}, stale=(A,), instance="gateway-1")
    scene.wait(HEAD_GRACE_S + 0.1)
    assert scene.reason() == "bus_gap"
    scene.receive(snapshot(8))
    assert scene.reason() is None


def test_a_market_that_is_gone_is_marked_and_later_forgotten() -> None:
    """A market that the gateway no longer follows is stale with `unsubscribed` for a while, then dropped."""
    scene = live_scene()
    scene.beat({}, gone=(A,))
    scene.beat({}, gone=(A,))
    assert scene.last_heard() == ("stale", "unsubscribed")
    assert len(scene.heard) == 1
    scene.wait(GONE_KEPT_S - 1, beating=True)
    assert scene.reason() == "unsubscribed"
    scene.wait(2, beating=True)
    assert scene.follower.replicas == {}
    assert scene.follower.due(scene.now) == []


def test_a_market_can_come_back() -> None:
    """A market that is followed again before it was forgotten is live by its next snapshot and stays."""
    scene = live_scene()
    scene.beat({}, gone=(A,))
    scene.receive(snapshot(8))
    assert scene.last_heard() == ("snapshot", "8.0")
    scene.wait(GONE_KEPT_S + 1, beating=True)
    assert scene.reason() is None


def test_a_chosen_market_is_never_forgotten() -> None:
    """A market that was asked for by name is kept when it is gone, so that it can come back at any time."""
    scene = live_scene()
    scene.follower.follow([A], scene.now)
    scene.beat({}, gone=(A,))
    scene.wait(GONE_KEPT_S + 1, beating=True)
    assert scene.reason() == "unsubscribed"
    scene.receive(snapshot(8))
    assert scene.reason() is None


def test_following_starts_at_once() -> None:
    """A market that is chosen is asked for before anything is heard of it."""
    scene = Scene(A)
    scene.follower.follow([A], scene.now)
    scene.at += 0.1
    assert scene.follower.due(scene.now) == [A]


def test_forgetting_leaves_nothing() -> None:
    """A forgotten market is neither held nor asked for, nor remembered by a suspicion."""
    scene = live_scene()
    scene.beat({A: (7, 5)})
    scene.follower.forget(A)
    scene.wait(1.0)
    assert scene.heard == []
    assert scene.follower.replicas == {}
    assert scene.follower.due(scene.now) == []


def test_another_gateways_older_heads_do_not_vouch_for_a_book() -> None:
    """A gateway that goes on from an older epoch keeps nothing live; once the owner is lost its book is asked for."""
    scene = Scene()
    scene.receive(snapshot(20))
    scene.beat({A: (20, 0)}, instance="newer")
    for _ in range(4):
        scene.beat({A: (10, 7)}, instance="older")
        scene.wait(1)
    replica = scene.follower.replicas[A]
    assert replica.reason == "gateway_lost"
    scene.beat({A: (10, 8)}, instance="older")
    scene.wait(0.2)
    assert scene.follower.due(scene.now) == [A]
    scene.receive(snapshot(30))
    assert replica.status == "live"
