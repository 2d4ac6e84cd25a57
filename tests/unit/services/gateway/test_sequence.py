"""Holes in the exchange's sequence numbers are seen whether or not control replies share the counter."""

from collections.abc import Callable
from random import Random

import pytest

from services.gateway.sequence import Order, Sequence

SEEDS = range(300)
FRAMES = 40
Frame = tuple[str, int]
Convention = Callable[[Random], list[Frame]]


def shared(random: Random) -> list[Frame]:
    """Make data and control frames that count together."""
    return [(random.choice(["data", "data", "control"]), seq) for seq in range(1, FRAMES)]


def separate(random: Random) -> list[Frame]:
    """Make data and control frames that count each for themselves."""
    kinds = random.choices(["data", "control"], [random.random(), random.random()], k=FRAMES)
    return [(kind, kinds[: place + 1].count(kind)) for place, kind in enumerate(kinds)]


def orders(frames: list[Frame]) -> list[Order]:
    """Give frames to a new sequence."""
    sequence = Sequence()
    return [sequence.data(seq) if kind == "data" else sequence.control(seq) for kind, seq in frames]


def explained(frames: list[Frame]) -> bool:
    """Tell whether some convention explains these frames without a lost one."""
    data = [seq for kind, seq in frames if kind == "data"]
    control = [seq for kind, seq in frames if kind == "control"]
    numbers = [seq for _, seq in frames]
    return numbers == [*range(1, len(numbers) + 1)] or (
        data == [*range(1, len(data) + 1)] and control == [*range(1, len(control) + 1)]
    )


@pytest.mark.parametrize("convention", [shared, separate])
def test_no_false_hole(convention: Convention) -> None:
    """When nothing is lost nothing is a hole, in either convention and any interleaving."""
    for seed in SEEDS:
        assert set(orders(convention(Random(seed)))) == {Order.NEXT}, f"seed {seed}"


@pytest.mark.parametrize("convention", [shared, separate])
def test_a_lost_data_frame_shows_as_soon_as_it_can(convention: Convention) -> None:
    """A hole is told at the first frame that no convention explains without a loss, and only there."""
    for seed in SEEDS:
        random = Random(seed)
        frames = convention(random)
        data = [place for place, (kind, _) in enumerate(frames) if kind == "data"]
        if not data:
            continue
        del frames[random.choice(data)]
        told = [place for place, order in enumerate(orders(frames)) if order is Order.HOLE]
        unexplained = (place for place in range(len(frames)) if not explained(frames[: place + 1]))
        assert told == [*unexplained][:1], f"seed {seed}"


def test_only_data_frames() -> None:
    """Without control replies the numbers are 1, 2, 3…, and the count goes on from a hole."""
    assert orders([("data", seq) for seq in (1, 2, 5, 6, 6, 7)]) == [
        Order.NEXT,
        Order.NEXT,
        Order.HOLE,
        Order.NEXT,
        Order.REPEATED,
        Order.NEXT,
    ]


def test_a_sequence_begins_at_one() -> None:
    """A first frame with another number was not the first."""
    assert orders([("data", 2)]) == [Order.HOLE]


def test_replies_before_any_data() -> None:
    """Several acknowledgements before the first snapshot are no hole, whoever counts them."""
    assert orders([("control", 1), ("control", 2), ("data", 3)])[-1] is Order.NEXT
    assert orders([("control", 1), ("control", 2), ("data", 1)])[-1] is Order.NEXT


def test_a_lost_reply_of_the_shared_counter_shows() -> None:
    """A reply beyond the next number means that something before it was lost."""
    assert orders([("data", 1), ("control", 3), ("data", 4)]) == [Order.NEXT, Order.HOLE, Order.NEXT]


def test_a_reply_without_number_says_nothing() -> None:
    """Where replies are not counted they change nothing."""
    sequence = Sequence()
    assert sequence.data(1) is Order.NEXT
    assert sequence.control(None) is Order.NEXT
    assert sequence.data(2) is Order.NEXT
