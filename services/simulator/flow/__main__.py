"""Writes the default shape: `python -m services.simulator.flow > services/simulator/data/shape.json`."""

import sys
from pathlib import Path

import msgspec

from services.simulator.flow.shape import Shape, default_shape, fit
from services.simulator.replay.capture import parse
from services.simulator.world.ticks import ticks

_DATA = Path(__file__).parents[1] / "data"


def _fitted(name: str, structure: str) -> Shape:
    return fit(parse(name, (_DATA / name).read_bytes()).steps, ticks(structure))


if __name__ == "__main__":
    _shape = default_shape(
        flow=_fitted("inxd-2023-08-31-morning-cents.jsonl.gz", "linear_cent"),
        sizes=_fitted("kxbtc15m-2026-05-14.jsonl", "tapered_deci_cent"),
        books=_fitted("twelve-markets-2026-09-14.jsonl", "tapered_deci_cent"),
    )
    _fields = (
        f'"{name}": {msgspec.json.encode(value).decode()}' for name, value in msgspec.structs.asdict(_shape).items()
    )
    sys.stdout.write("{\n" + ",\n".join(_fields) + "\n}\n")
