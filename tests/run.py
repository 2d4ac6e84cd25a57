"""`./run test [--no-browser] [unit | FILE…] [what pytest takes]`: everything that needs no container engine."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from shared.runtime.settings import PREFIXES
from tests.browser import NoBrowser, chromium

TESTS = Path(__file__).parent
NO_BROWSER = "--no-browser"
UNIT = "unit"


def main(arguments: Sequence[str]) -> NoReturn:
    """Become pytest, or exit with a sentence if there is no browser for the tests that need one."""
    chosen = [_path(argument) for argument in arguments if argument != NO_BROWSER]
    # The operator's settings, keys above all, are not for the programs that tests start.
    environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
    marks = "not compose"
    if NO_BROWSER in arguments:
        marks += " and not browser"
    elif _need_browser(chosen):
        try:
            environ["CHROMIUM"] = chromium()
        except NoBrowser as error:
            sys.exit(str(error))
    # Unit tests share nothing, so they run side by side; all others start servers of their own and take turns.
    side_by_side = ["-n", "logical"] if chosen == [f"tests/{UNIT}"] else []
    pytest = [sys.executable, "-m", "pytest", "-m", marks, *side_by_side, *chosen]
    os.execve(pytest[0], pytest, environ)  # noqa: S606 - no shell is wanted


def _path(argument: str) -> str:
    return f"tests/{argument}" if (TESTS / argument).is_dir() and not argument.startswith((".", "/")) else argument


def _need_browser(arguments: Sequence[str]) -> bool:
    given = [Path(argument.partition("::")[0]) for argument in arguments]
    paths = [path for path in given if path.exists()] or [TESTS]
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("test_*.py"))]
    return any("mark.browser" in file.read_text("utf-8") for file in files)


if __name__ == "__main__":
    main(sys.argv[1:])
