"""A system that is no function of its plan is told: where its runs part, in which code, and why."""

import dependent
import pytest

from splitbrain.harness import Plan, run
from splitbrain.harness.doctor import examine
from splitbrain.harness.ground import ground_named
from splitbrain.harness.searching.elsewhere import Source, Unnameable
from splitbrain.harness.searching.elsewhere_worker import Answer
from splitbrain.harness.searching.repeating import HASHES, MEMORY, PROCESS, _departure
from splitbrain.harness.searching.stacks import Stacked

PLAN = Plan("", "", nodes=1, clients=1, time_limit=0.5)


def answers(*texts):
    """What processes answer: the lines of their runs, a letter a line."""
    return [Answer(t, [f"{c}\n" for c in t], stacks=[[f"at {c}"] for c in t]) for t in texts]


@pytest.mark.parametrize(
    ("first", "second", "cause"),
    [
        (("abc", "abc", "abc", "abc"), ("abc", "abc", "abc", "abc"), None),
        (("abc", "abc", "axc", "abc"), ("abc", "abc", "axc", "abc"), HASHES),
        (("abc", "abc", "abc", "ayc"), ("abc", "abc", "abc", "ayc"), HASHES),
        (("abc", "axc", "abc", "abc"), ("abc", "axc", "abc", "abc"), PROCESS),
        (("abc", "abc", "abc", "abc"), ("axc", "axc", "axc", "axc"), MEMORY),
        (("abc", "abc", "abc", "abc"), ("axc", "ayc", "azc", "abc"), PROCESS),
        # A set's order seen and memory kept: the memory is told first, being the same everywhere.
        (("abc", "abc", "cba", "bac"), ("axc", "axc", "cxa", "xac"), MEMORY),
    ],
)
def test_which_runs_differ_says_why(first, second, cause):
    found = _departure(PLAN, answers(*first), answers(*second))
    assert (found and found.cause) == cause


def test_the_first_event_that_differs_is_told_with_both_stacks():
    found = _departure(PLAN, answers("abc", "abc", "abx", "abc"), answers(*["abc"] * 4))
    assert (found.position, found.one.event, found.other.event) == (2, "c", "x")
    assert (found.one.stack, found.other.stack) == (("at c",), ("at x",))


def test_a_run_that_ends_sooner_differs_at_its_end():
    found = _departure(PLAN, answers("abc", "ab", "abc", "abc"), answers("abc", "ab", "abc", "abc"))
    assert (found.position, found.one.event, found.other.event) == (2, "c", None)
    assert found.other.stack == ()


def test_each_event_has_the_stack_of_the_code_that_made_it_and_nothing_else_changes():
    experiment = dependent.hashed(PLAN)
    trace = run(experiment, ground=Stacked(ground_named("simulation"))).trace
    assert trace.digest() == run(experiment).trace.digest()
    assert len(trace.events.stacks) == len(trace.events)
    stacks = zip((event[1] for event in trace.events), trace.events.stacks, strict=True)
    by_kind = dict(stacks)
    stack = by_kind["fruit"]
    assert stack[0].startswith("dependent.py:")
    assert 'self.node.trace("fruit", word)' in stack[0]
    assert not any("dependent" in frame for frame in by_kind["boot"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sound", None),
        ("hashed", "the order of a set"),
        ("counted", "memory that outlives a run"),
        ("placed", "id() or what is ordered by it"),
    ],
)
def test_a_system_is_examined_in_other_processes(name, told):
    found = examine(name, Source("dependent", name, dependent.__file__), [PLAN])
    assert found.good == (told is None)
    if told is not None:
        assert told in found.text
        assert found.text.count("self.node.trace") == 2


@pytest.mark.slow
def test_what_cannot_be_run_elsewhere_is_said():
    with pytest.raises(Unnameable, match="no such thing"):
        examine("broken", Source("dependent", "broken", dependent.__file__), [PLAN])
