"""What a run exercised: a checker's "valid" is worth as much as this table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from splitbrain.checkers.history.calls import Calls
from splitbrain.reports.faults import FaultBand
from splitbrain.reports.wording import counted, listed, safe_text, shortened

OUTCOMES = ("ok", "fail", "info")


@dataclass(frozen=True, slots=True)
class FunctionCoverage:
    """How often one kind of operation was invoked, by outcome."""

    f: str
    ok: int
    fail: int
    info: int

    @property
    def total(self) -> int:
        """Invocations in all."""
        return self.ok + self.fail + self.info


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was exercised.

    Attributes:
        functions: operations by kind and outcome, in order of first use.
        total: the same over all kinds.
        faults: faults that started.
        observed: those of them that had an effect somebody saw.
        warnings: what makes the run weaker than it looks, one sentence each.
    """

    functions: tuple[FunctionCoverage, ...]
    total: FunctionCoverage
    faults: int
    observed: int
    warnings: tuple[str, ...]


def cover(calls: Calls, faults: Sequence[FaultBand]) -> Coverage:
    """Count what the calls and faults exercised."""
    counts = calls.counts()
    names = dict.fromkeys(name for name, _ in counts)
    functions = tuple(
        FunctionCoverage(name, *(counts.get((name, outcome), 0) for outcome in OUTCOMES))
        for name in names
    )
    totals = (sum(getattr(row, outcome) for row in functions) for outcome in OUTCOMES)
    idle = tuple(
        safe_text(shortened(fault.id or fault.kind, 24))
        for fault in faults
        if fault.observed is False
    )
    return Coverage(
        functions=functions,
        total=FunctionCoverage("all", *totals),
        faults=sum(fault.start is not None for fault in faults),
        observed=sum(fault.observed is True for fault in faults),
        warnings=_warnings(functions, idle),
    )


def _warnings(functions: Sequence[FunctionCoverage], idle: Sequence[str]) -> tuple[str, ...]:
    warnings = [] if functions else ["No operation was invoked, so nothing was exercised."]
    warnings += [
        f"No {safe_text(shortened(row.f, 40))} ever succeeded ({counted(row.total, 'attempt')})."
        for row in functions
        if row.ok == 0
    ]
    if idle:
        had = "fault had" if len(idle) == 1 else "faults had"
        warnings.append(f"{len(idle)} {had} no observed effect: {listed(idle, 12)}.")
    return tuple(warnings)
