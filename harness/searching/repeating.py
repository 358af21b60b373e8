"""Is a system a function of its plan? Runs done again, in one process and in others, and why not.

Four processes do the same runs in the same order, each run twice: two have one hash seed, the
others have other ones. Which of the runs differ says where to look:

=================================  ================================================================
the second time                    if the same in all processes: memory that outlives a run
in another process, same seed      what is of a process: ``id()``, addresses, its environment
under another hash seed            the order of a set of strings, ``hash()``
=================================  ================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass

from splitbrain.harness.plan import Plan
from splitbrain.harness.searching.elsewhere import OtherProcess, Source, Unnameable, question
from splitbrain.harness.searching.elsewhere_worker import Answer, Question

HASH_SEEDS = ("1", "1", "2", "3")
"""The processes' hash seeds."""

MEMORY = (
    "memory that outlives a run: something in a module or a class that a run leaves changed, the "
    "same in every process"
)
PROCESS = (
    "the process: id() or what is ordered by it, an address in a repr, a clock, the environment or "
    "files that are reached behind the simulation's back"
)
HASHES = (
    "hash order: the order of a set (of strings, say) that is seen, or hash(); use a list, a dict, "
    "or sorted()"
)


@dataclass(frozen=True, slots=True)
class Told:
    """An event as one run has it: in words, None past the end, and the stack that it came from."""

    event: str | None
    stack: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Departure:
    """Where two runs of one plan part.

    Attributes:
        plan: the plan.
        position: of the first event that differs.
        one, other: what it is in each of the two.
        which: which two runs these are, in words.
        cause: what it most likely comes from.
    """

    plan: Plan
    position: int
    one: Told
    other: Told
    which: str
    cause: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """What came of repeating: how many events were compared, and the first departure, if any."""

    events: int
    departure: Departure | None


def repeat(source: Source, plans: Sequence[Plan]) -> Repeated:
    """Run each plan twice in each of four processes, until two runs of one plan differ.

    Args:
        source: where the processes find the function that makes an experiment of a plan.
        plans: the plans.

    Raises:
        Unnameable: a process cannot do a run; the message says why.
    """
    events = 0
    with ExitStack() as stack:
        processes = [stack.enter_context(closing(OtherProcess(seed))) for seed in HASH_SEEDS]
        for plan in plans:
            asked = question(source, plan, stacks=True)
            twice = [_answers(processes, asked) for _ in range(2)]
            departure = _departure(plan, *twice)
            events += len(twice[0][0].lines)
            if departure is not None:
                return Repeated(events, departure)
    return Repeated(events, None)


def _answers(processes: Sequence[OtherProcess], asked: Question) -> list[Answer]:
    for process in processes:
        process.ask(asked)
    answers = [process.answer() for process in processes]
    for answer in answers:
        if answer.problem:
            raise Unnameable(answer.problem)
    return answers


def _departure(plan: Plan, first: Sequence[Answer], second: Sequence[Answer]) -> Departure | None:
    """What differs first, in the order in which causes can be told apart."""
    if first[0].digest != first[1].digest:
        return _told(plan, first[0], first[1], "two processes with the same hash seed", PROCESS)
    if first[0].digest != second[0].digest:
        alike = second[0].digest == second[1].digest
        which = "the first and the second time in one process"
        return _told(plan, first[0], second[0], which, MEMORY if alike else PROCESS)
    for answer in first[2:]:
        if answer.digest != first[0].digest:
            which = "two processes with different hash seeds"
            return _told(plan, first[0], answer, which, HASHES)
    return None


def _told(plan: Plan, one: Answer, other: Answer, which: str, cause: str) -> Departure:
    pairs = enumerate(zip(one.lines, other.lines, strict=False))
    shorter = min(len(one.lines), len(other.lines))
    position = next((i for i, (a, b) in pairs if a != b), shorter)
    return Departure(plan, position, _at(one, position), _at(other, position), which, cause)


def _at(answer: Answer, position: int) -> Told:
    if position >= len(answer.lines):
        return Told(None, ())
    return Told(answer.lines[position].rstrip(), tuple(answer.stacks[position]))
