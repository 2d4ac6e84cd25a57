"""The committed text names no registry and no place on somebody's machine."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

REGISTRIES = (
    *(r"pypi\.org", r"files\.pythonhosted\.org", r"registry\.npmjs\.org", r"registry\.yarnpkg\.com"),
    *(r"docker\.io/", r"ghcr\.io/", r"quay\.io/", r"--(?:extra-)?index-url[ =]\S*//"),
)
MACHINES = (r"/home/\w", r"/root/", r"/Users/\w", r"/work/\w", r"[A-Z]:\\\\Users", r"\.\./shared\b")
FORBIDDEN = re.compile("|".join((*REGISTRIES, *MACHINES)))
#: Folders that are never committed, for a copy of the project without its history.
MADE = {".git", ".venv", ".tools", ".run", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", "__pycache__"}


def _committed() -> list[Path]:
    if shutil.which("git") and (ROOT / ".git").exists():
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        files = [ROOT / name for name in listed.split("\0") if name]
    else:
        files = [file for file in ROOT.rglob("*") if not MADE.intersection(file.parts)]
    return [file for file in files if file.is_file() and file != Path(__file__)]


def _strange(text: str) -> list[str]:
    return [found[0] for found in FORBIDDEN.finditer(text)]


def test_text_is_free_of_places() -> None:
    """No committed file names a package registry or a path of one machine."""
    found = {}
    for file in _committed():
        try:
            strange = _strange(file.read_text("utf-8"))
        except UnicodeDecodeError:
            continue
        if strange:
            found[str(file.relative_to(ROOT))] = strange
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "--index-url https://example.com/simple",
        "https://pypi.org/simple/uv/",
        "see /home/someone/keys",
        "open('/root/.cache')",
        "FROM ghcr.io/someone/image",
        "read ../shared/notes",
    ],
)
def test_strange_text_is_seen(text: str) -> None:
    """Each kind of forbidden text is found."""
    assert _strange(text)
