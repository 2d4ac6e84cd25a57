"""`./run test-compose [what pytest takes]`: builds the image, starts the stack, tests it and takes it down."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMPOSE = ("docker", "compose", "--project-name", "kalshi-fanout-test")
MISSING = {
    ("docker",): "These tests need Docker with Compose, and there is no `docker`: install it.",
    ("docker", "compose", "version"): "Docker is here but its Compose plugin is not: install docker-compose-plugin.",
    ("docker", "info"): "Docker is here but no engine answers: start it, or see that you may use it.",
}


def main(arguments: Sequence[str]) -> int:
    """Return pytest's status, or 1 if the stack could not be started."""
    missing = next((sentence for command, sentence in MISSING.items() if not _works(command)), None)
    if missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    try:
        if _compose("up", "--build", "--wait", "--wait-timeout", "120"):
            _compose("logs", "--tail", "40")
            return 1
        pytest = [sys.executable, "-m", "pytest", "-m", "compose", *arguments]
        return subprocess.run(pytest, check=False, cwd=ROOT).returncode
    finally:
        _compose("down", "--volumes")


def _compose(*arguments: str) -> int:
    return subprocess.run([*COMPOSE, *arguments], check=False, cwd=ROOT).returncode


def _works(command: Sequence[str]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return len(command) == 1 or subprocess.run(command, check=False, capture_output=True).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
