"""A process that does runs again, with a hash seed of its own: see `elsewhere`.

One line of JSON a question and an answer. The code is named, never sent; what it prints goes to
standard error, so that answers have standard output to themselves.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import msgspec

from splitbrain.harness.ground import ground_named
from splitbrain.harness.plan import Plan
from splitbrain.harness.runs.running import run
from splitbrain.harness.searching.stacks import Stacked, Stacks
from splitbrain.harness.workers import ready

MAKES = "splitbrain_experiment"
"""The attribute of a simulated test that holds its function."""


class Question(msgspec.Struct):
    """Do a run again.

    Attributes:
        module, name: where the function of a plan is found that makes the experiment.
        file: the file that the module must come from.
        plan: the plan, as JSON-able data.
        digest: of the trace that was seen.
        path: where modules are looked for.
        stacks: whether the stack of each event is to be told, too.
    """

    module: str
    name: str
    file: str
    plan: dict[str, Any]
    digest: str
    path: list[str]
    stacks: bool = False


class Answer(msgspec.Struct):
    """What came of it.

    Attributes:
        digest: of this run's trace; empty if it could not be done.
        lines: this run's trace, unless it is the one that was seen.
        problem: why the run could not be done.
        stacks: for each line the stack that its event came from, if that was asked for.
    """

    digest: str = ""
    lines: list[str] = []
    problem: str = ""
    stacks: list[list[str]] = []


def answer(question: Question) -> Answer:
    """Do the run, whatever may go wrong with it."""
    try:
        sys.path[:] = question.path
        module = import_module(question.module)
        file = getattr(module, "__file__", None) or ""
        if Path(file).resolve() != Path(question.file).resolve():
            return Answer(problem=f"{question.module} is {file} here")
        made = getattr(module, question.name)
        experiment = getattr(made, MAKES, made)(plan=Plan.from_json(question.plan))
        ground = Stacked(ground_named(experiment.plan.ground)) if question.stacks else None
        trace = run(experiment, ground=ground).trace
        digest = trace.digest()
        if digest == question.digest:
            return Answer(digest)
        stacks = trace.events.stacks if isinstance(trace.events, Stacks) else []
        return Answer(digest, [line.decode() for line in trace.lines()], stacks=stacks)
    except BaseException as error:  # noqa: BLE001 - a test's module may do anything when imported
        return Answer(problem=f"{type(error).__name__}: {error}")


def serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answer one question after another, until there are no more."""
    for line in questions:
        told = answer(msgspec.json.decode(line, type=Question))
        answers.write(msgspec.json.encode(told) + b"\n")
        answers.flush()


def main() -> None:
    """Serve on standard input and output."""
    ready()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
