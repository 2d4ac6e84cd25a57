"""The benchmark: `./run bench`, or parts of it, with a table at the end and what it finds as it goes."""

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec

from tests.bench import flow, simulator, start
from tests.bench.yardstick import encode_ns

PARTS = ("simulator", "flow")
SOAK = "soak"
START = "start"


def main() -> None:
    """Run what was asked for; exits with 2 if it does not understand."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, SOAK, START, []], help=f"{', '.join(PARTS)} (both), {SOAK} or {START}"
    )
    parser.add_argument("--quick", action="store_true", help="a minute instead of several; figures are rougher")
    parser.add_argument("--minutes", type=float, default=10.0, help=f"how long {SOAK} takes")
    parser.add_argument("--rate", type=int, default=5_000, help=f"messages a second of {SOAK}")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    asked = parser.parse_args()
    found: dict[str, object] = {}
    for part in asked.parts or PARTS:
        _say(f"\n## {part}\n")
        found[part] = _run(part, asked)
        if asked.json:
            asked.json.write_bytes(msgspec.json.encode(found))


def _run(part: str, asked: argparse.Namespace) -> object:
    if part == "flow":
        return flow.main()
    if part == START:
        started = asyncio.run(start.measure(start.MARKETS, together=False))
        _say(str(started))
        return started
    if part == SOAK:
        return asyncio.run(simulator.soak(asked.rate, asked.minutes, _say))
    rates = [20_000] if asked.quick else [1_000, 5_000, 20_000, 50_000]
    rows = asyncio.run(simulator.table(rates, 10 if asked.quick else 20, _say))
    _say(f"\nOne json.dumps of a book delta takes {encode_ns() / 1000:.1f} µs here; `yardsticks` counts in these.\n")
    _say("| asked/s | received/s | share of a core | µs per message | yardsticks per message | resident MB |")
    _say("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        _say(
            f"| {row.rate} | {row.messages_per_s:.0f} | {row.core:.2f} | {row.us_per_message:.1f}"
            f" | {row.yardsticks:.1f} | {row.resident_mb:.0f} |"
        )
    return rows


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
