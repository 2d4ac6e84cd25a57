"""What can be wrong with what is to be traded.

SimulatorError
├── BadListing        a listing of markets was not understood
├── BadStep           a step in a market's life can not be taken
└── UnknownStructure  there is no price level structure of that name
"""

from services.simulator.errors import SimulatorError


class BadListing(SimulatorError):
    """A listing of markets was not understood."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"The listing of markets was not understood: {self.problem}."


class BadStep(SimulatorError):
    """A step in a market's life can not be taken; `problem` says why and what to do instead."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class UnknownStructure(SimulatorError):
    """There is no price level structure of that name."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label

    def __str__(self) -> str:
        return f"There is no price level structure {self.label!r}; services/simulator/world/ticks.py lists them."
