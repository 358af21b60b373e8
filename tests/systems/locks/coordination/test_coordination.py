"""The coordination service: its replicated state alone, and a leader that stands still."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.systems.consensus.asking import OK, REFUSED
from splitbrain.systems.locks.coordination.machine import Coordination
from splitbrain.systems.registry import experiment


def changed(*operations):
    machine = Coordination()
    return machine, [machine.apply(operation)[1] for operation in operations]


def copy(machine):
    other = Coordination()
    other.restore(machine.state())
    return other


def test_every_change_has_the_next_revision_and_is_told_to_who_has_not_heard_of_it():
    machine, revisions = changed(("put", "x", 1), ("put", "y", 2), ("put", "x", 3))

    assert revisions == [1, 2, 3]
    assert machine.after(1) == (3, ((2, "y", 2), (3, "x", 3)))
    assert machine.query(("snapshot",)) == (OK, (3, (("x", 3), ("y", 2))))


def test_who_asks_for_events_that_are_gone_is_told_so_also_after_a_snapshot():
    machine, _ = changed(*(("put", "x", n) for n in range(Coordination.keep + 3)))

    for each in (machine, copy(machine)):
        assert each.after(2) is None
        assert each.after(3) is not None
        assert len(each.after(3)[1]) == Coordination.keep


def test_as_many_hold_permits_as_there_are_and_an_owner_gets_its_own_again():
    take = ("take", "semaphore", 2)
    _, answers = changed(*((*take, owner, False) for owner in ("a", "b", "c", "a")))

    assert answers == [1, 2, False, 1]


def test_a_permit_is_given_back_by_its_token_alone():
    machine, answers = changed(
        ("take", "lock", 1, "a", False),
        ("give", "lock", "a", 1),
        ("take", "lock", 1, "a", False),
        ("give", "lock", "a", 1),  # a copy of the first, late
        ("take", "lock", 1, "b", False),
    )

    assert answers == [1, True, 2, False, False]
    assert copy(machine).apply(("take", "lock", 1, "b", False)) == (OK, False)


def test_a_leader_whose_permit_expired_writes_no_more():
    machine, answers = changed(
        ("take", "election", 1, "a", True),
        ("write", "election", 1, "ledger", "by a"),
        ("expire", "election", "a", 1),
        ("take", "election", 1, "b", True),
    )

    assert answers == [1, 2, True, 3]
    assert machine.apply(("write", "election", 1, "ledger", "late"))[0] == REFUSED
    assert machine.apply(("write", "election", 3, "ledger", "by b")) == (OK, 4)


OPERATIONS = (
    PlannedOperation(1.5, 0, "add", 1),
    PlannedOperation(1.7, 1, "add", 2),
    PlannedOperation(4.0, 2, "read"),
)
"""The first client leads when it is stopped; the second is elected once that has expired."""


def stopped(bug, at):
    pause = Fault("client.pause", at=at, duration=1.5, target="c1", id="gc")
    plan = Plan("coordination", "set", bug=bug, nodes=3, clients=3, time_limit=5.0, faults=(pause,))
    return run(experiment(plan.with_(operations=OPERATIONS)), tracing=False).validity


MOMENTS = [1.5 + n / 500 for n in range(12)]
"""At one of these the first client has read and not yet written."""


def test_a_leader_that_stood_still_destroys_what_the_next_one_wrote_if_nobody_looks_at_tokens():
    assert INVALID in {stopped("CLK-11", at) for at in MOMENTS}


@pytest.mark.parametrize("at", MOMENTS[::3])
def test_with_tokens_it_does_not(at):
    assert stopped(None, at) is VALID
