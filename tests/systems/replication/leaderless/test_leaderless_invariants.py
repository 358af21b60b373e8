"""What may have been acknowledged is known to some server at every moment."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.systems.partitioning.rendezvous import preference
from splitbrain.systems.registry import experiment
from splitbrain.systems.replication.leaderless.invariants import KeptWrites
from splitbrain.systems.replication.leaderless.siblings import EMPTY, merged, written

SERVERS = ("n1", "n2", "n3", "n4", "n5")
MILK = written(EMPTY, (), "n9/1", "milk")
FLOUR = written(MILK, MILK.context, "n8/1", "flour")
EGGS = written(EMPTY, (), "n8/1", "eggs")
"""By one who had not read the milk."""


class Servers:
    """Servers that hold what a test says, and the probe that looks at them."""

    def __init__(self, enough=1):
        self.enough, self.steps, self.probe = enough, 0, KeptWrites()

    def holds(self, name, cell=EMPTY, *, hint=EMPTY, on_disk=True, opened=True):
        """The breach that is seen when a server has come to hold this, and nothing else, of x."""
        self.steps += 1
        storage = SimpleNamespace(
            cells={} if cell == EMPTY else {"x": cell},
            hints={} if hint == EMPTY else {("n1", "x"): hint},
            opened=opened,
            progress=(self.steps, self.steps - (not on_disk)),
        )
        return self.probe(name, SimpleNamespace(storage=storage, to_write=self.enough))


def test_a_hint_that_is_dropped_and_was_all_that_was_left():
    servers = Servers()
    assert servers.holds("n4", hint=MILK) is None

    breach = servers.holds("n4")

    assert breach.invariant == "write-kept"
    assert breach.said == "n4 let go of 'milk' of key 'x', and no server has it"


@pytest.mark.parametrize("cell", [MILK, FLOUR, merged(MILK, EGGS)])
def test_a_hint_may_go_once_the_home_has_it_or_what_replaced_it(cell):
    servers = Servers()
    servers.holds("n4", hint=MILK)
    servers.holds("n1", cell)

    assert servers.holds("n4") is None


def test_what_another_wrote_at_the_same_time_is_not_it():
    servers = Servers()
    servers.holds("n4", hint=MILK)
    servers.holds("n1", EGGS)

    assert servers.holds("n4").invariant == "write-kept"


def test_what_is_on_no_disk_may_go():
    servers = Servers()
    servers.holds("n4", hint=MILK, on_disk=False)

    assert servers.holds("n4") is None


def test_what_too_few_have_on_disk_may_go_and_no_more_once_enough_had():
    servers = Servers(enough=2)
    servers.holds("n4", hint=MILK)
    assert servers.holds("n4") is None

    servers.holds("n4", hint=MILK)
    servers.holds("n5", hint=MILK)
    assert servers.holds("n4") is None
    assert servers.holds("n5").invariant == "write-kept"


def test_a_server_that_is_down_counts_with_what_it_had_until_it_has_read_its_disk():
    servers = Servers()
    servers.holds("n1", MILK)
    servers.holds("n4", hint=MILK)

    assert servers.holds("n1", opened=False) is None
    assert servers.holds("n4") is None
    assert servers.holds("n1").invariant == "write-kept"


@pytest.mark.parametrize(("bug", "validity"), [("LL-04", INVALID), (None, VALID)])
def test_a_loss_is_seen_though_its_coordinator_brings_the_value_back(bug, validity):
    """The coordinator's next write of the key has both values: no client sees the loss."""
    alone = preference("x", SERVERS)[4]
    writer = SERVERS.index(alone)
    cut = Fault("net.partition", 0.5, 2.0, alone, options={"shape": "one"}, id="cut")
    plan = Plan("leaderless-sloppy", "siblings", seed=1, bug=bug, nodes=5, clients=5)
    operations = ((1.0, "write", ["x", [1, []]]), (3.0, "write", ["x", [2, []]]))
    planned = tuple(PlannedOperation(at, writer, f, what) for at, f, what in operations)

    result = run(experiment(plan.with_(time_limit=6.0, faults=(cut,), operations=planned)))

    assert result.validity is validity, result.verdicts
    if bug:
        (blamed,) = [v for v in result.verdicts if v.validity is INVALID]
        assert (blamed.checker, blamed.anomalies[0].kind) == ("invariants", "write-kept")
