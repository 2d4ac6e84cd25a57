"""The committed text names no registry and no place on somebody's machine."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

#: Put together here, so that this file names none either.
HOSTS = tuple(
    ".".join(words)
    for words in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("docker", "io/"),
        ("ghcr", "io/"),
        ("quay", "io/"),
    )
)
REGISTRIES = (*map(re.escape, HOSTS), r"--(?:extra-)?index-url[ =]\S*//")
MACHINES = (r"/home/\w", r"/[r]oot/", r"/Users/\w", r"/work/\w", r"[A-Z]:\\\\Users", r"\.\./shared\b")
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
    return [file for file in files if file.is_file()]


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
        *(f"https://{host}/someone" for host in HOSTS),
        "-".join(("-", "index", "url https://example.com/simple")),
        *(f"see {'/'.join(('', *words))}" for words in (("home", "someone"), ("root", ".cache"), ("work", "main"))),
        "/".join(("..", "shared", "notes")),
    ],
)
def test_strange_text_is_seen(text: str) -> None:
    """Each kind of forbidden text is found."""
    assert _strange(text)
