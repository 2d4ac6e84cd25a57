"""How long a program that is not ready is waited for, and what is said of it then."""

from collections.abc import Mapping

START_S = 20.0
#: A problem that it names itself and that does not change for this long will not go away.
SETTLED_S = 3.0
STARTING = "starting"


class Patience:
    """One program's; to be told again and again what its /readyz says."""

    def __init__(self, at: float) -> None:
        self._since = at
        self._problems: list[str] = []
        self._same_since = at

    def verdict(self, checks: Mapping[str, str] | None, at: float) -> str:
        """Return why to give up, empty while there is hope; None means that nothing answered."""
        problems = sorted(text for text in (checks or {}).values() if text not in {"ok", STARTING})
        if problems != self._problems:
            self._problems = problems
            self._same_since = at
        if problems and at - self._same_since >= SETTLED_S:
            return " ".join(problems)
        if at - self._since >= START_S:
            return " ".join(problems) or ("it does not answer" if checks is None else "it never became ready")
        return ""
