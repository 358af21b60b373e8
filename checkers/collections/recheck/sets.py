"""What became of the elements of a set, derived again as the definition says it.

The definition is that of `splitbrain.checkers.collections.full_sets`; here each element is looked
for in each read, one by one, which takes elements times reads steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified
from splitbrain.checkers.history import Call, History
from splitbrain.checkers.models import split
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.verdict import VALID, Verdict
from splitbrain.checkers.vocabulary import FINAL, NOT_OF_DATA, PHASE

STEPS = 4_000_000
"""How often an element is looked for in a read before it stays unchecked."""

_FINAL_PROCESS = 1_000_000


def verify_set(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Check that a verdict of set-full says what the history shows.

    Args:
        history: the history judged.
        verdict: the verdict.
        options: those of the checker.

    Raises:
        CertificateError: it doesn't.
    """
    calls = [call for call in history.calls() if call.f not in NOT_OF_DATA]
    keyed = options.get("keyed")
    parts = split(calls, keyed=_over_keys(calls) if keyed is None else keyed)
    final = [event.index for event in history.events(f=PHASE) if event.value == FINAL][:1]
    final_process = options.get("final_process", _FINAL_PROCESS)
    found: Counter[str] = Counter()
    left = STEPS
    for part in parts:
        reads = [call for call in part.calls if call.f == "read" and call.outcome == "ok"]
        adds = [call for call in part.calls if call.f == "add"]
        left -= len(reads) * (len(adds) + 1)
        if left < 0:
            return Certified("a set", complete=False, unchecked=f"more than {STEPS} steps are due")
        late = [
            r.process >= final_process or any(r.invoke_index > begin for begin in final)
            for r in reads
        ]
        found.update(_wrong(adds, reads, late))
    if verdict.validity is VALID and not options.get("linearizable", False):
        del found["stale"]
    return _compared(verdict, found)


def _over_keys(calls: list[Call]) -> bool:
    """Whether all values are pairs, and the second of each ok read's is a list."""
    pairs = all(isinstance(c.argument, list | tuple) and len(c.argument) == 2 for c in calls)
    results = [c.result for c in calls if c.f == "read" and c.outcome == "ok"]
    return (
        pairs
        and any(c.f == "add" for c in calls)
        and all(
            isinstance(r, list | tuple) and len(r) == 2 and isinstance(r[1], list | tuple)
            for r in results
        )
    )


def _wrong(adds: list[Call], reads: list[Call], late: list[bool]) -> Iterator[str]:
    """The kind of each thing that is wrong with one set."""
    held = [Counter(frozen(value) for value in read.result) for read in reads]
    by_element: dict[Hashable, list[Call]] = {}
    for add in adds:
        by_element.setdefault(frozen(add.argument), []).append(add)
    for read, contents in zip(reads, held, strict=True):
        for element, times in contents.items():
            if times > 1:
                yield "duplicated"
            begun = [
                add
                for add in by_element.get(element, ())
                if add.outcome != "fail" and add.invoked < (read.completed or 0)
            ]
            if not begun:
                yield "unexpected"
    for element, its in by_element.items():
        ends = [add.completed for add in its if add.outcome == "ok"]
        ends += [r.completed for r, held_ in zip(reads, held, strict=True) if element in held_]
        if not ends:
            continue
        known = min(end for end in ends if end is not None)
        lacking = [
            at for at, r in enumerate(reads) if r.invoked > known and element not in held[at]
        ]
        having = [at for at in range(len(reads)) if element in held[at]]
        if not lacking:
            continue
        if not having or lacking[-1] > having[-1] or any(late[at] for at in lacking):
            yield "lost"
        else:
            yield "stale"


def _compared(verdict: Verdict, found: Counter[str]) -> Certified:
    """What a verdict says beside what was found."""
    if verdict.validity is VALID:
        if found:
            kind, times = next(iter(found.items()))
            raise CertificateError(f"the verdict says valid, but {times} elements are {kind}")
        return Certified("valid: each element was looked for again in each read")
    told = {anomaly.kind for anomaly in verdict.anomalies}
    if wrong := sorted(told - found.keys()):
        raise CertificateError(f"no element is {wrong[0]}")
    if not told:
        raise CertificateError("the verdict says invalid, and names nothing that is wrong")
    return Certified(f"invalid: elements are {', '.join(sorted(told))}, as it says")
