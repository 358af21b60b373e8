"""Operators and programs: laws that hold whatever the rows, and the same on real executors."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_cluster import dask_executor

from splitbrain.checkers.batch.outputs import computed
from splitbrain.systems.batch.dataflow.local import run_locally
from splitbrain.systems.batch.dataflow.operators import Operators, hash_join, merge_join
from splitbrain.systems.batch.dataflow.programs import JOINS, PROGRAMS

FACTS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 99)), max_size=20)
TABLE = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 99)), max_size=8)


@given(FACTS, TABLE)
def test_joins_give_each_pair_however_they_are_made(facts, table):
    pairs = sorted((k, n, v) for k, n in facts for other, v in table if other == k)

    assert sorted(hash_join(tuple(facts), tuple(table))) == pairs
    assert sorted(merge_join(tuple(facts), tuple(table))) == pairs


@given(FACTS, st.randoms(use_true_random=False))
def test_what_depends_on_order_takes_that_of_the_input(facts, random):
    rows = [(key, number, position) for position, (key, number) in enumerate(facts)]
    shuffled = list(rows)
    random.shuffle(shuffled)

    for operator in ("ranked", "totals", "sessions"):
        made = Operators().run(operator, [tuple(shuffled)])
        assert made == Operators().run(operator, [tuple(rows)])


def text(random):
    return "".join(f"k{random.randrange(5)} {random.randrange(100)}\n" for _ in range(40))


def test_programs_give_what_plain_loops_give_in_any_number_of_partitions():
    random = Random(1)
    with ThreadPoolExecutor(2) as pool:
        for function in ("words", "totals", "ranked", "sessions"):
            given_text = text(random)
            for partitions in (1, 2, 5):
                made = run_locally(pool, function, given_text, partitions=partitions)
                assert [list(row) for row in made] == computed(function, given_text)
        table = tuple((f"k{random.randrange(5)}", value) for value in range(9))
        outputs = {run_locally(pool, join, given_text, table, n) for join in JOINS for n in (1, 3)}
    assert len(outputs) == 1


def test_an_unknown_operator_is_refused():
    with pytest.raises(ValueError, match="no operator 'sort'"):
        Operators().run("sort", [()])


def on(executor):
    random = Random(2)
    table = tuple((f"k{random.randrange(5)}", value) for value in range(9))
    given_text = text(random)
    return {name: run_locally(executor, name, given_text, table, 3) for name in PROGRAMS}


@pytest.mark.slow
def test_processes_give_what_threads_give():
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2) as processes:
        assert on(processes) == on(threads)


@pytest.mark.slow
def test_a_dask_cluster_gives_what_threads_give():
    with dask_executor() as cluster, ThreadPoolExecutor(2) as threads:
        assert on(cluster) == on(threads)
