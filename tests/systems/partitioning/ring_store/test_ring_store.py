"""The store on a ring: its ring is even enough for its checker, whoever the members are."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from math import ceil

import pytest

from splitbrain.checkers.invariants.placement import imbalance
from splitbrain.checkers.invariants.placements import MOST
from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import PlannedOperation
from splitbrain.systems.partitioning.ring_store.server import SLOTS, bounded_owners, ring_of
from splitbrain.systems.registry import experiment

SERVERS = ("n1", "n2", "n3", "n4", "n5")
MEMBERS = [m for size in range(1, 6) for m in combinations(SERVERS, size)]


@pytest.mark.parametrize("virtual", [64, 128, 256])
def test_no_member_has_much_more_than_its_share_whoever_they_are(virtual):
    loads = []
    for members in MEMBERS:
        ring = ring_of(members, virtual)
        owners = {slot: ring.owner(slot) for slot in SLOTS}
        loads.append(imbalance(owners, members))

    assert max(loads) < 0.8 * MOST


@pytest.mark.parametrize("bound", [1.0, 1.25, 2.0])
def test_no_member_is_beyond_its_bound_and_only_a_full_one_passes_a_slot_on(bound):
    for members in MEMBERS:
        ring, most = ring_of(members, 64), ceil(bound * len(SLOTS) / len(members))
        owners = bounded_owners(ring, len(members), 2, bound)
        loads = Counter(row[0] for row in owners.values())

        assert max(loads.values()) <= most
        for slot, row in owners.items():
            assert len(set(row)) == len(row) == min(2, len(members))
            clockwise = ring.owners(slot, len(members))
            passed = clockwise[: clockwise.index(row[0])]
            assert [loads[member] for member in passed] == [most] * len(passed)


def test_elements_stay_while_members_come_and_go():
    operations = [
        *((0.1 + 0.05 * e, e % 3, "add", e) for e in range(20)),
        *((0.5 + 0.6 * i, 3, "change-members", number) for i, number in enumerate((0, 3, 2, 0, 3))),
    ]
    planned = tuple(PlannedOperation(*each) for each in operations)
    plan = Plan("ring-store", "changing-set", seed=2, nodes=5, clients=4, time_limit=5.0)
    result = run(experiment(plan.with_(operations=planned)))

    members = [e.value for e in result.history if e.f == "change-members" and e.type == "ok"]
    assert [len(each) for each in members] == [4, 3, 2, 3, 4]
    reads = [e.value for e in result.history if e.f == "read" and e.type == "ok"]
    assert reads[-5:] == [list(range(20))] * 5
    assert result.validity is VALID
