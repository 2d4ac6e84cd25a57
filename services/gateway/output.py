"""What the core wants done; the shell does it in this order and clears it."""

import msgspec

from shared.kalshi.commands import Command


class Output(msgspec.Struct):
    """Messages for the bus, commands for the exchange, and whether to give the connection up.

    `notes` are sentences for the log, `timings` what took how many seconds. `drop` is the reason to close the
    connection and make a new one.
    """

    publications: list[tuple[str, bytes]] = msgspec.field(default_factory=list)
    commands: list[Command] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)
    timings: list[tuple[str, float]] = msgspec.field(default_factory=list)
    drop: str | None = None

    def send(self, command: Command) -> None:
        """Have a command sent."""
        self.commands.append(command)

    def take(self) -> "Output":
        """Return what is here and leave nothing behind."""
        taken = Output(self.publications, self.commands, self.notes, self.timings, self.drop)
        self.publications, self.commands, self.notes, self.timings, self.drop = [], [], [], [], None
        return taken
