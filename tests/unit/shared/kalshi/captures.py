"""Reads recorded frames for the tests of this folder."""

import gzip
from pathlib import Path

import msgspec

_ROOT = Path(__file__).parents[4]
_FOLDERS = (_ROOT / "tests/data/captures", _ROOT / "services/simulator/data")


def frames(name: str) -> list[bytes]:
    """Return the frames of a capture; sid and seq are put in where the recording dropped them."""
    path = next(folder / name for folder in _FOLDERS if (folder / name).exists())
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = [line for line in data.splitlines() if line.strip()]
    return [_with_envelope(line, number) for number, line in enumerate(lines, 1)]


def _with_envelope(line: bytes, number: int) -> bytes:
    if not line.startswith(b'{"chunk"'):
        return line
    recorded = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({"type": recorded["type"], "sid": 1, "seq": number, "msg": recorded["msg"]})
