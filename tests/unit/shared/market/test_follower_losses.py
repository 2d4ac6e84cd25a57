"""What a follower does when a gateway falls silent, heartbeats are lost, or the bus breaks."""

from proto.book import Stale
from shared.market.follower import GATEWAY_SILENCE_S
from tests.unit.shared.market.scene import GATEWAY, A, B, Scene, delta, live_scene, snapshot


def test_silence_of_the_gateway_marks_everything() -> None:
    """Three seconds without a heartbeat make its markets stale with `gateway_lost`; not sooner."""
    scene = live_scene()
    scene.wait(GATEWAY_SILENCE_S - 0.2)
    assert scene.reason() is None
    assert not scene.follower.feed_lost
    scene.wait(0.3)
    assert scene.last_heard() == ("stale", "gateway_lost")
    assert scene.follower.feed_lost


def test_silence_from_the_start_marks_everything() -> None:
    """Books that came without any heartbeat do not stay live."""
    scene = Scene()
    scene.receive(snapshot(7))
    assert scene.reason() is None
    scene.wait(GATEWAY_SILENCE_S + 0.1)
    assert scene.last_heard() == ("stale", "gateway_lost")


def test_only_the_silent_gateway_is_lost() -> None:
    """The markets of another gateway stay live."""
    scene = live_scene()
    scene.receive(snapshot(7, B))
    for _ in range(4):
        scene.beat({B: (7, 0)}, instance="gateway-1")
        scene.wait(1.0)
    assert (scene.reason(A), scene.reason(B)) == ("gateway_lost", None)
    assert not scene.follower.feed_lost


def test_nothing_is_live_while_the_gateway_is_silent() -> None:
    """A delta that was still on its way is applied, but its market stays stale until the gateway is heard."""
    scene = live_scene()
    scene.wait(GATEWAY_SILENCE_S + 0.1)
    scene.receive(delta(7, 2))
    assert scene.reason() == "gateway_lost"
    scene.beat({A: (7, 2)})
    assert scene.last_heard() == ("snapshot", "7.2")


def test_a_gateway_that_returns_is_asked_for_all_heads() -> None:
    """After a silence the heads of quiet markets are wanted at once; those that agree are live again."""
    scene = live_scene()
    scene.wait(GATEWAY_SILENCE_S + 0.1)
    scene.beat({})
    assert scene.follower.heads_wanted
    scene.beat({A: (7, 1)})
    assert scene.last_heard() == ("snapshot", "7.1")


def test_a_new_gateway_makes_a_lost_market_live() -> None:
    """After a silence the snapshot of another gateway, which is heard, is taken without waiting for its heads."""
    scene = live_scene()
    scene.wait(GATEWAY_SILENCE_S + 0.1)
    scene.beat({}, instance="gateway-1")
    scene.receive(snapshot(8))
    assert scene.last_heard() == ("snapshot", "8.0")


def test_a_lost_heartbeat_makes_heads_wanted() -> None:
    """A jump of the counter means that heads were missed."""
    scene = live_scene()
    scene.beat({})
    assert not scene.follower.heads_wanted
    scene.beat({}, lost=1)
    assert scene.follower.heads_wanted


def test_a_break_puts_all_in_doubt() -> None:
    """When the bus broke every live market is marked `bus_gap`, and heads are wanted."""
    scene = live_scene()
    scene.receive(snapshot(7, B), Stale(B, 7, 0, 1, "gap"))
    scene.heard.clear()
    scene.lose_bus()
    assert [(m.ticker, m.reason) for m in scene.heard if isinstance(m, Stale)] == [(A, "bus_gap")]
    assert scene.reason(B) == "gap"
    assert scene.follower.heads_wanted


def test_after_a_break_heads_are_trusted_late() -> None:
    """The first heartbeat after a break can be older than it; the second one tells the truth."""
    scene = live_scene()
    scene.lose_bus()
    scene.beat({A: (7, 1)})
    assert scene.reason() == "bus_gap"
    scene.beat({A: (7, 1)})
    assert scene.last_heard() == ("snapshot", "7.1")


def test_after_a_break_the_next_delta_is_enough() -> None:
    """A delta that continues the book proves that nothing was lost."""
    scene = live_scene()
    scene.lose_bus()
    scene.receive(delta(7, 2))
    assert scene.last_heard() == ("snapshot", "7.2")


def test_heads_that_were_asked_for_are_trusted() -> None:
    """The answer to rpc.gateway.heads names the heartbeat from which on heads are newer than the break."""
    scene = live_scene()
    scene.lose_bus()
    scene.follower.heads_wanted = False
    scene.follower.trust(GATEWAY, 1)
    scene.follower.trust("unknown", 1)
    scene.beat({A: (7, 1)})
    assert scene.last_heard() == ("snapshot", "7.1")
    assert not scene.follower.heads_wanted


def test_heads_that_came_before_their_answer_are_asked_for_again() -> None:
    """Heads overtaking the answer that makes them trusted are wanted once more, and then believed."""
    scene = live_scene()
    scene.lose_bus()
    scene.beat({A: (7, 1)})
    scene.follower.heads_wanted = False
    scene.follower.trust(GATEWAY, 1)
    assert scene.follower.heads_wanted
    scene.beat({A: (7, 1)})
    scene.follower.heads_wanted = False
    scene.follower.trust(GATEWAY, 2)
    assert scene.reason() is None
    assert not scene.follower.heads_wanted


def test_a_gateway_that_handed_over_says_nothing_of_the_next_ones_book() -> None:
    """Neither its older stale heads nor its silence touch a book that another gateway goes on with."""
    scene = live_scene()
    scene.receive(Stale(A, 7, 1, 0, "disconnected"))
    scene.receive(snapshot(8))
    scene.beat({A: (8, 0)}, instance="gateway-1")
    scene.beat({A: (7, 1)}, stale=(A,))
    for _ in range(5):
        scene.wait(1.0)
        scene.beat({}, instance="gateway-1")
    assert scene.last_heard() == ("snapshot", "8.0")
    assert scene.reason() is None
