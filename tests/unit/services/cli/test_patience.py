"""How long a program that is not ready is waited for."""

from services.cli.patience import SETTLED_S, START_S, Patience


def test_silence_is_waited_for() -> None:
    """A program that does not answer is given up after START_S, not before."""
    patience = Patience(100.0)
    assert patience.verdict(None, 100.0) == ""
    assert patience.verdict(None, 100.0 + START_S - 0.1) == ""
    assert patience.verdict(None, 100.0 + START_S) == "it does not answer"


def test_starting_is_waited_for() -> None:
    """A program that says it is starting is given as long."""
    patience = Patience(0.0)
    assert patience.verdict({"bus": "ok", "exchange": "starting"}, SETTLED_S + 1) == ""
    assert patience.verdict({"bus": "ok", "exchange": "starting"}, START_S) == "it never became ready"


def test_settled_problem_is_told() -> None:
    """A problem that stays the same for SETTLED_S is the reason."""
    patience = Patience(0.0)
    assert patience.verdict({"exchange": "refused."}, 1.0) == ""
    assert patience.verdict({"exchange": "refused."}, 0.9 + SETTLED_S) == ""
    assert patience.verdict({"exchange": "refused."}, 1.0 + SETTLED_S) == "refused."


def test_changing_problem_is_waited_for() -> None:
    """A problem that changes, or goes for a moment, is counted anew."""
    patience = Patience(0.0)
    assert patience.verdict({"exchange": "one"}, 1.0) == ""
    assert patience.verdict({"exchange": "two"}, 3.0) == ""
    assert patience.verdict({"exchange": "starting"}, 5.0) == ""
    assert patience.verdict({"exchange": "two"}, 6.5) == ""
    assert patience.verdict({"exchange": "two"}, 6.5 + SETTLED_S) == "two"


def test_problems_are_all_told() -> None:
    """Every part that names its trouble is quoted when time is up."""
    patience = Patience(0.0)
    checks = {"bus": "gone.", "exchange": "refused.", "replay": "starting"}
    assert patience.verdict(checks, START_S) == "gone. refused."
