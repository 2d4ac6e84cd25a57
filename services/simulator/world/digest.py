"""Stable numbers from names: what looks arbitrary about a market is the same in every run."""

from hashlib import blake2b


def digest(text: str) -> str:
    """Return 32 hexadecimal digits."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def number(text: str, below: int) -> int:
    """Return a number from 0 up to, not including, `below`."""
    return int(digest(text), 16) % below
