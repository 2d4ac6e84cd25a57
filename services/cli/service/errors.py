"""Why `up` and `watch` end by themselves."""

from collections.abc import Sequence

from shared.runtime.errors import CannotListen, FanoutError


class PortsTaken(FanoutError):
    """Some ports can not be listened on; nothing was started."""

    def __init__(self, taken: Sequence[CannotListen]) -> None:
        super().__init__(taken)
        self.taken = tuple(taken)

    def __str__(self) -> str:
        return " ".join(map(str, self.taken))


class ProcessEnded(FanoutError):
    """A program ended by itself; one that does not say why in the terminal does so in `log`."""

    def __init__(self, name: str, status: int, log: str) -> None:
        super().__init__(name, status, log)
        self.name = name
        self.status = status
        self.log = log

    def __str__(self) -> str:
        how = f"ended with status {self.status}" if self.status >= 0 else f"was ended by signal {-self.status}"
        where = f" It gives its reasons in {self.log}." if self.log else ""
        return f"{self.name} {how}, so all were stopped.{where}"


class NotReady(FanoutError):
    """A program runs but does not become ready."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.name} did not become ready, so all were stopped: {self.reason}"


class NotHeard(FanoutError):
    """A market that is to be watched was not heard of; `hint` says what to do."""

    def __init__(self, ticker: str, hint: str) -> None:
        super().__init__(ticker, hint)
        self.ticker = ticker
        self.hint = hint

    def __str__(self) -> str:
        return self.hint
