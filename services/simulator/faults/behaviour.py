"""Habits that change for a while."""

from msgspec.structs import replace

from services.simulator.faults import script
from services.simulator.faults.effects import Effect
from services.simulator.feed.habits import Manners


class Layers:
    """Habits upon habits: the last that came wins, and what was before is there when they have gone."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._base = manners.habits
        self._layers: list[script.Behaviour] = []

    def add(self, fault: script.Behaviour) -> None:
        """Put a fault's habits on top."""
        self._layers.append(fault)
        self._settle()

    def remove(self, fault: script.Behaviour) -> None:
        """Take a fault's habits away."""
        self._layers = [layer for layer in self._layers if layer is not fault]
        self._settle()

    def _settle(self) -> None:
        habits = self._base
        for layer in self._layers:
            habits = replace(habits, **_changes(layer))
        self._manners.change(habits)


class Behaving(Effect):
    """Habits differ."""

    def __init__(self, layers: Layers, fault: script.Behaviour) -> None:
        super().__init__(fault.for_s)
        self._layers = layers
        self._fault = fault

    def begin(self) -> None:
        """Behave so."""
        self._layers.add(self._fault)

    def end(self) -> None:
        """Behave as before."""
        self._layers.remove(self._fault)


def _changes(fault: script.Behaviour) -> dict[str, bool | int]:
    match fault:
        case script.AnyHabits():
            return fault.set
        case script.SlowAck():
            return {"command_delay_ms": fault.delay_ms}
        case script.DataBeforeAck():
            return {"ack_delay_ms": fault.delay_ms}
        case script.LegacyTwins():
            return {"legacy_twins": fault.on}
        case script.YesPriceDefault():
            return {"yes_price_default": fault.on}
        case script.UnknownMembers():
            return {"unknown_members": fault.on}
