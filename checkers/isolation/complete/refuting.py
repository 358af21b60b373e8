"""The certificate of a complete search that found no order: cycles, and why they leave none.

Each cycle rests on an assumed order of some writers, so that one of these assumptions is wrong: a
clause. The clauses contradict each other, which a proof shows: further clauses, of which each
follows from those before by unit propagation (RUP; Goldberg and Novikov, "Verification of Proofs of
Unsatisfiability for CNF Formulas", DATE 2003), up to the empty one. The solver gives the proof;
`splitbrain.checkers.isolation.recheck.refutation` checks it.

Few of the excluded cycles are needed as a rule: the solver names some that suffice, and where there
are not many each is tried to be left out.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.isolation.cycles import Step
from splitbrain.checkers.isolation.lists.evidence import ends
from splitbrain.checkers.isolation.registers.evidence import explain
from splitbrain.checkers.isolation.registers.inference import RegisterHistory
from splitbrain.checkers.isolation.transactions import shown_key
from splitbrain.checkers.models.model import shown

SOLVER = "glucose4"

SIZE_LIMIT = 200_000
"""Steps of cycles and literals of the proof beyond which the certificate is left out."""

TRIED_LIMIT = 300
"""Cycles up to which each is tried to be left out."""

CONFLICTS = 10_000
"""Conflicts after which the solver gives up leaving one out."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two writers of a key, of which one comes first.

    Attributes:
        key: number of the key.
        first: a transaction.
        second: another one.
        first_element: what the first one leaves in the key.
        second_element: what the second one leaves in it.
    """

    key: int
    first: int
    second: int
    first_element: int
    second_element: int


@dataclass(frozen=True, slots=True)
class Excluded:
    """A cycle that the search has excluded.

    Attributes:
        steps: its dependencies.
        literals: for each the variable of the pair whose order brings it, negative if that is the
            second before the first; 0 if the history alone brings it.
    """

    steps: tuple[Step, ...]
    literals: tuple[int, ...]

    def clause(self) -> list[int]:
        """What the cycle says: one of the assumed orders is wrong."""
        return [-literal for literal in sorted({x for x in self.literals if x}, key=abs)]


def solver_installed() -> bool:
    """Whether python-sat is there."""
    return importlib.util.find_spec("pysat") is not None


def solver(clauses: Iterable[Sequence[int]] = (), *, proof: bool = False) -> Any:
    """A solver of python-sat, which must be installed."""
    make = importlib.import_module("pysat.solvers").Solver
    return make(name=SOLVER, bootstrap_with=[list(c) for c in clauses], with_proof=proof)


def refutation(
    history: RegisterHistory, pairs: Sequence[Pair], excluded: Sequence[Excluded]
) -> tuple[dict[str, Any], list[Excluded]]:
    """The certificate, and the cycles in it.

    Args:
        history: what is judged.
        pairs: the pairs of writers, by variable (the first one is 1).
        excluded: cycles that cannot all be avoided.
    """
    kept, lemmas = list(excluded), list[list[int]]()
    # What pruning alone refutes was found without the solver, by unit propagation.
    if solver_installed():
        kept = [excluded[at] for at in _needed([cycle.clause() for cycle in excluded])]
        lemmas = _proof([cycle.clause() for cycle in kept])
    size = sum(len(cycle.steps) for cycle in kept) + sum(map(len, lemmas))
    if size > SIZE_LIMIT:
        why = f"its {len(kept)} cycles and {len(lemmas)} lemmas are more than {SIZE_LIMIT} steps"
        return {"refutation": None, "refutation left out": why}, kept
    used = sorted({abs(literal) for cycle in kept for literal in cycle.literals if literal})
    number = {variable: place for place, variable in enumerate(used, 1)}
    renamed = {sign * old: sign * new for old, new in number.items() for sign in (1, -1)}
    t = history.transactions
    written = {
        "pairs": [
            {
                "key": t.keys[pair.key],
                "first operation": int(t.indices[t.invoked[pair.first]]),
                "second operation": int(t.indices[t.invoked[pair.second]]),
            }
            for pair in (pairs[variable - 1] for variable in used)
        ],
        "cycles": [
            [
                _evidence(history, pairs, step, literal, renamed)
                for step, literal in zip(cycle.steps, cycle.literals, strict=True)
            ]
            for cycle in kept
        ],
        "lemmas": [[renamed[literal] for literal in lemma] for lemma in lemmas],
    }
    return {"refutation": written}, kept


def _needed(clauses: list[list[int]]) -> list[int]:
    """Places of some clauses that still contradict each other, in order."""
    for at, clause in enumerate(clauses):
        if not clause:
            return [at]
    base = max(abs(literal) for clause in clauses for literal in clause) + 1
    judge = solver([*clause, -(base + at)] for at, clause in enumerate(clauses))
    try:
        needed = list(range(len(clauses)))
        while True:
            judge.solve(assumptions=[base + at for at in needed])
            fewer = sorted(literal - base for literal in judge.get_core())
            if len(fewer) == len(needed):
                break
            needed = fewer
        if len(needed) <= TRIED_LIMIT:
            needed = _without_needless(judge, base, needed)
        return needed
    finally:
        judge.delete()


def _without_needless(judge: Any, base: int, needed: list[int]) -> list[int]:
    """Leave out one after another, as long as the rest is a contradiction."""
    for at in needed.copy():
        if at not in needed:
            continue
        judge.conf_budget(CONFLICTS)
        rest = [base + other for other in needed if other != at]
        if judge.solve_limited(assumptions=rest) is False:
            needed = sorted(literal - base for literal in judge.get_core())
    return needed


def _proof(clauses: list[list[int]]) -> list[list[int]]:
    """Clauses that follow one after another by unit propagation, ending in the empty one."""
    if [] in clauses:
        return []
    judge = solver(clauses, proof=True)
    try:
        judge.solve()
        lines: list[str] = judge.get_proof()
    finally:
        judge.delete()
    # Lines with a d forget clauses; that only saves time.
    return [[int(x) for x in line.split()[:-1]] for line in lines if not line.startswith("d")]


def _evidence(
    history: RegisterHistory,
    pairs: Sequence[Pair],
    step: Step,
    literal: int,
    renamed: dict[int, int],
) -> dict[str, Any]:
    """What a step of a cycle rests on: quotes, or the order of a pair."""
    if not literal:
        return explain(history, step)
    t, pair = history.transactions, pairs[abs(literal) - 1]
    earlier, later = (pair.first_element, pair.second_element)[:: 1 if literal > 0 else -1]
    first, second = (t.name(m) for m in (pair.first, pair.second)[:: 1 if literal > 0 else -1])
    value, following, key = t.values[earlier], t.values[later], t.keys[pair.key]
    assumed = f"if {first}'s write of {shown_key(key)} comes before {second}'s"
    if step.kind == "ww":
        because = (
            f"{second} wrote {shown_key(key)} = {shown(following)} after {shown(value)}, {assumed}"
        )
    else:
        because = (
            f"{t.name(step.source)} read {shown_key(key)} = {shown(value)} before "
            f"{second} wrote {shown(following)}, {assumed}"
        )
    quoted = {"key": key, "value": value, "next": following, "because": because}
    return {**ends(t, step), **quoted, "assumes": renamed[literal]}
