"""Which market is next."""

from collections import Counter
from random import Random

import pytest

from services.simulator.flow.activity import Activity, weight_of


def _chosen(activity: Activity[str], draws: int = 2000) -> Counter[str]:
    return Counter(activity.choose((draw + 0.5) / draws) for draw in range(draws))


def test_choice_follows_the_weight() -> None:
    """An item is chosen as often as its weight says."""
    activity: Activity[str] = Activity()
    for item, weight in (("quiet", 1.0), ("calm", 1.0), ("busy", 2.0), ("hot", 16.0)):
        activity.add(item, weight)
    assert _chosen(activity) == {"quiet": 100, "calm": 100, "busy": 200, "hot": 1600}


def test_removed_item_is_not_chosen() -> None:
    """Items come and go in any order without a trace."""
    activity: Activity[str] = Activity()
    random = Random(1)
    present: set[str] = set()
    for turn in range(300):
        item = f"item {random.randrange(20)}"
        if turn % 3 == 2:
            activity.remove(item)
            present.discard(item)
        else:
            activity.add(item, random.choice((0.3, 1.0, 7.0)))
            present.add(item)
    assert len(activity) == len(present)
    assert set(_chosen(activity)) == present


def test_nothing_to_choose() -> None:
    """Without items there is no choice."""
    with pytest.raises(IndexError):
        Activity[str]().choose(0.5)


def test_few_are_hot_and_all_move() -> None:
    """Weights grow with the volume, slower than it, from one upwards."""
    assert weight_of(0) == 1
    assert weight_of(100 * 10_000) == 101
    assert weight_of(100 * 1_000_000) < 11 * weight_of(100 * 10_000)
