"""The key-value state machine and the sessions around it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.systems.consensus import sessions
from splitbrain.systems.consensus.kv import KeyValue
from splitbrain.systems.consensus.sessions import Sessions

KEYS = st.one_of(st.integers(0, 3), st.sampled_from(["x", "y"]), st.none())
VALUES = st.one_of(
    st.none(), st.integers(-2, 2), st.text(max_size=3), st.tuples(st.integers(-(2**63), 2**64 - 1))
)
OPERATIONS = st.one_of(
    st.tuples(st.just("put"), KEYS, VALUES),
    st.tuples(st.just("append"), KEYS, st.text(max_size=3)),
    st.tuples(st.just("cas"), KEYS, VALUES, VALUES),
    st.tuples(st.just("delete"), KEYS),
)


def test_operations():
    store = KeyValue()

    assert store.query(("get", "x")) == ("ok", None)
    assert store.apply(("put", "x", 1)) == ("ok", None)
    assert store.apply(("cas", "x", 1, 2)) == ("ok", True)
    assert store.apply(("cas", "x", 1, 3)) == ("ok", False)
    assert store.query(("get", "x")) == ("ok", 2)
    assert store.apply(("append", "s", "a")) == ("ok", "a")
    assert store.apply(("append", "s", "b")) == ("ok", "ab")
    assert store.apply(("delete", "x")) == ("ok", True)
    assert store.apply(("delete", "x")) == ("ok", False)
    assert store.apply(("put", 7, True)) == ("ok", None)
    assert store.query(("scan",)) == ("ok", (7, "s"))


@pytest.mark.parametrize("operation", [("append", "x", "b"), ("append", "y", 1), ("shout",)])
def test_what_makes_no_sense_is_refused_and_changes_nothing(operation):
    store = KeyValue()
    store.apply(("put", "x", 1))

    status, why = store.apply(operation)

    assert status == "refused"
    assert isinstance(why, str)
    assert store.state() == (("x", 1),)


@settings(deadline=None)
@given(st.lists(OPERATIONS, max_size=30))
def test_a_snapshot_restores_the_store_the_sessions_and_what_follows(operations):
    first = Sessions(KeyValue())
    first.apply(1, ("register",))
    for number, operation in enumerate(operations, 1):
        first.apply(number + 1, ("command", 1, number, operation))

    second = Sessions(KeyValue())
    second.restore(first.snapshot())

    assert second.state() == first.state()
    assert second.snapshot() == first.snapshot()
    assert second.application.digest() == first.application.digest()
    repeated = ("command", 1, len(operations), ("put", "x", "again"))
    assert second.apply(99, repeated) == first.apply(99, repeated)
    assert second.state() == first.state()


@settings(deadline=None)
@given(st.lists(OPERATIONS, max_size=30), st.lists(OPERATIONS, max_size=30))
def test_digests_tell_stores_apart(one, other):
    first, second = KeyValue(), KeyValue()
    for operation in one:
        first.apply(operation)
    for operation in other:
        second.apply(operation)

    assert (first.digest() == second.digest()) == (repr(first.state()) == repr(second.state()))


def test_thesis_6_3_a_command_that_comes_twice_is_applied_once():
    machine = Sessions(KeyValue())
    machine.apply(1, ("register",))
    command = ("command", 1, 1, ("append", "x", "a"))

    answers = [machine.apply(2, command), machine.apply(3, command)]

    assert answers == [("ok", "a"), ("ok", "a")]
    assert machine.query(("get", "x")) == ("ok", "a")


def test_an_older_command_that_comes_after_a_newer_one_is_not_applied():
    machine = Sessions(KeyValue())
    machine.apply(1, ("register",))
    machine.apply(2, ("command", 1, 2, ("put", "x", "new")))

    machine.apply(3, ("command", 1, 1, ("put", "x", "old")))

    assert machine.query(("get", "x")) == ("ok", "new")


def test_sessions_do_not_interfere():
    machine = Sessions(KeyValue())
    assert machine.apply(1, ("register",)) == ("ok", 1)
    assert machine.apply(2, ("register",)) == ("ok", 2)

    machine.apply(3, ("command", 1, 1, ("append", "x", "a")))
    machine.apply(4, ("command", 2, 1, ("append", "x", "b")))

    assert machine.query(("get", "x")) == ("ok", "ab")


def test_thesis_6_3_the_least_recently_active_session_expires(monkeypatch):
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 2)
    machine = Sessions(KeyValue())
    machine.apply(1, ("register",))
    machine.apply(2, ("register",))
    machine.apply(3, ("command", 1, 1, ("put", "x", 1)))

    machine.apply(4, ("register",))

    assert machine.apply(5, ("command", 2, 1, ("put", "x", 2))) == ("expired", 2)
    assert machine.apply(6, ("command", 1, 2, ("put", "x", 3))) == ("ok", None)
    assert machine.query(("get", "x")) == ("ok", 3)


def test_a_no_op_changes_nothing():
    machine = Sessions(KeyValue())

    assert machine.apply(1, None) == ("ok", None)
    assert machine.state() == ()
