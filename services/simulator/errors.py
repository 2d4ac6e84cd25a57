"""What can be wrong with a capture, a fault script or a client's command.

SimulatorError
├── BadCapture      a capture can not be played
├── BadFault        a fault can not be done
├── BadPrivate      a private message can not be sent
└── CommandRefused  a client's command is answered with an error
"""

from services.simulator.feed.subscription import Subscription


class SimulatorError(Exception):
    """Base of the simulator's errors."""


class BadCapture(SimulatorError):
    """A capture can not be played; `line` counts from 1 and is 0 if the whole file is meant."""

    def __init__(self, name: str, line: int, problem: str) -> None:
        super().__init__(name, line, problem)
        self.name = name
        self.line = line
        self.problem = problem

    def __str__(self) -> str:
        where = f"{self.name}, line {self.line}" if self.line else self.name
        return f"The capture {where} can not be played: {self.problem}."


class BadFault(SimulatorError):
    """A fault can not be done; `problem` says why and what to write instead."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class BadPrivate(SimulatorError):
    """A private message can not be sent; `problem` says why."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class CommandRefused(SimulatorError):
    """A command gets an error reply; `subscription` if the error concerns one."""

    def __init__(self, code: int, subscription: Subscription | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.subscription = subscription
