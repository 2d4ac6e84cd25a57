"""A service is a folder with five files, a contract, a line for its container and a place on the map."""

import importlib
import re

import pytest

from tests.architecture.source import ROOT, services

#: The operator's hand runs beside the services, not as one.
SERVICES = [name for name in services() if name != "cli"]
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


def test_compose_plays_what_the_simulator_carries() -> None:
    """The composed simulator has markets, and the catalog knows where to list them."""
    assert "SIM_CAPTURE: all" in _compose()
    assert "KALSHI_REST_URL: http://simulator:8080/trade-api/v2" in _compose()
