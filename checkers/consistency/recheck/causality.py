"""Verdicts on causal consistency checked again: every read's whole past, from the definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.verdict import INVALID, Verdict
from splitbrain.checkers.vocabulary import ANSWERS, FINAL, GONE, PHASE

STEPS = 20_000_000
"""How many members of pasts are looked at before the rest stays unchecked."""


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each finding; of a valid verdict, that there is none.

    Instead of direct causes it has, of each operation, the set of all messages before it.

    Raises:
        CertificateError: a finding is not there, or the verdict is valid and one is.
        NoCertificate: the verdict has no findings, of either kind.
    """
    if "findings" not in verdict.certificate:
        raise NoCertificate("the verdict has no list of findings")
    findings = verdict.certificate["findings"]
    wrong = _Wrong(history)
    faulty = {index: set(kinds) for index, kinds in wrong.reads()}
    if wrong.steps > STEPS:
        return Certified("some reads", complete=False, unchecked=f"more than {STEPS} steps are due")
    for kind, *events in findings:
        expected = kind if kind in ("unexpected", "duplicated", "lost") else "open"
        if not events or expected not in faulty.get(events[-1], ()):
            raise CertificateError(f"{kind} at operations {events}: the history doesn't show it")
    if verdict.validity is INVALID:
        if not findings:
            raise CertificateError("the verdict is invalid and lists no finding")
        return Certified(f"{len(findings)} findings are in the history")
    if bad := next((index for index, kinds in faulty.items() if kinds), None):
        raise CertificateError(f"the verdict is valid, and operation {bad} lacks what it rests on")
    return Certified("each read was compared with all that went before it")


class _Wrong:
    """What is wrong with each read."""

    def __init__(self, history: History) -> None:
        begin = next((e.index for e in history.events(PHASE) if e.value == FINAL), None)
        gone = any(GONE in event.value.values() for event in history.events(ANSWERS))
        self._final = None if gone else begin
        self._calls = history.calls()
        self._posts: dict[Any, tuple[Call, set[Any]]] = {}
        self._before: dict[int, tuple[set[Any], set[Any]]] = {}
        self.steps = 0

    def reads(self) -> Iterator[tuple[int, list[str]]]:
        """Of each read that succeeded, the index of its end and what is wrong with it."""
        ends = [(c.complete_index, c) for c in self._calls if c.complete_index is not None]
        begins = [(c.invoke_index, c) for c in self._calls if c.f == "post"]
        for index, call in sorted(begins + ends, key=lambda each: each[0]):
            posted, read = self._before.setdefault(call.process, (set(), set()))
            if call.f == "post" and index == call.invoke_index:
                self._begin(call, posted | read)
            elif call.outcome == OK and call.f == "post":
                posted |= self._posts[frozen(call.argument[0])][1]
            elif call.outcome == OK and call.f == "read" and self.steps <= STEPS:
                kinds = ("read-your-writes", "monotonic-reads")
                asked = kinds if call.argument is None else call.argument
                due = (
                    past for kind, past in zip(kinds, (posted, read), strict=True) if kind in asked
                )
                yield index, list(self._wrong(call, set().union(*due), read))

    def _begin(self, call: Call, before: set[Any]) -> None:
        message, after = map(frozen, call.argument)
        answered = self._posts[after][1] if after in self._posts else set()
        self._posts[message] = call, {message} | before | answered
        self.steps += len(before)

    def _wrong(self, read: Call, due: set[Any], before: set[Any]) -> Iterator[str]:
        """What is wrong, where messages are due and others were read before, which it adds to."""
        values = [frozen(message) for message in read.result]
        known = {m for m in values if m in self._posts and self._posts[m][0].outcome != "fail"}
        if known != set(values):
            yield "unexpected"
        if len(values) > len(set(values)):
            yield "duplicated"
        for message in known - (due & before):
            past = self._posts[message][1]
            self.steps += len(past)
            due |= past
            before |= past
        if not due <= set(values):
            yield "open"
        if self._final is not None and read.invoke_index > self._final:
            ended = (
                message
                for message, (call, _) in self._posts.items()
                if call.outcome == OK and (call.complete_index or 0) < read.invoke_index
            )
            if any(message not in values for message in ended):
                yield "lost"
