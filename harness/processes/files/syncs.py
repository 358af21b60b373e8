"""Slow disks: who answers a process's fsync late has it wait, whatever it is written in.

    process ── fsync ──► kernel ── "may it?" ──► keeper ── after a while: "go on" ──► fsync is done

Of the calls that the keeper is asked about (`splitbrain.harness.processes.files.questions`) those
wait here that wait for the disk. One that a signal has ended is begun anew by the kernel: it is
known again by its thread, and waits only for what was left.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from random import Random

from splitbrain.harness.hosttime import seconds
from splitbrain.harness.processes.files import questions
from splitbrain.harness.processes.files.questions import Question


@dataclass(slots=True)
class _Rule:
    mean: float | None
    """Seconds that a call takes longer; None: as long as the rule is in force."""
    dice: Random
    affected: int = 0


@dataclass(slots=True)
class _Call:
    question: Question
    due: float


class Syncs:
    """The calls of one server's processes that wait for the disk, in the keeper.

    Args:
        done: called with each before it goes on: what it waits for is on the disk then.
    """

    def __init__(self, done: Callable[[Question], None] = lambda question: None) -> None:
        self._done = done
        self._rules: dict[str, _Rule] = {}
        self._calls: dict[int, _Call] = {}  # by thread, which makes one call at a time

    def add(self, name: str, mean: float | None, seed: int) -> None:
        """Have calls that begin from now on take longer, by an exponentially distributed time of so
        many seconds; or, without a mean, until the rule is removed."""
        self._rules[name] = _Rule(mean, Random(seed))

    def remove(self, name: str) -> int:
        """Lift a rule; what no other holds up goes on at once. How many calls it has struck."""
        rule = self._rules.pop(name)
        if not self._rules:
            for call in self._calls.values():
                call.due = 0.0
        self.go_on()
        return rule.affected

    def asked(self, file: int) -> bool:
        """Take a call that a listener tells of; False if nobody is left who could make one."""
        poll = select.poll()
        poll.register(file, select.POLLIN)
        events = dict(poll.poll(0)).get(file, 0)
        if events & select.POLLHUP:
            self._calls = {t: call for t, call in self._calls.items() if call.question.file != file}
            return False
        question = questions.taken(file) if events & select.POLLIN else None
        if question is None:
            return True  # a signal has ended it meanwhile
        if question.call == questions.OPEN:
            self._done(question)
            question.go_on()
            return True
        before = self._calls.get(question.thread)
        due = self._due() if before is None else before.due
        self._calls[question.thread] = _Call(question, due)
        self.go_on()
        return True

    def _due(self) -> float:
        due = seconds()
        for rule in self._rules.values():
            rule.affected += 1
            if rule.mean is not None:
                due += rule.dice.expovariate(1.0 / rule.mean)
        return due

    @property
    def next(self) -> float:
        """Seconds until a call may go on; infinite if none waits that may."""
        if self._stalled():
            return inf
        return min((call.due for call in self._calls.values()), default=inf) - seconds()

    def _stalled(self) -> bool:
        return any(rule.mean is None for rule in self._rules.values())

    def go_on(self) -> None:
        """Let the calls go on that have waited for long enough."""
        if self._stalled():
            return
        now = seconds()
        for thread in [thread for thread, call in self._calls.items() if call.due <= now]:
            question = self._calls.pop(thread).question
            self._done(question)
            question.go_on()
