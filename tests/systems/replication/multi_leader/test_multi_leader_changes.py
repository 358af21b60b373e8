"""Copies that have seen the same changes are equal, however they came to it."""

from __future__ import annotations

import random

import pytest

from splitbrain.systems.replication.multi_leader.changes import REGISTER, Change, Copy, knows
from splitbrain.systems.replication.multi_leader.topologies import AllToAll, Ring, Star

REGISTER_KEY = (REGISTER, "r")
SERVERS = ("n1", "n2", "n3", "n4", "n5")


def told(copy: Copy, change: Change) -> bool:
    """Take a change if it is the next one of its origin and all that it needs is there."""
    follows = change.number == copy.vector.get(change.origin, 0) + 1
    if follows and knows(copy.vector, change.needs):
        copy.apply(change)
        return True
    return False


def written_at_once(rng: random.Random, count: int = 40) -> tuple[list[Change], list[Copy]]:
    """Changes that three leaders make, each upon what it has; they tell each other some."""
    copies = [Copy(keep=rng.choice((3, 100))) for _ in range(3)]
    changes: list[Change] = []
    for value in range(count):
        number = rng.randrange(3)
        copy, origin = copies[number], f"n{number + 1}/1"
        if rng.random() < 0.3:  # stamps of concurrent writes are in any order, some are equal
            newest = max((s.value[0] for s in copy.siblings(REGISTER_KEY)), default=(0, 0))
            stamp = newest[0] + rng.randrange(2), newest[1] + 1
            key, over, new = REGISTER_KEY, (), ((stamp, value),)
        else:
            key = ("value", rng.choice("xyz"))
            over = copy.seen if rng.random() < 0.6 else ()
            new = () if over and rng.random() < 0.3 else (value,)
        change = Change(origin, copy.vector.get(origin, 0) + 1, copy.seen, key, over, new)
        changes.append(change)
        copy.apply(change)
        for change in changes:
            if rng.random() < 0.5:
                told(rng.choice(copies), change)
    return changes, copies


def contents(copy: Copy):
    return copy.seen, sorted(copy.snapshot().cells)


@pytest.mark.parametrize("seed", range(40))
def test_any_order_in_which_changes_may_be_taken_gives_the_same_copy(seed):
    rng = random.Random(seed)
    changes, copies = written_at_once(rng)

    for copy in copies:
        left = list(changes)
        while left:
            rng.shuffle(left)
            left = [c for c in left if not told(copy, c) and not knows(copy.vector, [c[:2]])]

    assert contents(copies[0]) == contents(copies[1]) == contents(copies[2])


@pytest.mark.parametrize("seed", range(40))
def test_merging_copies_is_taking_the_changes_of_both(seed):
    rng = random.Random(seed)
    changes, (one, other, _) = written_at_once(rng)
    expected = Copy(keep=1000)
    for change in changes:  # as they were made: each after those that it needs
        if knows(one.vector, [change[:2]]) or knows(other.vector, [change[:2]]):
            assert told(expected, change)

    one_before = one.snapshot()
    one.merge(other.snapshot())
    other.merge(one_before)

    assert contents(one) == contents(other) == contents(expected)
    one.merge(other.snapshot())
    assert contents(one) == contents(expected)


def test_of_a_register_the_write_with_the_last_stamp_stays_in_any_order():
    one = Change("n1/1", 1, (), REGISTER_KEY, (), (((5, 0), "late"),))
    other = Change("n2/1", 1, (), REGISTER_KEY, (), (((4, 7), "early"),))
    copies = Copy(keep=9), Copy(keep=9)
    for copy, changes in zip(copies, ((one, other), (other, one)), strict=True):
        for change in changes:
            copy.apply(change)

    assert contents(copies[0]) == contents(copies[1])
    assert [s.value[1] for s in copies[0].siblings(REGISTER_KEY)] == ["late"]


def test_who_lacks_more_than_was_kept_is_told_so():
    copy = Copy(keep=2)
    changes = [Change("n1/1", n, (), ("value", "x"), (), (n,)) for n in (1, 2, 3, 4)]
    for change in changes:
        copy.apply(change)

    assert copy.lacking({"n1/1": 2}, None) == changes[2:]
    assert copy.lacking({"n1/1": 4}, None) == []
    assert copy.lacking({"n1/1": 1}, None) is None
    assert copy.lacking({"n1/1": 1}, ("n2",)) == []


def test_a_ring_goes_round_who_is_silent_and_asks_them_still():
    ring = Ring()

    assert ring.upstream("n1", SERVERS, ()) == {"n5": None}
    assert ring.upstream("n2", SERVERS, ("n1", "n5")) == dict.fromkeys(("n1", "n5", "n4"))


def test_in_a_star_the_next_server_stands_in_for_a_silent_hub():
    star = Star()

    assert star.upstream("n1", SERVERS, ()) == dict.fromkeys(("n2", "n3", "n4", "n5"))
    assert star.upstream("n3", SERVERS, ()) == {"n1": None}
    assert star.upstream("n3", SERVERS, ("n1",)) == {"n1": None, "n2": None}
    assert star.upstream("n2", SERVERS, ("n1",)) == dict.fromkeys(("n1", "n3", "n4", "n5"))


def test_all_to_all_a_silent_leaders_changes_are_asked_of_the_others():
    asked = AllToAll().upstream("n1", ("n1", "n2", "n3"), ("n3",))

    assert asked == {"n2": ("n2", "n3"), "n3": ("n3",)}


@pytest.mark.parametrize("topology", [AllToAll(), Ring(), Star()])
@pytest.mark.parametrize("dead", [(), ("n1",), ("n2", "n3"), ("n1", "n5")])
def test_whoever_lives_hears_of_whoever_lives(topology, dead):
    """Once the dead are known to be silent, each change comes to all by some way."""
    living = [name for name in SERVERS if name not in dead]
    asks = {me: topology.upstream(me, SERVERS, dead) for me in living}

    for origin in living:
        has = {origin}
        for _ in living:
            has |= {
                me
                for me in living
                for peer, leaders in asks[me].items()
                if peer in has and (leaders is None or origin in leaders)
            }
        assert has == {*living}
