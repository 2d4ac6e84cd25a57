"""Ids that look arbitrary and can be repeated, because they are drawn from the seed."""

from collections.abc import Callable


def drawn_uuid(uniform: Callable[[], float]) -> str:
    """Return an id in the form of a uuid of version 4."""
    draws = (int(uniform() * 2**48) for _ in range(3))
    digits = "".join(f"{draw:012x}" for draw in draws)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"
