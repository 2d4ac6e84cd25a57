"""The files in proto/generated/ are what the generator makes of today's structs and examples."""

import sys
from pathlib import Path

import pytest

from proto import __main__ as command


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the command work in a folder of its own."""
    monkeypatch.setattr(command, "GENERATED", tmp_path)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run `python -m proto` with these arguments and return its exit status."""
    monkeypatch.setattr(sys, "argv", ["proto", *arguments])
    return command.main()


@pytest.mark.parametrize("name", ["asyncapi.json", "schemas.json", "messages.d.ts"])
def test_generated_file_is_current(name: str) -> None:
    """A change of the contract comes with its published forms (`./run proto`)."""
    file = command.GENERATED / name
    assert file.read_bytes() == command.published()[file].encode()


def test_check_names_every_file_that_is_not_current(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check fails and names a missing and a changed file, and only those."""
    run(monkeypatch)
    (empty_folder / "schemas.json").unlink()
    with (empty_folder / "messages.d.ts").open("a") as declarations:
        declarations.write("// by hand\n")
    assert run(monkeypatch, "--check") == 1
    named = capsys.readouterr().err
    assert "schemas.json" in named
    assert "messages.d.ts" in named
    assert "asyncapi.json" not in named


def test_check_passes_after_writing(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written a moment ago is current, and a check writes nothing."""
    assert run(monkeypatch, "--check") == 1
    assert not list(empty_folder.iterdir())
    assert run(monkeypatch) == 0
    assert run(monkeypatch, "--check") == 0
