"""The group of consumers: owners, generations, and whose offsets count."""

from __future__ import annotations

from splitbrain.systems.streams.replicated_log.groups import Groups


def group():
    told = []
    return Groups(10, lambda *owner: told.append(owner)), told


def test_each_key_has_one_owner_among_those_who_want_it():
    made, told = group()
    made.hear("a", ("x", "y"), 1, 0.0)
    made.hear("b", ("x", "y", "z"), 1, 0.0)

    assert made.owners == {"x": "a", "y": "b", "z": "b"}
    assert told[-3:] == [("x", 12, "a"), ("y", 12, "b"), ("z", 12, "b")]


def test_who_is_silent_is_out_and_what_it_commits_later_is_refused():
    made, _ = group()
    made.hear("a", ("x",), 1, 0.0)
    before = made.generation
    made.hear("b", ("y",), 1, 0.9)
    assert not made.admits("a", before, ["x"])
    assert made.admits("a", made.generation, ["x"])

    present = made.generation
    made.look(silent_since=0.5)
    assert not made.admits("a", present, ["x"])
    assert made.of("a") == ()


def test_nobody_commits_what_is_another_s():
    made, _ = group()
    made.hear("a", ("x",), 1, 0.0)
    made.hear("b", ("y",), 1, 0.0)

    assert not made.admits("a", made.generation, ["x", "y"])


def test_offsets_never_go_back_and_a_new_owner_reads_on_from_them():
    made, _ = group()
    made.hear("a", ("x",), 1, 0.0)
    made.move((("x", 5),))
    made.move((("x", 3),))
    made.look(silent_since=1.0)
    made.hear("b", ("x",), 1, 1.0)

    assert made.of("b") == (("x", 5),)


def test_a_turn_that_comes_late_changes_nothing():
    made, _ = group()
    made.hear("a", ("x",), 2, 0.0)
    present = made.generation

    assert not made.hear("a", ("x", "y"), 1, 0.5)
    assert (made.generation, made.members["a"].keys) == (present, ("x",))
