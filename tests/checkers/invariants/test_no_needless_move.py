"""What a store moves of its own accord makes it more even."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from splitbrain.checkers import INVALID, VALID
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import INFO, History, Operation
from splitbrain.checkers.invariants.rebalances import ENTRY, no_needless_move
from splitbrain.checkers.models import ModelError


def moves(*values):
    return History.from_operations(
        Operation(i, i * 10**9, "n1", INFO, "rebalance", value) for i, value in enumerate(values)
    )


def move(source, target, *ranges):
    counts = {f"n{i + 1}": count for i, count in enumerate(ranges)}
    return {"from": source, "to": target, "ranges": counts}


@pytest.mark.parametrize(
    ("values", "validity", "which"),
    [
        ([move("n1", "n2", 3, 1, 1)], VALID, []),
        ([move("n1", "n2", 2, 1, 1)], INVALID, [(0,)]),
        ([move("n1", "n2", 4, 0), move("n2", "n1", 3, 1), move("n1", "n2", 3, 1)], INVALID, [(1,)]),
        ([move("n1", "n1", 4, 0)], INVALID, [(0,)]),
    ],
)
def test_no_needless_move(values, validity, which):
    verdict = no_needless_move().check(moves(*values))

    assert (verdict.validity, [a.operations for a in verdict.anomalies]) == (validity, which)


@pytest.mark.parametrize("value", [None, {}, {"from": "n1"}, move("n1", "n9", 3, 1)])
def test_what_is_no_move_is_named(value):
    with pytest.raises(ModelError, match="n1 announces rebalance"):
        no_needless_move().check(moves(value))


@pytest.mark.parametrize("seed", range(50))
def test_moves_are_needless_if_and_only_if_they_leave_things_as_uneven_as_they_were(seed):
    """The twin: by the sum of squares of what servers have."""
    draw = Random(seed)
    told, needless = [], []
    for index in range(20):
        counts = [draw.randrange(6) for _ in range(3)]
        source, target = draw.sample(range(3), 2)
        told.append(move(f"n{source + 1}", f"n{target + 1}", *counts))
        after = list(counts)
        after[source] -= 1
        after[target] += 1
        if sum(n * n for n in after) >= sum(n * n for n in counts):
            needless.append((index,))
    history = moves(*told)
    verdict = no_needless_move().check(history)

    assert [anomaly.operations for anomaly in verdict.anomalies] == needless
    assert ENTRY.verified(history, verdict).complete
    with pytest.raises(CertificateError):
        ENTRY.verified(history, replace(verdict, validity=VALID, anomalies=()))
