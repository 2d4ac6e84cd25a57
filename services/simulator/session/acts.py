"""What happens to a connection as a whole."""

from typing import NamedTuple, TypeAlias


class Cut(NamedTuple):
    """The connection ends without a close frame."""


class Close(NamedTuple):
    """The connection ends with a close frame."""

    code: int
    reason: str = ""


class Mute(NamedTuple):
    """The connection stays open and says nothing more; with `pongs` it still answers pings, and still sends its own."""

    pongs: bool


class Unmute(NamedTuple):
    """The connection speaks again; what was to be said meanwhile is lost."""


Act: TypeAlias = Cut | Close | Mute | Unmute
