"""From anomalies to a verdict: which consistency models they leave, and the witness for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from splitbrain.checkers.isolation.consistency import (
    MODELS,
    STRONGEST,
    ConsistencyModel,
    Standing,
    forbidden,
    standing,
)
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Verdict

_WORST_FIRST = (
    "garbage",
    "future-read",
    "duplicate-elements",
    "cyclic-versions",
    "G1a",  # before the orders that no two reads agree on, which come of it
    "incompatible-order",
    "append-order",
    "G0",
    "dirty-update",
    "G1b",
    "G1c",
    "non-monotonic-reads",
    "internal",
    "fractured-read",
    "monotonic-writes",
    "read-your-writes",
    "monotonic-reads",
    "writes-follow-reads",
    "causality-violation",
    "lost-update",
    "G-single",
    "G-single-predicate",
    "G-nonadjacent",
    "G-nonadjacent-predicate",
    "long-fork",
    "not-snapshot-isolated",
    "G2-item",
    "write-skew",
    "G2",
    "not-serializable",
)
_SUFFIXES = ("", "-item", "-process", "-realtime", "-per-key")


@dataclass(slots=True)
class Findings:
    """What was found in a history, before it is judged.

    Attributes:
        anomalies: witnesses.
        counts: how many there are of each kind, witnesses or not.
        open: kinds that could not be decided, with the reason.
        weak: anomalies of weak levels, beside worse ones that say more.
    """

    anomalies: list[Anomaly] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    weak: list[Anomaly] = field(default_factory=list)

    def add(self, witnesses: Sequence[Anomaly], count: int | None = None) -> None:
        """Add witnesses of one kind, and their number if there are more."""
        if witnesses:
            kind = witnesses[0].kind
            self.anomalies += witnesses
            self.counts[kind] = self.counts.get(kind, 0) + (count or len(witnesses))

    def take_weak(self, anomalies: Sequence[Anomaly], *, apart: bool) -> None:
        """Take over what refutes weak levels: as anomalies, or only for the lattice."""
        if apart:
            for anomaly in anomalies:
                self.add([anomaly])
        else:
            self.weak += anomalies


def severity(kind: str) -> tuple[int, int, str]:
    """Sorts kinds of anomalies: worst first, then those without a suffix."""
    for rank, base in enumerate(_WORST_FIRST):
        for weight, suffix in enumerate(_SUFFIXES):
            if kind == base + suffix:
                return weight // 2, rank, kind
    return 9, 0, kind


def judge(
    name: str,
    findings: Findings,
    consistency: ConsistencyModel | None,
    *,
    proof: Callable[[], Mapping[str, Any]],
    coverage: Mapping[str, int],
    cost: Mapping[str, Any],
    assumptions: Sequence[str] | None = None,
) -> Verdict:
    """The verdict that findings make.

    Args:
        name: the checker's name.
        findings: what was found.
        consistency: the model asked for; None means the strongest, and the verdict says which
            models are left.
        proof: makes the certificate of a valid verdict; "no proof" in it says why there is none.
            An array in it, such as an order of all transactions, becomes a list once it is read.
        coverage: see `Verdict`.
        cost: see `Verdict`.
        assumptions: what the verdict assumes, for its certificate.
    """
    asked = consistency or MODELS[STRONGEST]
    relevant = forbidden(asked.name)
    anomalies = sorted(
        (a for a in findings.anomalies if a.kind in relevant), key=lambda a: severity(a.kind)
    )
    others = sorted(kind for kind in findings.counts if kind not in relevant)
    left = standing([*findings.counts, *(a.kind for a in findings.weak)])
    certificate: dict[str, Any] = {
        "consistency": asked.name,
        "anomalies": {k: findings.counts[k] for k in sorted(findings.counts, key=severity)},
    }
    if assumptions is not None:
        certificate["assumptions"] = list(assumptions)
    if others:
        certificate["anomalies that the model allows"] = others
    if consistency is None:
        certificate |= _ladder(left, [*anomalies, *findings.weak])
    if anomalies:
        reason = _why_invalid(asked, anomalies, findings, left, consistency is None)
        return Verdict(name, INVALID, reason, tuple(anomalies), certificate, coverage, cost)
    undecided = {k: why for k, why in findings.open.items() if k in relevant}
    if undecided:
        kinds = ", ".join(sorted(undecided, key=severity))
        why = next(iter(undecided.values()))
        return Verdict(
            name,
            UNKNOWN,
            f"whether there is {kinds} is open: {why}",
            (),
            certificate,
            coverage,
            cost,
        )
    allowed = f" (it has {', '.join(others)}, which the model allows)" if others else ""
    proved = proof()

    def made() -> Mapping[str, Any]:
        shown = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in proved.items()}
        return {**certificate, **shown}

    reason = f"no anomaly that {asked.name} forbids{allowed}"
    if "no proof" in proved:
        reason = f"{reason}; this does not prove that it holds"
    return Verdict(name, VALID, reason, (), made, coverage, cost)


def _ladder(left: Standing, anomalies: Sequence[Anomaly]) -> dict[str, Any]:
    """What a verdict without a model says of all of them."""
    ladder: dict[str, Any] = {
        "ruled out": list(left.ruled_out),
        "also ruled out": list(left.also_ruled_out),
        "strongest not refuted": list(left.strongest),
    }
    above = left.next_up()
    if above and anomalies:
        ladder["next up"] = [
            {
                "model": model,
                "witness": anomaly.kind,
                "message": anomaly.message,
                "operations": list(anomaly.operations),
            }
            for model in above
            for anomaly in [_witness(model, anomalies)]
            if anomaly is not None
        ]
    return ladder


def _witness(model: str, anomalies: Sequence[Anomaly]) -> Anomaly | None:
    """The anomaly that says best why a model is ruled out: one that it forbids itself."""
    forbids = forbidden(model)
    direct = [a for a in anomalies if a.kind in MODELS[model].forbids]
    return next(iter(direct), next((a for a in anomalies if a.kind in forbids), None))


def _why_invalid(
    asked: ConsistencyModel,
    anomalies: Sequence[Anomaly],
    findings: Findings,
    left: Standing,
    ladder: bool,
) -> str:
    kinds = list(dict.fromkeys(a.kind for a in anomalies))
    counted = ", ".join(f"{kind} ({findings.counts[kind]})" for kind in kinds)
    if ladder:
        strongest = ", ".join(left.strongest) or "none"
        return (
            f"ruled out: {', '.join(left.ruled_out)} and all that is stronger, by {counted}; "
            f"strongest not refuted: {strongest}; {anomalies[0].kind}: {anomalies[0].message}"
        )
    return f"{asked.name} is ruled out by {counted}; {anomalies[0].kind}: {anomalies[0].message}"
