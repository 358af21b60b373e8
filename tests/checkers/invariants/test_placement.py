"""Movement and balance of placements, by hand."""

from __future__ import annotations

import pytest

from splitbrain.checkers.invariants.placement import imbalance, needless_moves

BEFORE = {"a": "n1", "b": "n2", "c": "n2"}


@pytest.mark.parametrize(
    ("after", "changed", "needless"),
    [
        (BEFORE, [], []),
        ({"a": "n1", "b": "n2", "c": "n3"}, ["n3"], []),  # to the node that came
        ({"a": "n1", "b": "n1", "c": "n1"}, ["n2"], []),  # from the node that went
        ({"a": "n2", "b": "n2", "c": "n3"}, ["n3"], ["a"]),
        ({"a": "n2", "b": "n1", "c": "n2"}, [], ["a", "b"]),
    ],
)
def test_needless_moves(after, changed, needless):
    assert needless_moves(BEFORE, after, changed) == needless


def test_keys_must_be_the_same():
    with pytest.raises(ValueError, match="key 'a' has a node before or after alone"):
        needless_moves(BEFORE, {"b": "n2", "c": "n2"}, [])


@pytest.mark.parametrize(
    ("owners", "nodes", "times"),
    [
        ({"a": "n1", "b": "n2"}, ["n1", "n2"], 1.0),
        (BEFORE, ["n1", "n2"], 4 / 3),
        (BEFORE, ["n1", "n2", "n3"], 2.0),  # a node without keys counts
    ],
)
def test_imbalance(owners, nodes, times):
    assert imbalance(owners, nodes) == pytest.approx(times)


@pytest.mark.parametrize(
    ("owners", "message"), [({}, "there are no keys"), ({"a": "n9"}, "no node is called 'n9'")]
)
def test_what_has_no_balance_is_refused(owners, message):
    with pytest.raises(ValueError, match=message):
        imbalance(owners, ["n1"])
