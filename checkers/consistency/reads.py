"""Checkers that judge each read of a register by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.consistency.writes import Writes
from splitbrain.checkers.history import Call, History
from splitbrain.checkers.linearizability.parts import parts_of
from splitbrain.checkers.linearizability.wording import object_name
from splitbrain.checkers.models import Register
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Verdict

REPORTED = 50
"""How many bad reads get an anomaly each, those that complete first; all are counted."""


@dataclass(frozen=True, slots=True)
class Fine:
    """A read that is as it should be.

    Attributes:
        constrained: False if the definition lets it give any value at all.
        write: the write that it may have read from; None for the initial value.
    """

    constrained: bool
    write: Call | None = None


@dataclass(frozen=True, slots=True)
class Bad:
    """A read that is not: the anomaly's kind, a sentence, and the operations concerned."""

    kind: str
    sentence: str
    calls: tuple[Call, ...]


Judge = Callable[[Writes, Sequence[Call]], Sequence[Fine | Bad]]


@dataclass(slots=True)
class _Tally:
    """What was found so far."""

    bad: list[tuple[int, Anomaly]] = field(default_factory=list)
    sources: list[list[int | None]] = field(default_factory=list)
    constrained: int = 0
    reads: int = 0
    writes: int = 0
    bad_keys: int = 0


def judge_reads(
    name: str,
    holds: str,
    model: Register,
    history: History,
    keyed: bool | None,
    judge: Judge,
    cost: dict[str, Any],
) -> Verdict:
    """The verdict on all ok reads of a history.

    Args:
        name: the checker's.
        holds: what is so if all reads are fine, in words.
        model: the register.
        history: the history.
        keyed: whether values are ``[key, value]``; None finds out.
        judge: judges the ok reads of one register.
        cost: the algorithm and the definition, for the verdict.

    Raises:
        splitbrain.checkers.models.ModelError: an operation is not a read or a write, or not the
        model's.
    """
    parts = parts_of(model, history, keyed=keyed)
    tally = _Tally()
    for part in parts.parts:
        writes = Writes(model, part.calls)
        reads = [call for call in part.calls if call.f == "read" and call.outcome == "ok"]
        tally.reads += len(reads)
        tally.writes += len(writes.all)
        before = len(tally.bad)
        for read, judgment in zip(reads, judge(writes, reads), strict=True):
            if isinstance(judgment, Bad):
                tally.bad.append((read.completed or 0, _anomaly(part.key, judgment)))
            elif judgment.constrained:
                tally.constrained += 1
                write = judgment.write
                index = None if write is None else write.invoke_index
                tally.sources.append([read.invoke_index, index])
        tally.bad_keys += len(tally.bad) > before
    return _verdict(name, holds, parts.keyed, tally, cost)


def _verdict(name: str, holds: str, keyed: bool, tally: _Tally, cost: dict[str, Any]) -> Verdict:
    coverage = {
        "reads": tally.reads,
        "reads constrained": tally.constrained + len(tally.bad),
        "writes": tally.writes,
        "bad reads": len(tally.bad),
    }
    if tally.bad:
        tally.bad.sort(key=lambda entry: entry[0])
        anomalies = tuple(anomaly for _, anomaly in tally.bad[:REPORTED])
        of_keys = f" of {tally.bad_keys} keys" if keyed else ""
        reason = f"{len(tally.bad)} of {tally.reads} reads{of_keys} are wrong; first "
        reason += anomalies[0].message
        return Verdict(name, INVALID, reason, anomalies, coverage=coverage, cost=cost)
    if not tally.constrained:
        reason = (
            "every read may give any value, so nothing was exercised"
            if tally.reads
            else "no read succeeded, so nothing was exercised"
        )
        return Verdict(name, UNKNOWN, reason, coverage=coverage, cost=cost)
    return Verdict(
        name,
        VALID,
        f"{holds}: {tally.constrained} reads",
        certificate={"keyed": keyed, "sources": tally.sources},
        coverage=coverage,
        cost=cost,
    )


def _anomaly(key: Any, bad: Bad) -> Anomaly:
    window = sorted({call.invoke_index for call in bad.calls})
    ends = [call.complete_index for call in bad.calls if call.complete_index is not None]
    where = "" if key is None else f"{object_name(key)}: "
    return Anomaly(
        bad.kind,
        where + bad.sentence,
        tuple(sorted({*window, *ends})),
        {"key": key, "window": window},
    )
