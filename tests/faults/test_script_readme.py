"""The README tells all of the script, and no fault is untried."""

import re
from pathlib import Path

import pytest

from services.simulator.faults.script import FAULTS
from services.simulator.feed.habits import Habits
from tests.stack import ROOT

README = (ROOT / "services" / "simulator" / "README.md").read_text("utf-8").partition("\n## Faults\n")[2]
TESTS = "".join(file.read_text("utf-8") for file in Path(__file__).parent.glob("test_simulator_*.py"))


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_explained_and_tried(name: str) -> None:
    """Each is in the README's table with all of its members, and posted by a test."""
    (row,) = re.findall(rf"^\| `{name}` \|.*\|.*\|$", README, re.MULTILINE)
    shared = {"after_s", "session", "channel", "market_ticker", "skip", "chance"}
    shared |= {"count", "for_s"} if re.search(r"\| [FH]\b", row) else set()
    own = set(re.findall(r"`(\w+)(?::[^`]*)?`", row.rpartition("|")[0].rpartition("|")[2]))
    assert own == set(FAULTS[name].__struct_fields__) - shared
    assert f'sim.post("{name}"' in TESTS


def test_habits_are_explained() -> None:
    """The README lists each habit with its default."""
    defaults = {field: getattr(Habits(), field) for field in Habits.__struct_fields__}
    told = dict(re.findall(r"`(\w+)`[\w\s]*\s\((\w+)", README.partition("`set` can change")[2]))
    assert told == {field: str(default).lower() for field, default in defaults.items()}
