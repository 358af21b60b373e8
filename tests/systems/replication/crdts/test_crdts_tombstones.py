"""Tombstones of a set are forgotten, and nothing comes back; in the end none is left.

The twin is a set without tombstones, which tells by its context what was removed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.bug import planted
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.harness.workloads import crdt
from splitbrain.systems.replication.crdts.client import CrdtClient
from splitbrain.systems.replication.crdts.document import Types
from splitbrain.systems.replication.crdts.server import GossipServer
from splitbrain.systems.replication.crdts.stability import Stability
from splitbrain.systems.replication.crdts.tombstone_bugs import AsksMost, MergesOldStates
from splitbrain.systems.replication.crdts.tombstones import TombstoneTypes

ACTORS = ("a", "b", "c")
TWIN = Types()

steps = st.lists(
    st.tuples(
        st.sampled_from(("add", "add", "remove", "tell", "tell", "late", "crash")),
        st.sampled_from(ACTORS),
        st.integers(0, 5),
    ),
    max_size=40,
)


@dataclass
class Replica:
    """A document with tombstones, in memory and on disk, beside one of which the set has none."""

    name: str
    types: Types
    stability_class: type[Stability]
    life: int = 1
    told: list = field(default_factory=list)

    def __post_init__(self):
        self.here = self.disk = self.types.empty(), TWIN.empty()
        self.stability = self.peers()

    def peers(self):
        return self.stability_class([each for each in ACTORS if each != self.name])

    def change(self, f, argument):
        actor = f"{self.name}/{self.life}"
        ours, twins = (
            types.changed(each, actor, 0, f, argument)
            for types, each in zip((self.types, TWIN), self.here, strict=True)
        )
        if ours is not None:
            self.here = ours, twins

    def hear(self, sender, told):
        ours, twins = self.here
        self.here = self.types.merged(ours, told[0]), TWIN.merged(twins, told[1])
        self.stability.hear(sender, told[0].seen)

    def sync(self):
        """Have it on disk, and forget what may be forgotten then."""
        self.disk = self.here
        self.told.append(self.disk)
        ours, twins = self.here
        self.stability.note(self.types.erased(ours), ours.seen)
        self.here = self.types.collected(ours, self.stability.everywhere()), twins
        return self.told[-1]

    def crash(self):
        self.here, self.life, self.stability = self.disk, self.life + 1, self.peers()

    def check(self):
        ours, twins = self.here
        assert ours.elements.elements == twins.elements.elements


def played(script, types=TombstoneTypes, stability_class=Stability):
    """All of the script, then each tells each several times; what is left of tombstones."""
    replicas = {name: Replica(name, types(), stability_class) for name in ACTORS}
    for f, name, n in script:
        one, other = replicas[name], replicas[ACTORS[n % 3]]
        if f in ("add", "remove"):
            one.change(f, n)
        elif f == "tell" and one is not other:
            other.hear(name, one.sync())
        elif f == "late" and one is not other and other.told:
            one.hear(other.name, other.told[n % len(other.told)])
        elif f == "crash":
            one.crash()
        for replica in replicas.values():
            replica.check()
    for one in [*replicas.values()] * 3:
        told = one.sync()
        for other in replicas.values():
            if other is not one:
                other.hear(one.name, told)
            other.check()
    for replica in replicas.values():
        replica.sync()
    return [replica.here[0].elements.tombstones for replica in replicas.values()]


@settings(max_examples=12, deadline=None)
@given(steps)
def test_nothing_comes_back_and_in_the_end_no_tombstone_is_left(script):
    assert played(script) == [()] * 3


@pytest.mark.nightly
@settings(max_examples=5_000, deadline=None)
@given(steps)
def test_nothing_comes_back_over_many_scripts(script):
    assert played(script) == [()] * 3


REMOVED = [("add", "a", 1), ("tell", "a", 1), ("tell", "a", 2), ("remove", "b", 1)]
"""All have an element, and one has removed it."""


def test_who_forgets_what_most_have_gets_it_back_from_the_third():
    """ML-09-MAJORITY."""
    most = [*REMOVED, ("tell", "b", 0), ("tell", "a", 1), ("tell", "b", 0)]
    script = [*most, ("add", "c", 2), ("tell", "c", 1)]

    assert played(script) == [()] * 3
    with pytest.raises(AssertionError):
        played(script, stability_class=AsksMost)


def test_a_message_of_before_the_removal_brings_nothing_back():
    """ML-09-LATE."""
    heard = [("tell", "b", 0), ("tell", "b", 2), ("tell", "a", 1), ("tell", "c", 1)]
    script = [*REMOVED, *heard, ("tell", "b", 0), ("late", "b", 0)]

    assert played(script) == [()] * 3
    with pytest.raises(AssertionError):
        played(script, types=MergesOldStates)


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
