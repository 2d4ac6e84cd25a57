"""Wanted markets and who wants them."""

from services.gateway.universe import Universe


def test_settings_want_for_ever() -> None:
    """The configured markets are always wanted."""
    assert Universe(["KXA-1"]).wanted(1e9) == {"KXA-1"}


def test_a_lease_ends_unless_renewed() -> None:
    """A leased market is wanted until its time, which each renewal moves, market by market."""
    universe = Universe([])
    assert universe.lease("bot", ["KXA-1", "KXA-2"], 10.0) == ("KXA-1", "KXA-2")
    assert universe.lease("bot", ["KXA-2"], 20.0) == ("KXA-1", "KXA-2")
    assert universe.wanted(9.9) == {"KXA-1", "KXA-2"}
    assert universe.wanted(10.0) == {"KXA-2"}
    assert universe.wanted(20.0) == set()
    assert universe.wanted_by("KXA-2") == ()


def test_a_market_is_wanted_while_anyone_wants_it() -> None:
    """The end of one lease does not concern another's, nor the settings'."""
    universe = Universe(["KXA-1"])
    universe.lease("bot", ["KXA-1", "KXA-2"], 10.0)
    universe.lease("ana", ["KXA-2"], 20.0)
    assert universe.wanted_by("KXA-1") == ("settings", "lease:bot")
    assert universe.wanted_by("KXA-2") == ("lease:ana", "lease:bot")
    assert universe.wanted(15.0) == {"KXA-1", "KXA-2"}
    assert universe.wanted_by("KXA-2") == ("lease:ana",)


def test_a_lease_can_be_given_back() -> None:
    """Released markets are no longer wanted; the client keeps its others."""
    universe = Universe([])
    universe.lease("bot", ["KXA-1", "KXA-2"], 10.0)
    assert universe.release("bot", ["KXA-1", "KXZ-1"]) == ("KXA-2",)
    assert universe.release("nobody", ["KXA-2"]) == ()
    assert universe.wanted(5.0) == {"KXA-2"}
