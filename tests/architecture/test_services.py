"""A service is a folder with five files, a contract, a line for its container and a place on the map."""

import importlib
import re

import pytest

from services.simulator.replay.capture import parse
from services.simulator.replay.markets import markets
from tests.architecture.source import ROOT, services

#: The operator's hand runs beside the services, not as one.
SERVICES = [name for name in services() if name != "cli"]
CAPTURES = ROOT / "services" / "simulator" / "data"
README = ROOT / "README.md"


def _compose() -> str:
    return (ROOT / "docker-compose.yml").read_text("utf-8")


@pytest.mark.parametrize("name", SERVICES)
def test_service_has_its_files(name: str) -> None:
    """Each service has the same five files, so that whoever knows one knows all."""
    folder = ROOT / "services" / name
    for stem in ("__init__", "__main__", "config", "core", "service"):
        assert (folder / f"{stem}.py").is_file() or (folder / stem / "__init__.py").is_file(), stem


@pytest.mark.parametrize("name", SERVICES)
def test_service_states_its_contract(name: str) -> None:
    """A service's package says in a sentence what it is for, then in a paragraph what it reads and says."""
    contract = importlib.import_module(f"services.{name}").__doc__ or ""
    headline, _, paragraph = contract.partition("\n\n")
    assert headline.endswith(".")
    assert len(paragraph.split()) >= 10


@pytest.mark.parametrize("name", SERVICES)
def test_service_runs_in_a_container(name: str) -> None:
    """docker-compose.yml starts each service, under its name with hyphens."""
    line = f"  {name.replace('_', '-')}: {{ <<: *service, command: [services.{name}]"
    assert any(found.startswith(line) for found in _compose().splitlines())


@pytest.mark.parametrize("name", services())
def test_service_is_on_the_map(name: str) -> None:
    """README.md names each folder of services/."""
    assert re.search(rf"\b{name}\b", README.read_text("utf-8"))


def test_compose_follows_all_markets_of_the_simulator() -> None:
    """The markets written in docker-compose.yml are those that the simulator carries."""
    captures = [parse(file.name, file.read_bytes()) for file in sorted(CAPTURES.glob("*.jsonl*"))]
    carried = {market.ticker for market in markets(captures)}
    found = re.search(r"MARKET_TICKERS: >-\n((?: {6}\S+\n)+)", _compose())
    assert found
    written = [ticker.strip() for ticker in found[1].split(",")]
    assert sorted(written) == sorted(carried)
