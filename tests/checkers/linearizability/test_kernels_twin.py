"""The compiled search over columns, against the definition and against the search over calls.

Random histories are judged many at a time, as the keys of one history.
"""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from linearizability_twin import (
    HISTORIES,
    draw_register,
    histories,
    linearizable_by_sets,
    merged,
    mutated,
    random_history,
    register_result,
    simulated_history,
)

from splitbrain.checkers import INVALID, UNKNOWN, VALID, kernels, linearizable, models
from splitbrain.checkers.history import INFO, INVOKE, OK, History, Operation
from splitbrain.checkers.linearizability import Budget, deciding, verify, verify_order
from splitbrain.checkers.linearizability.columns import judging
from splitbrain.checkers.linearizability.columns.problems import prepare
from splitbrain.checkers.linearizability.columns.registers import register_operations
from splitbrain.checkers.linearizability.columns.witness import ColumnWitness
from splitbrain.checkers.linearizability.compiled import (
    _search_kernels,
    from_calls,
    layout,
    searching,
)
from splitbrain.checkers.linearizability.limits import Limits, begun
from splitbrain.checkers.linearizability.parts import parts_of
from splitbrain.checkers.linearizability.problem import problem_of
from splitbrain.checkers.linearizability.register_anomalies import certain_reason
from splitbrain.checkers.linearizability.searching import search
from splitbrain.checkers.models import KeyPart

REGISTER = models.cas_register()
needs_numba = pytest.mark.skipif(not kernels.numba_installed(), reason="numba is not installed")


@pytest.fixture
def compiled(monkeypatch):
    monkeypatch.setenv(kernels.SWITCH, "compiled")


def random_histories(name: str, number: int):
    r = random.Random(name)
    for i in range(number):
        if i % 3 == 0:
            values = r.randint(1, 3)
            draw, _ = draw_register(values)
            history = simulated_history(
                r,
                REGISTER,
                draw,
                register_result,
                number=r.randint(3, 10),
                clients=r.randint(2, 5),
                doubt=r.choice((0.0, 0.2, 0.4)),
            )
            yield mutated(r, history, values)
        else:
            yield random_history(r, *draw_register(r.randint(1, 3)), most=r.choice((5, 8)))


def judged_by_columns(history):
    found = judging.judged(REGISTER, history, begun(Budget()), keyed=True)
    assert found is not None
    assert found.keyed
    return found


@needs_numba
def test_columns_agree_with_sets_and_orders_hold(compiled):
    batch = list(random_histories("columns", histories(2)))
    found = judged_by_columns(merged(batch))
    counts = {VALID: 0, INVALID: 0}
    for finding, history in zip(found.keys, batch, strict=True):
        expected = VALID if linearizable_by_sets(REGISTER, history.calls()) else INVALID
        assert finding.validity is expected, list(history)
        counts[expected] += 1
    assert min(counts.values()) > len(batch) / 20, counts


@needs_numba
def test_verdicts_by_columns_and_by_calls_are_the_same(compiled):
    r = random.Random("whole verdicts")
    for _ in range(max(HISTORIES // 300, 5)):
        batch = list(random_histories(str(r.random()), r.randint(1, 20)))
        history = merged(batch)
        columns = linearizable(REGISTER, algorithm="search").check(history)
        if columns.validity is UNKNOWN:
            continue
        by_calls = linearizable(BY_CALLS, algorithm="search").check(history)
        assert columns.validity is by_calls.validity
        assert columns.coverage == by_calls.coverage
        keys = [anomaly.details["key"] for anomaly in columns.anomalies]
        assert sorted(keys) == sorted(anomaly.details["key"] for anomaly in by_calls.anomalies)
        verify(REGISTER, history, columns.certificate)
        verify(REGISTER, history, by_calls.certificate)


class _ByCalls(models.Register):
    """A register that the columns don't know."""


BY_CALLS = _ByCalls()


def searched_twice(history):
    """A history's problem, and what the kernels and the search over calls make of it: the same."""
    problem = problem_of(REGISTER, history.calls())
    outcome = from_calls.search(problem, begun(Budget()))
    expected = search(problem, Budget())
    assert not outcome.exhausted
    assert (outcome.order is None) == (expected.order is None), list(history)
    return problem, outcome, expected


@pytest.mark.parametrize("mode", [pytest.param("compiled", marks=needs_numba), "interpreted"])
def test_one_problem_at_a_time(mode, monkeypatch):
    monkeypatch.setenv(kernels.SWITCH, mode)
    counts = {True: 0, False: 0}
    for history in random_histories("problems", HISTORIES // (10 if mode == "compiled" else 100)):
        problem, outcome, expected = searched_twice(history)
        counts[outcome.order is not None] += 1
        if outcome.order is not None:
            order = [problem.calls[i].invoke_index for i in outcome.order]
            verify_order(REGISTER, history.calls(), order)
        else:
            assert outcome.completed == expected.completed
            placed = [problem.calls[i] for i in outcome.stuck.order]
            assert problem.calls[outcome.stuck.forcing] not in placed
    assert min(counts.values()) > 0, counts


@needs_numba
def test_more_than_one_word_of_open_and_of_indeterminate_operations(compiled):
    """40 clients at a time, or 100 operations whose fate nobody knows."""
    r = random.Random("words")
    for clients, doubt in ((40, 0.0), (40, 0.05), (5, 0.5)):
        history = simulated_history(
            r,
            REGISTER,
            draw_register(1_000)[0],
            register_result,
            number=200,
            clients=clients,
            doubt=doubt,
        )
        calls = history.calls()
        problem = problem_of(REGISTER, calls)
        outcome = from_calls.search(problem, begun(Budget(configurations=300_000)))
        assert outcome.order is not None, (clients, doubt, outcome.completed)
        verify_order(REGISTER, calls, [problem.calls[i].invoke_index for i in outcome.order])


def clashing(number: int) -> History:
    """Overlapping cas and writes in all of whose orders a last read finds nothing it could have."""
    operations: list[Operation] = []

    def add(process, kind, f, value):
        operations.append(Operation(len(operations), len(operations), process, kind, f, value))

    for i in range(number):
        add(i, INVOKE, "cas", [i % 4, (i * 7 + 1) % 4])
        add(100 + i, INVOKE, "write", i % 4)
    for i in range(number):
        add(i, OK, "cas", [i % 4, (i * 7 + 1) % 4])
        add(100 + i, OK, "write", i % 4)
    add(500, INVOKE, "read", None)
    add(500, OK, "read", 99)
    return History.from_operations(operations)


@pytest.mark.nightly
@needs_numba
@pytest.mark.parametrize(
    "budget", [Budget(configurations=500), Budget(memory=1 << 17), Budget(seconds=-1.0)]
)
def test_budgets_end_in_an_honest_unknown(compiled, budget):
    problem = problem_of(REGISTER, [c for c in clashing(14).calls() if c.f != "read"])
    limits = begun(budget)
    hard = problem_of(REGISTER, clashing(14).calls())
    outcome = from_calls.search(hard, limits)
    assert outcome.exhausted
    assert outcome.order is None
    assert outcome.completed[0] <= outcome.completed[1]
    assert from_calls.search(problem, begun(Budget())).order is not None


@needs_numba
def test_progress_is_told_and_ctrl_c_is_unknown(compiled):
    told = []

    def interrupting(passed):
        told.append(passed)
        raise KeyboardInterrupt

    limits = Limits(Budget(), progress=interrupting)
    outcome = from_calls.search(problem_of(REGISTER, clashing(18).calls()), limits)
    assert outcome.exhausted
    assert limits.interrupted
    assert 0 <= told[0] <= 1


def test_ctrl_c_gives_a_verdict_that_says_so():
    def interrupting(passed):
        raise KeyboardInterrupt

    class Interrupted(models.Register):
        def step(self, state, call):
            raise KeyboardInterrupt

    events = [Operation(0, 0, 0, INVOKE, "read"), Operation(1, 1, 0, OK, "read", None)]
    verdict = linearizable(Interrupted()).check(History.from_operations(events))
    assert verdict.validity is UNKNOWN
    assert verdict.reason == (
        "it was interrupted after 0 configurations at completion 1 of 1 of the history: "
        "let it run longer"
    )


@needs_numba
def test_a_stale_read_among_indeterminate_writes_is_found_without_trying_their_subsets(compiled):
    operations: list[Operation] = []

    def add(process, kind, f, value):
        operations.append(Operation(len(operations), len(operations), process, kind, f, value))

    add(0, INVOKE, "write", "gone")
    add(0, OK, "write", "gone")
    for i in range(60):
        add(1000 + i, INVOKE, "write", i % 5)
        add(1000 + i, INFO, "write", i % 5)
        add(0, INVOKE, "write", (i + 1) % 5)
        add(0, OK, "write", (i + 1) % 5)
        add(1, INVOKE, "cas", [i % 5, (i + 2) % 5])
        add(1, INFO, "cas", [i % 5, (i + 2) % 5])
        operations[-1] = replace(operations[-1])
        add(2000 + i, INVOKE, "read", None)
        add(2000 + i, OK, "read", (i + 1) % 5)
        for operation in operations[-4:-2]:
            operation.process = 3000 + i
    add(0, INVOKE, "read", None)
    add(0, OK, "read", "gone")
    verdict = linearizable(REGISTER).check(History.from_operations(operations))
    assert verdict.validity is INVALID
    assert verdict.anomalies[0].kind == "stale-read"


@needs_numba
def test_columns_and_calls_give_the_same_certain_reasons(compiled):
    batch = list(random_histories("reasons", HISTORIES // 2))
    history = merged(batch)
    operations = register_operations(REGISTER, history, keyed=True)
    witness = ColumnWitness(REGISTER, history, operations, *prepare(operations, history))
    kinds = dict.fromkeys(("unwritten-read", "stale-read", "lost-update", None), 0)
    parts = parts_of(REGISTER, history, keyed=True).parts
    for key, part in enumerate(parts):
        expected = certain_reason(REGISTER, part.key, part.calls)
        assert witness.reason(key) == expected, part.calls
        kinds[expected and expected.kind] += 1
    assert min(kinds.values()) > 0, kinds


@needs_numba
@pytest.mark.parametrize(("clients", "doubt"), [(40, 0.0), (40, 0.3), (5, 0.1)])
def test_compiled_and_interpreted_kernels_do_the_same(clients, doubt, monkeypatch):
    """To the last choice: same arrays, same configurations, same order."""
    r = random.Random(f"modes {clients} {doubt}")
    draw = draw_register(4)[0]
    history = simulated_history(
        r, REGISTER, draw, register_result, number=150, clients=clients, doubt=doubt
    )
    found = []
    for mode in ("compiled", "interpreted"):
        monkeypatch.setenv(kernels.SWITCH, mode)
        operations = register_operations(REGISTER, history, keyed=False)
        problems, rows, index = prepare(operations, history)
        searching.search_all(problems, begun(Budget(20_000)), searching.Advice())
        arrays = problems.events, problems.keys, problems.order(0), rows, index
        found.append([array.tolist() for array in arrays])
    assert found[0] == found[1]


@needs_numba
@pytest.mark.parametrize(
    "source", ["_search_kernels", "_choice_kernels", "_trie_kernels", "layout"]
)
def test_what_was_compiled_holds_for_all_sources_that_went_into_it(source, monkeypatch):
    """Else, after an update of one file, kernels of another would go on with the old one."""
    read = Path.read_bytes

    def after_an_update(path):
        return read(path) + (b"# updated" if path.stem == source else b"")

    before = kernels.compiled.__wrapped__(_search_kernels).run._cache._cache_file._source_stamp
    monkeypatch.setattr(Path, "read_bytes", after_an_update)
    after = kernels.compiled.__wrapped__(_search_kernels).run._cache._cache_file._source_stamp
    assert before[0] == after[0]
    assert before != after


@needs_numba
def test_going_back_where_the_search_is_stuck_changes_no_verdict(compiled, monkeypatch):
    """Every few configurations it gives something up; orders count, and what fails is repeated."""
    monkeypatch.setattr(searching, "_SLICE", 3)
    monkeypatch.setattr(searching, "_JUMP", 1)
    monkeypatch.setattr(searching, "_FARTHEST", 8)
    jumped, run = [], searching._Search._jump_if_stuck

    def counted(search, key):
        run(search, key)
        jumped.append(bool(search.machine[layout.SKIPPED]))

    monkeypatch.setattr(searching._Search, "_jump_if_stuck", counted)
    counts = {True: 0, False: 0}
    for history in random_histories("jumps", HISTORIES // 4):
        _, outcome, _ = searched_twice(history)
        counts[outcome.order is not None] += 1
    assert min(counts.values()) > 0, counts
    assert sum(jumped) > 5


@needs_numba
@pytest.mark.parametrize("remembered", [10, 1 << 60])
def test_memory_ends_in_forgetting_what_was_met_long_ago_or_all(remembered, compiled, monkeypatch):
    history = simulated_history(
        random.Random("memory"),
        REGISTER,
        draw_register(3)[0],
        register_result,
        number=20_000,
        clients=16,
        doubt=0.0,
    )
    sizes, make_room = [], searching._Search._make_room

    def measured(search):
        made = make_room(search)
        sizes.append(len(search.table))
        return made

    monkeypatch.setattr(searching._Search, "_make_room", measured)
    monkeypatch.setattr(searching, "_REMEMBERED", remembered)
    problem = problem_of(REGISTER, history.calls())
    outcome = from_calls.search(problem, begun(Budget(memory=1 << 18)))
    assert outcome.order is not None
    assert len(sizes) > len(set(sizes)), "there was always room for a larger table"


@needs_numba
@pytest.mark.parametrize("few", [32, -1])
def test_a_key_that_takes_long_is_searched_by_kernels_unless_much_is_indeterminate(
    compiled, few, monkeypatch
):
    monkeypatch.setattr(deciding, "FIRST_TRY", -1_000)  # each of them takes too long
    monkeypatch.setattr(deciding, "FEW", few)
    monkeypatch.setattr(kernels, "at_hand", lambda module: True)
    tried, by_kernels = [], from_calls.search
    monkeypatch.setattr(
        from_calls, "search", lambda problem, limits: tried.append(1) or by_kernels(problem, limits)
    )
    for history in random_histories("long", 30):
        part = KeyPart(None, history.calls())
        finding = deciding.decide(REGISTER, part, begun(Budget()), algorithm="search")
        valid = linearizable_by_sets(REGISTER, history.calls())
        assert finding.validity is (VALID if valid else INVALID)
    assert bool(tried) is (few > 0)
