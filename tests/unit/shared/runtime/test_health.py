"""A service is ready when every part has said that it is well."""

import pytest

from shared.runtime.health import Health, Readiness


def test_not_ready_before_every_part_has_spoken() -> None:
    """Until then a part is starting, which is a reason not to be ready."""
    health = Health("bus", "feed")
    assert health.readiness() == Readiness(ready=False, checks={"bus": "starting", "feed": "starting"})
    health.well("bus")
    assert health.readiness() == Readiness(ready=False, checks={"bus": "ok", "feed": "starting"})
    health.well("feed")
    assert health.readiness() == Readiness(ready=True, checks={"bus": "ok", "feed": "ok"})


def test_one_ill_part_is_enough() -> None:
    """Its sentence is shown until it is well again."""
    health = Health("bus", "feed")
    health.well("bus")
    health.well("feed")
    health.ill("feed", "no gateway is heard")
    assert health.readiness() == Readiness(ready=False, checks={"bus": "ok", "feed": "no gateway is heard"})
    health.well("feed")
    assert health.readiness().ready


@pytest.mark.parametrize(("well", "shown"), [(True, "ok"), (False, "broken")])
def test_judged_by_a_condition(*, well: bool, shown: str) -> None:
    """The same in one call for parts that are looked at again and again."""
    health = Health("bus")
    health.judge("bus", well=well, problem="broken")
    assert health.readiness() == Readiness(ready=well, checks={"bus": shown})


def test_service_without_parts_is_ready() -> None:
    """There is nothing to wait for."""
    assert Health().readiness() == Readiness(ready=True, checks={})


def test_a_part_can_say_as_what_it_is_well() -> None:
    """A detail stands in the place of `ok` until the next word."""
    health = Health("lease")
    health.well("lease", "standby")
    assert health.readiness() == Readiness(ready=True, checks={"lease": "standby"})
    health.judge("lease", well=False, problem="gone")
    assert health.readiness() == Readiness(ready=False, checks={"lease": "gone"})
    health.judge("lease", well=True, problem="gone")
    assert health.readiness() == Readiness(ready=True, checks={"lease": "ok"})
