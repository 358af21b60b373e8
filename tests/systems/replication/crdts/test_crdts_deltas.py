"""Deltas: what a state has over an earlier one, and who is to be sent which of them."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.checkers.convergence import broken_laws
from splitbrain.systems.replication.crdts.delta_server import DottedTypes
from splitbrain.systems.replication.crdts.document import Types
from splitbrain.systems.replication.crdts.dotted import DottedSet
from splitbrain.systems.replication.crdts.intervals import Due, Intervals
from splitbrain.systems.replication.crdts.sets import ORSet

ACTORS = ("a", "b", "c")
UPDATES = ("add", "remove", "increment", "assign", "insert", "erase", "put", "take")

scripts = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(ACTORS), st.sampled_from(UPDATES), st.integers(0, 3)),
        st.tuples(st.sampled_from(ACTORS), st.just("hear"), st.sampled_from(ACTORS)),
    ),
    max_size=14,
)


def stepped(types, document, actor, f, n, letter):
    argument = {
        "insert": ((letter,), None),
        "put": ("ab"[n % 2], None, letter),
        "take": ("ab"[n % 2], None),
    }.get(f, n)
    return types.changed(document, actor, n, f, argument) or document


def histories(types, script):
    """Of each replica the states that it went through, as updates and hearing made them."""
    states = {actor: [types.empty()] for actor in ACTORS}
    for letter, (actor, f, n) in enumerate(script):
        now = states[actor][-1]
        if f == "hear":
            states[actor].append(types.merged(now, states[n][-1]))
        else:
            states[actor].append(stepped(types, now, actor, f, n, letter))
    return states


def assert_deltas_suffice(script):
    """Any interval of deltas, merged where the state at its beginning is, gives the one at its
    end; also where more is known than that."""
    types = DottedTypes()
    states = histories(types, script)
    others = [each[-1] for each in states.values()]
    for path in states.values():
        deltas = [types.since(after, before) for before, after in pairwise(path)]
        for first in range(len(deltas)):
            interval = reduce(types.merged, deltas[first:])
            assert types.merged(path[first], interval) == path[-1]
            for other in others:
                base = types.merged(other, path[first])
                assert types.merged(base, interval) == types.merged(base, path[-1])


@settings(max_examples=60, deadline=None)
@given(scripts)
def test_an_interval_of_deltas_is_worth_the_state_that_it_leads_to(script):
    assert_deltas_suffice(script)


@pytest.mark.nightly
@settings(max_examples=20_000, deadline=None)
@given(scripts)
def test_an_interval_of_deltas_is_worth_the_state_over_many_states(script):
    assert_deltas_suffice(script)


@settings(max_examples=40, deadline=None)
@given(scripts)
def test_deltas_keep_the_laws_of_merging_like_states(script):
    types = DottedTypes()
    path = histories(types, script)["a"][-4:]
    deltas = [types.since(after, before) for before, after in pairwise(path)]

    assert broken_laws(types.merged, [*deltas, path[-1]]) == []


@settings(max_examples=60, deadline=None)
@given(scripts)
def test_the_set_with_gaps_is_the_set_without(script):
    """The set that compares contexts by version vectors is an independent statement."""
    with_gaps, without = histories(DottedTypes(), script), histories(Types(), script)
    for actor in ACTORS:
        one, other = with_gaps[actor][-1], without[actor][-1]
        assert (type(one.elements), type(other.elements)) == (DottedSet, ORSet)
        assert one.value == other.value


def test_what_is_not_in_a_delta_was_not_removed():
    one = DottedSet().added("a", "x")
    delta = one.added("a", "y").since(one)

    assert one.merged(delta).elements == ("x", "y")


def test_a_removal_is_a_delta_that_has_seen_what_is_gone():
    one = DottedSet().added("a", "x").added("a", "y")
    delta = one.removed("x").since(one)

    assert delta == DottedSet((), (("a", 1),), ())
    assert one.merged(delta).elements == ("y",)


# Who is to be sent what


def test_who_acknowledged_nothing_needs_the_whole_state():
    intervals = Intervals(("n2", "n3"), keep=10)
    assert intervals.due("n2", intervals.until) == Due(None, 1)
    intervals.add("x")
    assert intervals.due("n2", intervals.until) == Due(None, 2)


def test_what_was_not_acknowledged_is_due_again_with_what_is_new():
    intervals = Intervals(("n2", "n3"), keep=10)
    intervals.acknowledge("n2", 1)
    intervals.add("x")
    assert intervals.due("n2", intervals.until) == Due(("x",), 2)
    intervals.add("y")
    assert intervals.due("n2", intervals.until) == Due(("x", "y"), 3)
    intervals.acknowledge("n2", 2)
    assert intervals.due("n2", intervals.until) == Due(("y",), 3)
    intervals.acknowledge("n2", 3)
    assert intervals.due("n2", intervals.until) is None


def test_a_late_acknowledgement_takes_nothing_back():
    intervals = Intervals(("n2",), keep=10)
    intervals.add("x")
    intervals.acknowledge("n2", 2)
    intervals.acknowledge("n2", 1)
    assert intervals.due("n2", intervals.until) is None


def test_who_lacks_a_delta_that_is_no_longer_kept_needs_the_whole_state():
    intervals = Intervals(("n2", "n3"), keep=2)
    for peer in ("n2", "n3"):
        intervals.acknowledge(peer, 1)
    for delta in "xyz":
        intervals.add(delta)
    assert intervals.due("n2", intervals.until) == Due(None, 4)
    intervals.acknowledge("n2", 2)
    assert intervals.due("n2", intervals.until) == Due(("y", "z"), 4)
