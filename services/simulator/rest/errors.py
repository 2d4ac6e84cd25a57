"""How a request is refused, in each of the shapes in which the exchange says so."""

from collections.abc import Mapping

from services.simulator.errors import SimulatorError


class RequestRefused(SimulatorError):
    """A request gets an error reply."""

    def __init__(self, status: int, body: Mapping[str, object]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body

    def __str__(self) -> str:
        return f"The request is refused with {self.status}: {self.body}"


def nested(status: int, code: str, message: str, details: str = "") -> RequestRefused:
    """Return a refusal in the shape that most errors have."""
    return RequestRefused(status, {"error": {"code": code, "message": message, "details": details}})


def flat(status: int, code: str, message: str, details: str = "") -> RequestRefused:
    """Return a refusal in the shape of the exchange's schema."""
    return RequestRefused(status, {"code": code, "message": message, "details": details})


def told(status: int, problem: str) -> RequestRefused:
    """Return a refusal that is a sentence; the simulator's own addresses refuse so."""
    return RequestRefused(status, {"error": problem})


def not_found() -> RequestRefused:
    """Return the refusal of something that does not exist."""
    return nested(404, "not_found", "not found")


def invalid(operation: str, problem: str) -> RequestRefused:
    """Return the refusal of parameters that are wrong by themselves."""
    return RequestRefused(400, {"msg": f"Parameter validation failed for {operation}: {problem}"})


def conflicting(problem: str) -> RequestRefused:
    """Return the refusal of parameters that do not go together."""
    return nested(400, "invalid_parameters", "invalid parameters", problem)
