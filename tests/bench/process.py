"""What a process has used so far, from /proc."""

import os
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Used(NamedTuple):
    """CPU seconds since its start, and resident bytes now."""

    cpu_s: float
    resident: int


def used(pid: int) -> Used:
    """Return what the process with this id has used."""
    # After the name, which may hold anything, come the fields from the third on.
    fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    return Used((int(fields[11]) + int(fields[12])) / _TICKS, int(fields[21]) * _PAGE)
