"""Somebody stays on call: write skew, by the example of the doctors.

*Property.* Doctors of a shift may go off call only while another one stays on. Two who check and
leave at the same time both see the other (Kleppmann, "Designing Data-Intensive Applications",
chapter 7, "Write Skew and Phantoms"): snapshot isolation allows it, serializability does not.

*History.* Keys are shifts. ``read`` of ``[shift, null]`` returns ``[shift, [doctors on call]]``;
``leave`` and ``join`` have ``[shift, doctor]``, where ``leave`` fails if nobody else would stay.

*Algorithm.* A read that shows fewer than ``least`` doctors is the anomaly; the leaves that ended
before the read of it ended are its witnesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, event_of, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

WITNESSES = 8


def doctors(*, least: int = 1) -> Checker:
    """A checker: no read shows a shift with fewer than ``least`` doctors on call."""
    return Doctors(least)


@dataclass(frozen=True, slots=True)
class Doctors:
    """The checker that `doctors` makes."""

    least: int

    @property
    def name(self) -> str:
        """``doctors``."""
        return "doctors"

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            splitbrain.checkers.models.ModelError: an operation has a value of another form.
        """
        calls = history.calls()
        reads = [call for call in calls if call.f == "read" and call.outcome == OK]
        leaves = [call for call in calls if call.f == "leave" and call.outcome != FAIL]
        coverage = {"reads": len(reads), "leaves": sum(call.outcome == OK for call in leaves)}
        if not reads or not coverage["leaves"]:
            reason = "no doctor left, or nobody looked, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        broken: dict[str, Anomaly] = {}
        for call in reads:
            shift, on_call = _on_call(call)
            if len(on_call) < self.least and str(shift) not in broken:
                broken[str(shift)] = self._anomaly(call, shift, on_call, leaves)
        claim = {"least": self.least}
        if broken:
            kept = tuple(broken.values())[:WITNESSES]
            return Verdict(self.name, INVALID, kept[0].message, kept, claim, coverage)
        reason = f"{len(reads)} reads show at least {self.least} on call"
        return Verdict(self.name, VALID, reason, (), claim, coverage)

    def _anomaly(
        self, read: Call, shift: Any, on_call: Sequence[Any], leaves: Sequence[Call]
    ) -> Anomaly:
        end = read.invoked if read.completed is None else read.completed
        left = [call for call in leaves if call.argument[0] == shift and call.invoked < end][-4:]
        who = " and ".join(shown(call.argument[1]) for call in left)
        message = (
            f"operation {event_of(read)} read {shown(list(on_call))} on call in shift "
            f"{shown(shift)}, where {self.least} must stay, after {who or 'nobody'} had left"
        )
        operations = (*(event_of(call) for call in left), event_of(read))
        return Anomaly("write-skew", message, operations, {"shift": shift})


def _on_call(call: Call) -> tuple[Any, Sequence[Any]]:
    match call.result:
        case [shift, [*names]] if all(isinstance(name, str | int) for name in names):
            return shift, names
    raise ModelError(
        event_of(call), f"a read returned {shown(call.result)}; it must return [shift, [doctors]]"
    )
