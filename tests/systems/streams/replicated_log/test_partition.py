"""One partition: which prefix two replicas share, what is committed, and what transactions show."""

from __future__ import annotations

import random

import pytest
import trio
import trio.testing
from untimed_disks import StallingDisk, UntimedDisk

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.streams.replicated_log.controller import State
from splitbrain.systems.streams.replicated_log.leading import Leadership
from splitbrain.systems.streams.replicated_log.partition import (
    ABORT,
    COMMIT,
    DATA,
    OPEN,
    Entry,
    Partition,
)
from splitbrain.systems.streams.replicated_log.store import Store


def partition(*entries, committed=None):
    """Entries ``(kind, producer, producer's epoch, value)``, all of them durable."""
    made = Partition()
    for number, (kind, producer, epoch, value) in enumerate(entries):
        made.append(Entry(1, producer, epoch, number, kind, "k", value))
    made.durable = made.end
    made.high_watermark = made.end if committed is None else committed
    return made


def values(made):
    return [value for _, _, value in made.read(0, 99)[1]]


def test_a_transaction_is_read_once_its_marker_is_committed():
    entries = [(DATA, "p", 0, 1), (OPEN, "t", 1, 2), (DATA, "p", 0, 3), (COMMIT, "t", 1, None)]

    assert values(partition(*entries)) == [1, 2, 3]
    assert values(partition(*entries, committed=3)) == [1]
    assert values(partition(*entries[:3])) == [1]


def test_what_was_aborted_is_passed_over_and_forgotten_with_its_marker():
    made = partition((OPEN, "t", 1, 1), (ABORT, "t", 1, None), (OPEN, "t", 2, 2),
                     (COMMIT, "t", 2, None))  # fmt: skip
    assert values(made) == [2]

    made.cut(1)
    made.high_watermark = made.end

    assert values(made) == []
    made.append(Entry(2, "t", 1, -1, COMMIT, "", None))
    made.high_watermark = made.end
    assert values(made) == [1]


@pytest.mark.parametrize(
    ("epoch", "sequence", "known", "refused"),
    [
        (1, 4, 0, True),
        (1, 3, None, True),
        (1, 5, None, False),
        (0, 9, None, True),
        (2, 0, None, False),
    ],
)
def test_a_producer_s_requests_are_told_apart(epoch, sequence, known, refused):
    made = Partition()
    made.append(Entry(1, "p", 1, 4, DATA, "k", 7))

    assert made.known("p", epoch, sequence) == known
    assert made.refuses("p", epoch, sequence) == refused


def test_a_send_that_comes_after_its_transaction_s_end_is_refused():
    made = partition((OPEN, "t", 3, 1), (ABORT, "t", 3, None))

    assert made.refuses("t", 3, 99)
    assert made.marked("t", 3)
    assert not made.refuses("t", 4, 0)
    assert not made.marked("t", 4)


def replica(*epochs):
    made = Partition()
    for at, epoch in enumerate(epochs):
        made.append(Entry(epoch, "p", 0, at, DATA, "k", at))
    made.durable = made.end
    return made


@pytest.mark.parametrize(
    ("leader", "follower", "shared"),
    [
        ([1, 1, 2], [1, 1], 2),
        ([1, 1, 2], [1, 1, 1], 2),
        ([1, 1, 3], [1, 2, 2], 1),
        ([1, 3, 3], [2, 2, 2, 2], 0),
        ([1, 1, 1, 4], [1, 1, 2, 2, 2, 3], 2),
    ],
)
def test_two_replicas_cut_down_to_what_they_share(leader, follower, shared):
    """The steps of a fetch that is answered by ``diverged``, until it isn't."""
    leads, follows = replica(*leader), replica(*follower)
    while not leads.agrees(follows.end, follows.epoch_before(follows.end)):
        last = follows.epoch_before(follows.end)
        follows.cut(min(leads.end_of_epoch(last), follows.end - 1))

    assert follows.end == shared


def leadership(*in_sync):
    return Leadership("n2", State(0, 1, "n2", in_sync, 1), began=3)


def test_committed_is_what_all_in_sync_have_and_those_who_may_be():
    made, log = leadership("n2", "n3"), replica(1, 1, 1, 1)
    assert made.committed(log) == 0
    made.fetched("n3", 4, log, now=0.0)
    assert made.committed(log) == 4
    made.fetched("n4", 3, log, now=0.0)
    assert made.committed(log) == 4
    made.joining.add("n4")
    assert made.committed(log) == 3


def test_who_is_to_be_in_sync_has_all_that_there_was_when_the_leader_began():
    made, log = leadership("n2", "n3"), replica(1, 1, 1, 1)
    for name, end in (("n3", 0), ("n4", 2), ("n5", 3)):
        made.fetched(name, end, log, now=1.0)
    assert made.wished(log, 1.1, patience_s=0.3) == ("n2", "n3", "n5")
    made.fetched("n4", 3, log, now=1.4)
    assert made.wished(log, 1.5, patience_s=0.3) == ("n2",)  # n4 lacks what there was before


def test_an_answer_to_a_wish_ends_the_doubt_about_who_joins():
    made, log = leadership("n2", "n3"), replica(1, 1, 1, 1)
    made.fetched("n3", 4, log, now=0.0)
    made.joining.add("n4")
    made.learn(made.state)
    assert made.joining == {"n4"}
    made.learn(made.state._replace(version=2))
    assert made.committed(log) == 4


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
@pytest.mark.parametrize("seed", range(8))
def test_what_was_synced_survives_and_what_was_cut_does_not(policy, seed):
    rng = random.Random(f"{policy}/{seed}")
    disk = SimulatedDisk(rng)
    possible: list[list[Entry]] = [[]]  # since the last sync, which made the first durable

    async def live():
        store = Store(StallingDisk(disk, rng.randrange(3, 12)), 2, Partition)
        with trio.move_on_after(1):
            await store.open()
            entries = store.partitions[1].entries
            for number in range(12):
                if rng.random() < 0.3:
                    store.cut(1, rng.randint(0, len(entries)))
                    possible.append(list(entries))
                store.append(1, [Entry(number, "p", 0, number, DATA, "k", number)])
                possible.append(list(entries))
                await store.sync()
                possible[:] = [list(entries)]

    trio.run(live, clock=trio.testing.MockClock(autojump_threshold=0))
    disk.power_loss(policy)
    store = Store(UntimedDisk(disk), 2, Partition)
    trio.run(store.open)

    assert store.partitions[1].entries in possible
    assert store.partitions[1].durable == store.partitions[1].end
    assert store.partitions[0].entries == []
