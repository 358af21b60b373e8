"""The same run in another process, to see what depends on this one.

The order of a set of strings, ``hash`` and a process id stay the same however often a run is
repeated in one process. So a run is done again in a process with another PYTHONHASHSEED, if its
experiment can be named there: a function of a plan, by module and name. That process is started for
the first such run, does one after the other, and ends with this one.

What differs there may differ because this process was prepared (a fixture that patches the code
under test, say), and not the other. So it counts only if further processes, with further hash
seeds, don't agree among themselves either.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from splitbrain.harness.plan import Plan
from splitbrain.harness.runs.running import Run
from splitbrain.harness.searching.elsewhere_worker import Answer, Question

HASH_SEED = "PYTHONHASHSEED"
FURTHER_SEEDS = ("3", "4", "5", "6")


@dataclass(frozen=True, slots=True)
class Source:
    """Where the function of a plan is found that makes an experiment: module, name and file."""

    module: str
    name: str
    file: str


def source_of(function: Callable[..., object]) -> Source | None:
    """Under which name another process finds this function in its module; None if it can't."""
    module = sys.modules.get(function.__module__)
    file = getattr(module, "__file__", None)
    if module is None or file is None or function.__module__ == "__main__":
        return None
    names = (name for name, value in vars(module).items() if value is function)
    name = next(names, None)
    return None if name is None else Source(function.__module__, name, file)


@dataclass(frozen=True, slots=True)
class Difference:
    """Two processes disagree: the position of the first event that differs, and what it is in this
    process and in the other (None past an end)."""

    position: int
    here: str | None
    there: str | None


class Unnameable(Exception):
    """The run can't be done in another process, or only in one that is prepared as this one is."""


class OtherProcess:
    """One other process, and what it was asked."""

    def __init__(self, hash_seed: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "splitbrain.harness.searching.elsewhere_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, HASH_SEED: hash_seed, "PYTHONPATH": _import_path()},
        )

    def ask(self, question: Question) -> None:
        """Send a question; `answer` has the answer."""
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(msgspec.json.encode(question) + b"\n")
            stdin.flush()
        except BrokenPipeError:
            pass  # `answer` says that it has ended

    def answer(self) -> Answer:
        """Wait for the answer to the last question."""
        stdout = self._process.stdout
        assert stdout is not None
        line = stdout.readline()
        return msgspec.json.decode(line, type=Answer) if line else Answer(problem="it has ended")

    def close(self) -> None:
        """Kill it."""
        with self._process as process:
            process.kill()


def _import_path() -> str:
    return os.pathsep.join(entry for entry in sys.path if entry)


_running: OtherProcess | None = None
_unnameable: set[Source] = set()


def _process() -> OtherProcess:
    global _running
    if _running is None:
        _running = OtherProcess("1" if os.environ.get(HASH_SEED) != "1" else "2")
        atexit.register(end)
    return _running


def end() -> None:
    """End the other process, if there is one; the next question starts another."""
    global _running
    if _running is not None:
        running, _running = _running, None
        atexit.unregister(end)
        running.close()


@contextmanager
def _kept_in_step() -> Iterator[OtherProcess]:
    """The other process; ended if a question stays without its answer (Ctrl-C)."""
    try:
        yield _process()
    except BaseException:
        end()
        raise


class Repeat:
    """A run that another process is doing again, while this one goes on.

    Raises:
        Unnameable: (when made) it can't.
    """

    def __init__(self, source: Source | None, result: Run) -> None:
        if source is None or source in _unnameable:
            raise Unnameable
        self._source = source
        self._run = result
        self._question = question(source, result.plan, result.trace.digest())
        with _kept_in_step() as process:
            process.ask(self._question)

    def difference(self) -> Difference | None:
        """Wait for the other process; None if its run is the same, byte for byte.

        Raises:
            Unnameable: it could not do the run, or not as this process does it.
        """
        with _kept_in_step() as process:
            there = process.answer()
        if there.digest == self._question.digest:
            return None
        if there.problem or not self._differs_further(there.digest):
            _unnameable.add(self._source)
            raise Unnameable(there.problem)
        here = [line.decode() for line in self._run.trace.lines()]
        pairs = enumerate(zip(here, there.lines, strict=False))
        shorter = min(len(here), len(there.lines))
        position = next((i for i, (one, other) in pairs if one != other), shorter)
        return Difference(position, _at(here, position), _at(there.lines, position))

    def _differs_further(self, digest: str) -> bool:
        """Whether processes that are prepared alike, but for their hash seeds, disagree."""
        return any(_alone(self._question, seed).digest != digest for seed in FURTHER_SEEDS)


def _alone(question: Question, hash_seed: str) -> Answer:
    """The answer of a process of its own."""
    process = OtherProcess(hash_seed)
    try:
        process.ask(question)
        return process.answer()
    finally:
        process.close()


def _at(lines: list[str], position: int) -> str | None:
    return lines[position].rstrip() if position < len(lines) else None


def question(source: Source, plan: Plan, digest: str = "", *, stacks: bool = False) -> Question:
    """What another process is asked: to run this plan.

    Args:
        source: where it finds the function that makes the experiment.
        plan: the plan.
        digest: of the trace that was seen, which need not be told again.
        stacks: whether it is to tell the stack of each event, too.

    Raises:
        Unnameable: the plan has a value that no file can hold.
    """
    told: dict[str, Any] = plan.to_json()
    try:
        msgspec.json.encode(told)
    except TypeError as error:
        raise Unnameable(f"the plan has a value that is no JSON: {error}") from None
    place = (source.module, source.name, source.file)
    return Question(*place, told, digest, list(sys.path), stacks)
