"""What an acceptor owes, over crashes too; and members of which majorities meet."""

from __future__ import annotations

import random
from itertools import combinations, pairwise

import pytest
import trio
import trio.testing
from untimed_disks import StallingDisk, UntimedDisk

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.replication.cas_paxos.acceptor import NO_BALLOT, Acceptor, Members

SERVERS = ("n1", "n2", "n3", "n4", "n5")
ROW = "row0"


def opened(disk):
    acceptor = Acceptor(UntimedDisk(disk), SERVERS)
    trio.run(acceptor.open)
    return acceptor


def fresh():
    return opened(SimulatedDisk(random.Random(1)))


def test_who_promised_a_ballot_accepts_it_and_no_lesser_one():
    acceptor = fresh()
    first = acceptor.prepare(ROW, (2, "a"))

    assert first is not None
    assert (first.accepted, first.value) == (NO_BALLOT, ())
    assert acceptor.prepare(ROW, (2, "a")) is None, "one ballot is promised once"
    assert not acceptor.accept(ROW, (1, "b"), (7,))
    assert acceptor.accept(ROW, (2, "a"), (8,))
    assert acceptor.accept(ROW, (2, "b"), (9,)), "a greater one than was promised"
    assert not acceptor.accept(ROW, (2, "a"), (8,))


def test_a_promise_tells_what_was_accepted_last():
    acceptor = fresh()
    acceptor.prepare(ROW, (1, "a"))
    acceptor.accept(ROW, (1, "a"), (7,))
    told = acceptor.prepare(ROW, (3, "b"))

    assert told is not None
    assert (told.accepted, told.value) == ((1, "a"), (7,))
    other = acceptor.prepare("row1", (1, "a"))
    assert other is not None
    assert other.value == ()


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
@pytest.mark.parametrize("seed", range(8))
def test_what_was_synced_survives_a_power_loss(policy, seed):
    draw = random.Random(f"{policy}/{seed}")
    disk = SimulatedDisk(draw)
    durable = (NO_BALLOT, NO_BALLOT, 0)

    def state(acceptor):
        row = acceptor.row(ROW)
        return row.promised, row.accepted, acceptor.members.version

    async def live():
        nonlocal durable
        acceptor = Acceptor(StallingDisk(disk, draw.randrange(2, 12)), SERVERS)
        with trio.move_on_after(1):
            await acceptor.open()
            for number in range(1, 15):
                acceptor.prepare(ROW, (number, "a"))
                if draw.random() < 0.7:
                    acceptor.accept(ROW, (number, "a"), (number,))
                acceptor.learn(Members(number, SERVERS, SERVERS[1:]))
                if draw.random() < 0.7:
                    now = state(acceptor)
                    await acceptor.sync()
                    durable = now

    trio.run(live, clock=trio.testing.MockClock(autojump_threshold=0))
    disk.power_loss(policy)
    acceptor = opened(disk)

    found = state(acceptor)
    assert all(late >= early for late, early in zip(found, durable, strict=True))
    assert acceptor.row(ROW).value == ((found[1][0],) if found[1] != NO_BALLOT else ())


def majorities(homes):
    return [
        set(some)
        for n in range(len(homes) // 2 + 1, len(homes) + 1)
        for some in combinations(homes, n)
    ]


def quorums(members):
    """Every set of homes that is a majority of the old ones and of the new ones."""
    old, new = members.homes(ROW)
    return [one | other for one in majorities(old) for other in majorities(new)]


@pytest.mark.parametrize("gone", SERVERS)
def test_majorities_of_a_version_and_the_next_meet_and_of_the_first_and_last_need_not(gone):
    rest = tuple(server for server in SERVERS if server != gone)
    steps = [Members(0, SERVERS, SERVERS), Members(1, SERVERS, rest), Members(2, rest, rest)]
    for before, after in pairwise(steps):
        assert all(one & other for one in quorums(before) for other in quorums(after))
    if gone in steps[0].homes(ROW)[0]:
        assert not all(one & other for one in quorums(steps[0]) for other in quorums(steps[2]))
