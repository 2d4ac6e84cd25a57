"""Writes the published forms of the contract: `python -m proto`; `--check` tells whether they are current."""

import argparse
import json
import sys
from pathlib import Path

from proto.generate import asyncapi, jsonschema, typescript
from proto.generate.asyncapi import Node

EXAMPLES = Path(__file__).parent / "examples"
GENERATED = Path(__file__).parent / "generated"


def read_examples() -> dict[str, Node]:
    """Return the examples by name, which is that of their message, then perhaps `-` and what is special."""
    files = sorted(EXAMPLES.glob("*.json"), key=lambda file: file.stem)
    return {file.stem: json.loads(file.read_text("utf-8")) for file in files}


def published() -> dict[Path, str]:
    """Return what each published file should hold."""
    return {
        GENERATED / "asyncapi.json": _json(asyncapi.document(read_examples())),
        GENERATED / "schemas.json": _json(jsonschema.document()),
        GENERATED / "messages.d.ts": typescript.document(),
    }


def outdated() -> list[Path]:
    """Return the published files that do not hold what they should."""
    return [file for file, text in published().items() if not file.exists() or file.read_bytes() != text.encode()]


def main() -> int:
    """Write or check the files; the exit status is 1 if one was found outdated."""
    parser = argparse.ArgumentParser(prog="python -m proto", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 and name what is outdated")
    if not parser.parse_args().check:
        write()
        return 0
    files = outdated()
    for file in files:
        sys.stderr.write(f"{file} is not current: run `./run proto`\n")
    return 1 if files else 0


def write() -> None:
    """Write the published files."""
    GENERATED.mkdir(exist_ok=True)
    for file, text in published().items():
        file.write_bytes(text.encode())


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
