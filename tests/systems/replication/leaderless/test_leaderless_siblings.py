"""The arithmetic of siblings against causal histories written out in full."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.systems.replication.leaderless.siblings import EMPTY, merged, overwritten, written

REPLICAS = ("a", "b", "c")

steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(REPLICAS), st.booleans()),
        st.tuples(st.just("read"), st.sampled_from(REPLICAS), st.just(True)),
        st.tuples(st.just("remove"), st.sampled_from(REPLICAS), st.just(True)),
        st.tuples(st.just("merge"), st.sampled_from(REPLICAS), st.sampled_from(REPLICAS)),
    ),
    max_size=12,
)


def played(script):
    """Replicas as cells, and as (all that is known, what of it was replaced), side by side."""
    cells = dict.fromkeys(REPLICAS, EMPTY)
    histories = dict.fromkeys(REPLICAS, (frozenset(), frozenset()))
    context, seen = (), frozenset()
    for value, (what, at, other) in enumerate(script):
        known, gone = histories[at]
        if what == "read":
            context, seen = cells[at].context, known
        elif what == "write":
            cells[at] = written(cells[at], context if other else (), at, value)
            over = seen if other else frozenset()
            histories[at] = known | over | {value}, gone | over
        elif what == "remove":
            cells[at] = overwritten(cells[at], context)
            histories[at] = known | seen, gone | seen
        else:
            cells[at] = merged(cells[at], cells[other])
            histories[at] = known | histories[other][0], gone | histories[other][1]
    return cells, histories


@settings(max_examples=120, deadline=None)
@given(steps)
def test_siblings_are_what_is_known_and_not_replaced(script):
    cells, histories = played(script)

    for name in REPLICAS:
        known, gone = histories[name]
        assert set(cells[name].values) == known - gone


@settings(max_examples=100, deadline=None)
@given(steps)
def test_merging_is_a_join(script):
    cells, _ = played(script)
    a, b, c = cells.values()

    assert merged(a, b) == merged(b, a)
    assert merged(a, merged(b, c)) == merged(merged(a, b), c)
    assert merged(a, a) == a
    assert merged(merged(a, b), a) == merged(a, b)
