"""What members know is merged by laws; and a detector that says how sure it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.checkers.convergence import broken_laws
from splitbrain.systems.membership.accrual import Accrual
from splitbrain.systems.membership.swim.bugs import BelievesAnySignOfLife
from splitbrain.systems.membership.swim.table import ALIVE, DEAD, SUSPECT, Record, merged

records = st.builds(
    lambda name, number, rank: Record(name, number, rank, number),  # a tag is its incarnation's
    st.sampled_from(("n1", "n2")),
    st.integers(0, 2),
    st.sampled_from((ALIVE, SUSPECT, DEAD)),
)
tables = st.lists(records, max_size=4).map(lambda told: merged((), told))


@settings(max_examples=60, deadline=None)
@given(st.lists(tables, min_size=1, max_size=3))
def test_merging_keeps_the_laws(states):
    assert broken_laws(merged, states) == []


def test_believing_any_sign_of_life_keeps_them_not():
    def believing(one, other):
        return BelievesAnySignOfLife.merge(None, one, other)

    alive, dead = ((Record("n1", 3, rank, None),) for rank in (ALIVE, DEAD))
    assert [law.partition(":")[0] for law in broken_laws(believing, [alive, dead])] != []


@pytest.mark.parametrize(
    ("known", "told", "wins"),
    [
        ((3, ALIVE), (3, SUSPECT), "told"),
        ((3, SUSPECT), (3, ALIVE), "known"),
        ((3, SUSPECT), (4, ALIVE), "told"),
        ((3, DEAD), (3, ALIVE), "known"),
        ((3, DEAD), (3, SUSPECT), "known"),
        ((3, DEAD), (4, ALIVE), "told"),
        ((4, ALIVE), (3, DEAD), "known"),
    ],
)
def test_who_overrides_whom(known, told, wins):
    """SWIM, section 4.2, with deaths that can be refuted."""
    first, second = (Record("n1", number, rank, None) for number, rank in (known, told))

    assert merged((first,), (second,)) == ((second if wins == "told" else first),)


def detector(delays):
    made = Accrual(least_deviation=0.01)
    for delay in delays:
        made.heard(delay)
    return made


def test_who_has_heard_nothing_accuses_nobody():
    assert detector([]).phi(1000.0) == 0.0


def test_it_is_surer_the_longer_the_silence():
    made = detector([0.1, 0.12, 0.08, 0.11])
    told = [made.phi(n / 50) for n in range(40)]

    assert told == sorted(told)
    assert told[0] < 0.01
    assert told[-1] > 8


def test_after_slow_answers_it_waits_longer():
    fast, slow = detector([0.01, 0.012, 0.011]), detector([0.01, 0.5, 0.4])

    assert fast.phi(0.3) > 8
    assert slow.phi(0.3) < 1


def test_half_of_all_answers_take_longer_than_the_mean():
    assert detector([0.1, 0.3]).phi(0.2) == pytest.approx(0.301, abs=0.001)


def test_what_was_long_ago_is_forgotten():
    made = Accrual(least_deviation=0.01, window=3)
    for delay in (5.0, 5.0, 0.1, 0.1, 0.1):
        made.heard(delay)

    assert made.phi(1.0) > 8
