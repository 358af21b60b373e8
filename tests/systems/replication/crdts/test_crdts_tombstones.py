"""Tombstones of a set are forgotten, and nothing comes back; in the end none is left.

The twin is a set without tombstones, which tells by its context what was removed.
"""

from __future__ import annotations

import pytest
from forgetting_replicas import Replica, played, scripts, settled
from hypothesis import given, settings

from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.bug import planted
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.harness.workloads import crdt
from splitbrain.systems.replication.crdts.client import CrdtClient
from splitbrain.systems.replication.crdts.server import GossipServer
from splitbrain.systems.replication.crdts.stability import Stability
from splitbrain.systems.replication.crdts.tombstone_bugs import AsksMost, MergesOldStates
from splitbrain.systems.replication.crdts.tombstones import TombstoneTypes

steps = scripts("add", "add", "remove", max_size=40)


class SetReplica(Replica):
    """A set with tombstones, beside one that has none."""

    def check(self):
        ours, twins = self.here
        assert ours.elements.elements == twins.elements.elements


def tombstones(script, types=TombstoneTypes, stability_class=Stability):
    """What is left of tombstones after all of the script, once each has told each."""
    replicas = played(
        script,
        lambda name: SetReplica(name, types(), stability_class),
        lambda one, f, element, _: one.change(f, element),
    )
    return [document.elements.tombstones for document in settled(replicas)]


@settings(max_examples=12, deadline=None)
@given(steps)
def test_nothing_comes_back_and_in_the_end_no_tombstone_is_left(script):
    assert tombstones(script) == [()] * 3


@pytest.mark.nightly
@settings(max_examples=5_000, deadline=None)
@given(steps)
def test_nothing_comes_back_over_many_scripts(script):
    assert tombstones(script) == [()] * 3


REMOVED = [("add", "a", 1), ("tell", "a", 1), ("tell", "a", 2), ("remove", "b", 1)]
"""All have an element, and one has removed it."""


def test_who_forgets_what_most_have_gets_it_back_from_the_third():
    """ML-09-MAJORITY."""
    most = [*REMOVED, ("tell", "b", 0), ("tell", "a", 1), ("tell", "b", 0)]
    script = [*most, ("add", "c", 2), ("tell", "c", 1)]

    assert tombstones(script) == [()] * 3
    with pytest.raises(AssertionError):
        tombstones(script, stability_class=AsksMost)


def test_a_message_of_before_the_removal_brings_nothing_back():
    """ML-09-LATE."""
    heard = [("tell", "b", 0), ("tell", "b", 2), ("tell", "a", 1), ("tell", "c", 1)]
    script = [*REMOVED, *heard, ("tell", "b", 0), ("late", "b", 0)]

    assert tombstones(script) == [()] * 3
    with pytest.raises(AssertionError):
        tombstones(script, types=MergesOldStates)


def test_servers_forget_tombstones_once_all_have_them():
    apart = Fault("net.partition", at=0.5, duration=1.5, target="n1", id="apart")
    plan = Plan("crdts-tombstones", "crdt", seed=1, nodes=3, clients=3, time_limit=3.0)
    operations = (
        (0.1, 0, "add", 1),
        (0.1, 1, "add", 2),
        (1.0, 1, "remove", 1),
        (1.2, 0, "add", 3),
        (1.8, 1, "read", None),
        (2.6, 2, "remove", 3),
    )
    servers, kept = {}, []

    class Watched(planted(GossipServer, types_class=TombstoneTypes)):
        def __init__(self, node):
            super().__init__(node)
            servers[node.name] = self

        def have(self, document):
            super().have(document)
            kept.append(len(document.elements.tombstones))

    planned = plan.with_(
        faults=(apart,), operations=tuple(PlannedOperation(*each) for each in operations)
    )
    result = run(planned.using(Watched, crdt(CrdtClient)), tracing=False)

    assert result.validity is VALID, result.verdicts
    sets = [each.document.elements for each in servers.values()]
    assert [(each.elements, each.tombstones) for each in sets] == [((2,), ())] * 3
    assert {*kept} == {0, 1}, "the first is forgotten before the second is there"
