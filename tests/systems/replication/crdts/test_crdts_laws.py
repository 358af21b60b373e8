"""Replicated types: the laws of merging over states that replicas reach, and what each means."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.checkers.convergence import broken_laws
from splitbrain.systems.replication.crdts.bugs import KeepsItsOwn, SharedSet, TakesTheLatestHeard
from splitbrain.systems.replication.crdts.counters import GCounter, PNCounter
from splitbrain.systems.replication.crdts.maps import GrowOnlyMap
from splitbrain.systems.replication.crdts.registers import LWWRegister, MVRegister
from splitbrain.systems.replication.crdts.sets import ORSet, TombstoneSet
from splitbrain.systems.replication.crdts.text import Text

ACTORS = ("a", "b", "c")


def grow(state, actor, n):
    return state.changed(actor, n)


def change(state, actor, n):
    return state.changed(actor, n - 2)


def assign_at(state, actor, n):
    return state.assigned(n, actor, f"{actor}{n}{state.stamp}")


def assign(state, actor, n):
    return state.assigned(actor, n)


def add_or_remove(state, actor, n):
    return state.removed(n % 2) if n > 2 else state.added(actor, n % 2)


def change_under_a_key(state, actor, n):
    """A counter under one key, a register under the other, which is written or cleared."""
    if n % 2:
        return state.changed("x", (state.value("x") or PNCounter()).changed(actor, n - 2))
    note = state.value("y") or MVRegister()
    return state.changed("y", note.assigned(actor, n) if n else note.cleared())


def edit(state, actor, n):
    length = len(state.value)
    if n > 3 and length:
        return state.removed(n % length)
    return state.inserted(actor, n % (length + 1), f"{actor}{n}")


TYPES = {
    "g-counter": (GCounter(), grow),
    "pn-counter": (PNCounter(), change),
    "lww-register": (LWWRegister(), assign_at),
    "mv-register": (MVRegister(), assign),
    "or-set": (ORSet(), add_or_remove),
    "tombstone-set": (TombstoneSet(), add_or_remove),
    "map": (GrowOnlyMap(), change_under_a_key),
    "text": (Text(), edit),
}

SCRIPTS = -(-100_000 // (len(TYPES) * len(ACTORS)))
"""So many scripts of each type, which end in a state of each replica, give a hundred thousand."""

steps = st.lists(
    st.tuples(st.sampled_from(ACTORS), st.sampled_from((*ACTORS, None, None)), st.integers(0, 5)),
    max_size=10,
)


def reached(empty, update, script):
    """The states of three replicas that update alone and hear from each other."""
    states = dict.fromkeys(ACTORS, empty)
    for actor, other, n in script:
        if other is None:
            states[actor] = update(states[actor], actor, n)
        else:
            states[actor] = states[actor].merged(states[other])
    return states


def merge(one, other):
    return one.merged(other)


@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=40, deadline=None)
@given(script=steps)
def test_merging_keeps_the_laws(name, script):
    states = reached(*TYPES[name], script)

    assert broken_laws(merge, list(states.values())) == []


@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=40, deadline=None)
@given(script=steps, n=st.integers(0, 5))
def test_an_update_only_adds_to_what_is_known(name, script, n):
    empty, update = TYPES[name]
    before = reached(empty, update, script)["a"]
    after = update(before, "a", n)

    assert before.merged(after) == after == after.merged(before)


@pytest.mark.nightly
@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=SCRIPTS, deadline=None)
@given(script=steps)
def test_merging_keeps_the_laws_over_many_states(name, script):
    """A hundred thousand, of all types together."""
    states = reached(*TYPES[name], script)

    assert broken_laws(merge, list(states.values())) == []


@pytest.mark.parametrize("register", [KeepsItsOwn, TakesTheLatestHeard])
def test_registers_that_ask_for_no_actor_break_a_law(register):
    states = [register(5, "a", "red"), register(5, "b", "blue")]

    assert [law.partition(":")[0] for law in broken_laws(merge, states)] == ["not commutative"]


def test_a_merge_that_shares_its_state_is_told():
    """ML-11."""
    one, other = (SharedSet(ORSet().added(actor, actor)) for actor in "ab")

    found = broken_laws(merge, [one, other])

    assert [law.partition(":")[0] for law in found] == ["merging changed what it was given"]


# What each type means


@settings(max_examples=100, deadline=None)
@given(steps)
def test_a_counter_is_the_sum_of_all_changes(script):
    states = reached(*TYPES["pn-counter"], script)
    whole = states["a"].merged(states["b"]).merged(states["c"])

    assert whole.value == sum(n - 2 for _, other, n in script if other is None)


@settings(max_examples=80, deadline=None)
@given(steps)
def test_both_sets_have_what_was_added_and_not_removed_by_one_who_had_seen_it(script):
    """Additions are written out as a set of all, and those removed, at each replica."""
    known = {actor: (Counter(), Counter()) for actor in ACTORS}
    for at, (actor, other, n) in enumerate(script):
        added, gone = known[actor]
        if other is not None:
            known[actor] = added | known[other][0], gone | known[other][1]
        elif n > 2:
            known[actor] = added, gone | Counter(each for each in added if each[0] == n % 2)
        else:
            known[actor] = added | Counter([(n % 2, at)]), gone
    for name in ("or-set", "tombstone-set"):
        states = reached(*TYPES[name], script)
        for actor, (added, gone) in known.items():
            assert states[actor].elements == tuple(sorted({e for e, _ in added - gone}))


def test_an_addition_that_no_remover_had_seen_wins():
    one = ORSet().added("a", "milk")
    removed, again = one.removed("milk"), one.merged(ORSet()).added("b", "milk")

    assert removed.merged(again).elements == ("milk",)


def test_a_tombstone_that_is_purged_too_soon_lets_the_element_return():
    one = TombstoneSet().added("a", "milk")

    assert one.removed("milk").merged(one).elements == ()
    assert one.removed("milk").purged().merged(one).elements == ("milk",)


def test_a_write_is_not_hidden_by_one_that_its_writer_had_seen_whatever_the_clock_says():
    fast = LWWRegister().assigned(1_000, "a", "old")

    assert fast.assigned(7, "b", "new").merged(fast).value == "new"


# Text


def test_what_two_people_type_at_one_place_does_not_interleave():
    text = Text().inserted("a", 0, "[]")
    one, other = text.inserted("a", 1, "hello"), text.inserted("b", 1, "world")

    assert one.merged(other).value in ("[helloworld]", "[worldhello]")


@settings(max_examples=80, deadline=None)
@given(steps)
def test_letters_that_a_replica_has_stay_in_their_order_when_others_arrive(script):
    states = reached(*TYPES["text"], script)
    whole = states["a"].merged(states["b"]).merged(states["c"])
    places = {c.identity: n for n, c in enumerate(whole._visible())}

    for state in states.values():
        order = [places[c.identity] for c in state._visible() if c.identity in places]
        assert order == sorted(order)


@pytest.mark.parametrize(("position", "said"), [(4, "3 characters"), (-1, "3 characters")])
def test_a_place_that_a_text_does_not_have_is_refused(position, said):
    with pytest.raises(IndexError, match=said):
        Text().inserted("a", 0, "abc").inserted("a", position, "x")
