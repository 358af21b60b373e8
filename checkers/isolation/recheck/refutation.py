"""Re-checking that no order of transactions is left (see `refutation`), without a solver.

A *pair* is two transactions that took effect and wrote the same key: one of them comes first. Each
cycle rests on quotes, which are looked up, and on orders of pairs that it assumes; as nothing that
the model allows has such a cycle, one of these assumptions is wrong. What follows from these
clauses is derived one by one: a clause follows if denying it leads, by unit propagation alone, to
a contradiction. The last one that follows is the empty one.

Which cycles are forbidden: under serializability all; under snapshot isolation those without two rw
in a row (Cerone and Gotsman, PODC 2016, theorem 9). Sessions and real time may take part if the
anomaly's name says so.

*Complexity.* Linear in the cycles; for each lemma one propagation, at most linear in all clauses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from splitbrain.checkers.certificate import CertificateError, NoCertificate
from splitbrain.checkers.isolation.recheck.cycles import ends_of, kind_of, rests_on, verify_step
from splitbrain.checkers.isolation.recheck.lookup import Lookup
from splitbrain.checkers.verdict import Anomaly

_KINDS = ("not-serializable", "not-snapshot-isolated")
_TIMES: dict[str, tuple[str, ...]] = {
    "": (),
    "-process": ("process",),
    "-per-key": ("per-key",),
    "-realtime": ("process", "realtime"),
}


def verify_refutation(look: Lookup, anomaly: Anomaly) -> None:
    """Check every cycle, and that they leave no order of the writers.

    Raises:
        CertificateError: a cycle is none, or an order is left.
        NoCertificate: the evidence was too large for the certificate.
    """
    found = anomaly.details["refutation"]
    if found is None:
        raise NoCertificate(
            f"the refutation was left out: {anomaly.details['refutation left out']}"
        )
    pairs: Sequence[Mapping[str, Any]] = found["pairs"]
    for pair in pairs:
        _verify_pair(look, pair)
    clauses = Clauses()
    for steps in found["cycles"]:
        _verify_ring(look, anomaly.kind, pairs, steps)
        clauses.add(-step["assumes"] for step in steps if "assumes" in step)
    for lemma in found["lemmas"]:
        if not clauses.implies(lemma):
            raise CertificateError(f"the lemma {lemma} does not follow from what is before it")
        clauses.add(lemma)
    if not clauses.implies(()):
        raise CertificateError("the cycles leave an order of the writers")


def _verify_pair(look: Lookup, pair: Mapping[str, Any]) -> None:
    """Two transactions took effect and wrote the key, so that one of them came first."""
    first = look.transaction(pair["first operation"])
    second = look.transaction(pair["second operation"])
    for call in (first, second):
        if not look.took_effect(call) or not look.writes(call, pair["key"]):
            raise CertificateError(f"operation {call.invoke_index} did not write {pair['key']}")
    if first is second:
        raise CertificateError(f"operation {first.invoke_index} is paired with itself")


def _verify_ring(
    look: Lookup,
    kind: str,
    pairs: Sequence[Mapping[str, Any]],
    steps: Sequence[Mapping[str, Any]],
) -> None:
    """The steps are a cycle that the model forbids, and each follows from what it assumes."""
    name = next(name for name in _KINDS if kind.startswith(name))
    allowed = ("ww", "wr", "rw", *_TIMES[kind.removeprefix(name)])
    types = [step["type"] for step in steps]
    if not all(step_type in allowed for step_type in (*types, *rests_on(steps))):
        raise CertificateError(f"a cycle of {types} says nothing of {kind}")
    if name == "not-snapshot-isolated" and kind_of(types, rests_on(steps)).startswith("G2-item"):
        raise CertificateError(f"snapshot isolation allows a cycle of {types}")
    for step, following in zip(steps, [*steps[1:], steps[0]], strict=True):
        if step["to operation"] != following["from operation"]:
            raise CertificateError(f"{step['because']!r} is not followed by a step of {step['to']}")
        if "assumes" not in step:
            verify_step(look, step)
        elif not _follows(look, pairs, step):
            raise CertificateError(f"it does not follow that {step['because']}")


def _follows(look: Lookup, pairs: Sequence[Mapping[str, Any]], step: Mapping[str, Any]) -> bool:
    """Whether a dependency follows from the assumed order of a pair.

    The earlier one's write comes before the later one's, and so does whoever read it.
    """
    literal = step["assumes"]
    if type(literal) is not int or not 0 < abs(literal) <= len(pairs):
        return False
    pair = pairs[abs(literal) - 1]
    earlier, later = pair["first operation"], pair["second operation"]
    if literal < 0:
        earlier, later = later, earlier
    source, target = ends_of(look, step)
    if target.invoke_index != later or source is target:
        return False
    if step["type"] == "ww":
        return bool(source.invoke_index == earlier)
    written = look.writes(look.transaction(earlier), pair["key"])
    saw = [value for value in look.external(source, pair["key"]) if value is not None]
    return step["type"] == "rw" and any(value in written for value in saw)


class Clauses:
    """Clauses, and what follows from them by unit propagation.

    A literal is a whole number, and its denial the negative one. Each clause of two literals or
    more is watched at two of them, and looked at when one of these is denied (Moskewicz et al.,
    "Chaff", DAC 2001).
    """

    def __init__(self) -> None:
        self._watching: dict[int, list[list[int]]] = {}
        self._units: list[int] = []
        self._empty = False

    def add(self, literals: Iterable[int]) -> None:
        """Take a clause for granted."""
        clause = sorted(set(literals))
        if not all(type(literal) is int and literal for literal in clause):
            raise CertificateError(f"{clause} is no clause")
        if len(clause) > 1:
            for literal in clause[:2]:
                self._watching.setdefault(literal, []).append(clause)
        elif clause:
            self._units.append(clause[0])
        else:
            self._empty = True

    def implies(self, literals: Iterable[int]) -> bool:
        """Whether denying all of some literals leads to a contradiction."""
        if self._empty:
            return True
        true: set[int] = set()
        pending = [*self._units, *(-literal for literal in literals)]
        while pending:
            literal = pending.pop()
            if -literal in true:
                return True
            if literal not in true:
                true.add(literal)
                pending += self._forced(-literal, true)
        return False

    def _forced(self, denied: int, true: set[int]) -> list[int]:
        """What clauses force whose watched literal is denied; the others are watched elsewhere."""
        kept, forced = [], []
        for clause in self._watching.get(denied, []):
            if clause[0] == denied:
                clause[0], clause[1] = clause[1], denied
            at = next((i for i in range(2, len(clause)) if -clause[i] not in true), None)
            if at is None or clause[0] in true:
                kept.append(clause)
                forced += [] if clause[0] in true else [clause[0]]
            else:
                clause[1], clause[at] = clause[at], denied
                self._watching.setdefault(clause[1], []).append(clause)
        self._watching[denied] = kept
        return forced
