"""Splits, sorting with spills, and attempts: laws that hold whatever the sizes."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.batch.mapreduce.jobs import Job, splits
from splitbrain.systems.batch.mapreduce.running import Begun, Running
from splitbrain.systems.batch.mapreduce.sorting import Sorter

LINES = st.lists(st.text("ab 1", max_size=5).map(lambda line: "k" + line), max_size=12)


@given(LINES, st.integers(1, 20), st.booleans())
def test_every_line_is_in_one_split(lines, size, ended):
    text = "\n".join(lines) + ("\n" if ended and lines else "")

    read = [line for split in splits(text, size) for line in Job().records(text, split)]

    assert read == lines


PAIRS = st.lists(st.tuples(st.sampled_from("abcde"), st.integers(-9, 9)), max_size=40)


@given(PAIRS, st.integers(1, 9))
def test_a_sorter_gives_the_same_however_often_it_spills(pairs, spill_at):
    disk = SimulatedDisk(Random(1))
    sorter = Sorter(disk, "s", Job().combined, spill_at)
    for key, number in pairs:
        sorter.add((key, (number, 1)))

    expected = {key: [number for k, number in pairs if k == key] for key in "abcde"}
    assert sorter.pairs() == [(k, (sum(n), len(n))) for k, n in expected.items() if n]
    assert disk.list() == []


VALUES = st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 9)), min_size=1, max_size=6)


@given(VALUES, VALUES, st.randoms(use_true_random=False))
def test_values_combine_in_any_order_and_grouping(left, right, random):
    job, together = Job(), left + right
    random.shuffle(together)

    assert job.combined([job.combined(left), job.combined(right)]) == job.combined(together)


def running():
    job = Running.begin(1, "count", "a 1\na 2\n", split=4, reducers=1)
    for number, kind in enumerate(("map", "map", "reduce")):
        job.begin_attempt(kind, number % 2, (1, number), Begun(f"n{number}", 0.0))
    return job


def test_what_a_given_up_attempt_gave_is_dropped():
    job = running()
    job.on_mapped(0, (1, 9))
    job.on_reduced(0, (1, 9), (("a", (3, 2)),))

    assert (job.mapped, job.done, job.parts()) == (False, False, ((),))


def test_what_is_missing_is_made_again_and_reducers_wait_for_it():
    job = running()
    job.on_mapped(0, (1, 0))
    job.on_mapped(1, (1, 1))
    job.on_missing(1, (1, 1))

    assert job.due(0.0, lease=1.0, patience=0.5) == [("map", 1)]
    assert job.reduces[0].begun == {}


def test_a_slow_attempt_gets_one_other_beside_it_and_the_first_to_end_counts():
    job = running()
    job.on_mapped(0, (1, 0))

    assert job.due(0.4, lease=1.0, patience=0.5) == []
    assert job.due(0.6, lease=1.0, patience=0.5) == [("map", 1)]
    job.begin_attempt("map", 1, (1, 7), Begun("n7", 0.6))
    assert job.due(0.9, lease=1.0, patience=0.5) == []

    job.on_mapped(1, (1, 7))
    job.on_mapped(1, (1, 1))
    assert job.sources() == ((0, (1, 0), "n0"), (1, (1, 7), "n7"))


def test_an_attempt_whose_lease_is_over_counts_no_more():
    job = running()

    assert job.due(1.1, lease=1.0, patience=0.5) == [("map", 0), ("map", 1)]
    job.on_mapped(0, (1, 0))
    assert job.sources() == ()
