"""What the core wants done; the shell does it in this order and clears it."""

import msgspec

from shared.kalshi.commands import Command


class Output(msgspec.Struct):
    """Messages for the bus, commands for the connections, and which connections to give up and why.

    `notes` are sentences for the log, `timings` seconds by what took them.
    """

    publications: list[tuple[str, bytes]] = msgspec.field(default_factory=list)
    commands: list[tuple[int, Command]] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)
    timings: list[tuple[str, float]] = msgspec.field(default_factory=list)
    drops: dict[int, str] = msgspec.field(default_factory=dict)

    def take(self) -> "Output":
        """Return what is here and leave nothing behind."""
        taken = Output(self.publications, self.commands, self.notes, self.timings, self.drops)
        self.publications, self.commands, self.notes, self.timings, self.drops = [], [], [], [], {}
        return taken


class LineOutput:
    """The output as one connection's session writes to it."""

    def __init__(self, out: Output, line: int) -> None:
        self._out = out
        self._line = line

    def publish(self, subject: str, payload: bytes) -> None:
        """Have a message published."""
        self._out.publications.append((subject, payload))

    def send(self, command: Command) -> None:
        """Have a command sent."""
        self._out.commands.append((self._line, command))

    def note(self, sentence: str) -> None:
        """Have a sentence logged."""
        self._out.notes.append(sentence)

    def drop(self, reason: str) -> None:
        """Have the connection given up and made anew; the first reason counts."""
        self._out.drops.setdefault(self._line, reason)

    def timed(self, name: str, seconds: float) -> None:
        """Have it counted how long something took."""
        self._out.timings.append((name, seconds))
