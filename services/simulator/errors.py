"""What can be wrong with what is traded, with a script, or with a client's command.

SimulatorError
├── BadCapture        a capture can not be played
├── BadListing        a listing of markets was not understood
├── UnknownStructure  there is no price level structure of that name
├── BadRequest        a hand that reaches into the exchange asks for what can not be done
│   ├── BadFault      a fault
│   ├── BadPrivate    a private message
│   └── BadStep       a step in a market's life
└── CommandRefused    a client's command is answered with an error
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


class BadListing(SimulatorError):
    """A listing of markets was not understood."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"The listing of markets was not understood: {self.problem}."


class UnknownStructure(SimulatorError):
    """There is no price level structure of that name."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label

    def __str__(self) -> str:
        return f"There is no price level structure {self.label!r}; services/simulator/world/ticks.py lists them."


class BadRequest(SimulatorError):
    """A hand that reaches in asks for what can not be done; `problem` says why and what to do instead."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class BadFault(BadRequest):
    """A fault can not be done."""


class BadPrivate(BadRequest):
    """A private message can not be sent."""


class BadStep(BadRequest):
    """A step in a market's life can not be taken."""


class CommandRefused(SimulatorError):
    """A command gets an error reply; `subscription` if the error concerns one."""

    def __init__(self, code: int, subscription: Subscription | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.subscription = subscription
