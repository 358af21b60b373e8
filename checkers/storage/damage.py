"""Damage is reported only where a disk may have done some.

*Property.* A store that finds its data damaged refuses to answer, and says so: the error of the
operation begins with a word that the store has for it. Before any fault has struck a disk, other
than to make it slow or full, nothing is damaged, and whoever says so is wrong (``false-damage``):
it keeps from its clients what it has, and has written over what it still needed, perhaps.

*Source.* Ganesan et al., "Redundancy Does Not Imply Fault Tolerance" (FAST 2017), section 3: what a
store does with a fault, and that it may do the same with none. That a crash is no damage: Pillai et
al., "All File Systems Are Not Created Equal" (OSDI 2014).

*Algorithm.* One pass over the events; linear.

*Left out.* What is reported after a disk was struck: the fault may be why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import FAIL, INFO, NEMESIS, OK, History, Operation
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

NAME = "damage-is-real"

HARMLESS = ("disk.slow", "disk.stall", "disk.enospc")
"""Faults of disks that leave alone what is on them."""


def damage_is_real(word: str = "Damaged") -> Checker:
    """A checker: nobody reports damage where there is none; see the module.

    Args:
        word: what the error of an operation begins with that found damage.
    """
    return DamageIsReal(word)


@dataclass(frozen=True, slots=True)
class DamageIsReal:
    """The checker that `damage_is_real` makes."""

    word: str
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `Checker.check`."""
        before = list(_undisturbed(history))
        answered = sum(event.type == OK and event.process != NEMESIS for event in before)
        anomalies = [self._anomaly(event) for event in before if self._reports(event)]
        return verdict_of(
            self.name,
            anomalies,
            {"answers": answered},
            holds=f"{answered} operations were answered, and none found damage where there is none",
            vain=None if answered else "no operation was answered before a disk was struck",
        )

    def _reports(self, event: Operation) -> bool:
        return event.type in (FAIL, INFO) and str(event.error or "").startswith(self.word)

    def _anomaly(self, event: Operation) -> Anomaly:
        said = (
            f"{event.f} of process {event.process} at {event.time / 1e9:.3f} s failed with "
            f"{event.error!r}, and no fault had touched what is on a disk"
        )
        return Anomaly("false-damage", said, (event.index,))


def _undisturbed(history: History) -> Iterator[Operation]:
    """The events before the first fault that may have damaged something."""
    for event in history:
        fault = event.process == NEMESIS and isinstance(event.value, Mapping)
        if fault and event.f.startswith("disk.") and event.f not in HARMLESS:
            return
        yield event
