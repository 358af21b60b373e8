"""Text that several people edit at once: nothing is lost, and all stands where it was typed.

*Property.* Operations are ``insert`` of ``[letters, after]`` (a run of letters, each typed once in
the whole history, behind the letter ``after``, or at the beginning if it is None), ``erase`` of a
letter that was seen, and ``read``, which gives ``{"seen": {actor: count}, "letters": [...]}``.

==============  ====================================================================================
diverged        two reads have seen the same and differ
unexpected      a read has a letter that nobody had begun to type
duplicated      a read has a letter twice
lost            a final read lacks a letter that was typed and that nobody can have erased
resurrected     a final read has a letter whose erasure was acknowledged before
reordered       no order of all letters agrees with every read, and with what was typed behind what
interleaved     within a run stands a letter that was not typed behind what comes before it there
==============  ====================================================================================

A letter is typed behind another if its run was inserted after that one, or after a letter that was
typed behind it; each letter of a run is typed behind the one before. Final reads are those after
the phase event ``final``; if a server was dead for good by then (event ``answers``), they are
judged as all others are.

*Source.* Attiya and others, "Specification and Complexity of Collaborative Text Editing", PODC 2016
(the strong list specification: one order for all reads); Kleppmann and others, "Interleaving
anomalies in collaborative text editors", PaPoC 2019.

*Algorithm.* Letters next to each other in a read, or typed behind each other, are edges of a graph;
there is an order if and only if it has no circle. Linear in what the reads show, but for runs with
letters inside, where it takes the depth of what was typed behind what.

*Left out.* Formatting; that a letter stands in front of what its writer saw behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from splitbrain.checkers.convergence.recheck.texts import verify
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import FAIL, NEMESIS, OK, Call, History
from splitbrain.checkers.models.model import ModelError, frozen, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import ANSWERS, FINAL, GONE, PHASE

NAME = "replicated-text"
INSERT, ERASE, READ = "insert", "erase", "read"


def replicated_text() -> Checker:
    """A checker: nothing typed is lost, and all stands where it was typed. See the module."""
    return _ReplicatedText()


@dataclass(frozen=True, slots=True)
class _ReplicatedText:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation is not of the form the module describes, or a letter is typed
                twice.
        """
        calls = history.calls()
        begin = next((e.index for e in history.events(PHASE) if e.value == FINAL), None)
        whole = not any(GONE in e.value.values() for e in history.events(ANSWERS, NEMESIS))
        typed = _Typed(calls)
        reads = [call for call in calls if call.f == READ and call.outcome == OK]
        for read in reads:
            _check_form(read)
        final = [r for r in reads if begin is not None and r.invoke_index > begin and whole]
        anomalies = (
            *_diverged(reads),
            *(anomaly for read in reads for anomaly in typed.foreign(read)),
            *(anomaly for read in final for anomaly in typed.missing(read, calls)),
            *typed.reordered(reads),
            *(anomaly for read in reads for anomaly in typed.interleaved(read)),
        )
        longest = max((len(read.result["letters"]) for read in reads), default=0)
        coverage = {
            "insertions": len(typed.runs),
            "reads": len(reads),
            "final reads": len(final),
            "letters in the longest read": longest,
        }
        certificate = {"findings": [[a.kind, *a.operations] for a in anomalies]}
        vain = "no read shows two letters" if longest < 2 else None
        holds = f"one order of all letters agrees with {len(reads)} reads"
        return verdict_of(
            self.name, anomalies, coverage, holds=holds, vain=vain, certificate=certificate
        )


class _Typed:
    """What was typed: by letter, its insertion and what it was typed behind."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self.runs: list[Call] = []
        self._by: dict[Any, Call] = {}
        self._behind: dict[Any, Any] = {}
        for call in calls:
            if call.f == INSERT:
                self._insert(call)

    def _insert(self, call: Call) -> None:
        value = call.argument
        fits = isinstance(value, list | tuple) and len(value) == 2
        if not fits or not isinstance(value[0], list | tuple):
            raise ModelError(
                call.invoke_index, f"insert has [letters, after], not {shown(value)[:80]}"
            )
        behind = None if value[1] is None else frozen(value[1])
        for letter in map(frozen, value[0]):
            if letter in self._by:
                raise ModelError(
                    call.invoke_index, f"{shown(letter)} was typed before; letters must differ"
                )
            self._by[letter], self._behind[letter] = call, behind
            behind = letter
        if call.outcome != FAIL:
            self.runs.append(call)

    def foreign(self, read: Call) -> Iterator[Anomaly]:
        """Letters of a read that nobody typed, or that are there twice."""
        says = f"process {read.process} reads"
        for letter, times in Counter(_letters(read)).items():
            if not self._real(letter, read):
                said = f"{says} {shown(letter)}, which nobody had typed"
                yield Anomaly("unexpected", said, _events(read))
            elif times > 1:
                said = f"{says} {shown(letter)} {times} times"
                yield Anomaly("duplicated", said, _events(self._by[letter], read))

    def _real(self, letter: Any, read: Call) -> bool:
        call = self._by.get(letter)
        return call is not None and call.outcome != FAIL and call.invoked < (read.completed or 0)

    def missing(self, read: Call, calls: Sequence[Call]) -> Iterator[Anomaly]:
        """What a final read lacks, and what it has though it was erased."""
        held = set(_letters(read))
        erasures: dict[Any, list[Call]] = {}
        for each in calls:
            if each.f == ERASE and each.outcome != FAIL:
                erasures.setdefault(frozen(each.argument), []).append(each)
        for letter, call in self._by.items():
            erased = erasures.get(letter, [])
            if letter not in held and not erased and _before(call, read):
                said = f"{shown(letter)} was typed, nobody erased it, and it is gone"
                yield Anomaly("lost", said, _events(call, read))
                return
            sure = next((each for each in erased if _before(each, read)), None)
            if letter in held and sure is not None:
                said = f"{shown(letter)} was erased, and is there in the end"
                yield Anomaly("resurrected", said, _events(sure, read))
                return

    def reordered(self, reads: Sequence[Call]) -> Iterator[Anomaly]:
        """A circle of letters of which each is to stand before the next one."""
        after: dict[Any, dict[Any, Call]] = {}
        for letter, behind in self._behind.items():
            if behind is not None:
                after.setdefault(behind, {}).setdefault(letter, self._by[letter])
        for read in reads:
            for one, other in pairwise(dict.fromkeys(_letters(read))):
                after.setdefault(one, {}).setdefault(other, read)
        circle = _circle(after)
        if circle:
            said = f"no order of the text has {' before '.join(map(shown, circle))}"
            causes = (after[one][other] for one, other in pairwise(circle))
            events = sorted({event for cause in causes for event in _events(cause)})
            yield Anomaly("reordered", said, tuple(events))

    def interleaved(self, read: Call) -> Iterator[Anomaly]:
        """Within a run, what was not typed there; told once a read."""
        order = list(dict.fromkeys(_letters(read)))
        places = {letter: place for place, letter in enumerate(order)}
        for run in self.runs:
            for one, other in pairwise(map(frozen, run.argument[0])):
                if one in places and other in places:
                    for letter in order[places[one] + 1 : places[other]]:
                        if letter in self._by and not self._is_behind(letter, one):
                            said = (
                                f"process {read.process} reads {shown(letter)} between "
                                f"{shown(one)} and {shown(other)}, which were typed in a row"
                            )
                            calls = run, self._by[letter], read
                            yield Anomaly("interleaved", said, _events(*calls))
                            return

    def _is_behind(self, letter: Any, first: Any) -> bool:
        seen = set()
        while letter is not None and letter != first and letter not in seen:
            seen.add(letter)
            letter = self._behind.get(letter)
        return bool(letter == first)


def _check_form(read: Call) -> None:
    result = read.result
    fits = isinstance(result, Mapping) and {"seen", "letters"} <= result.keys()
    if not fits or not isinstance(result["letters"], list | tuple):
        raise ModelError(
            read.invoke_index, f"read gives seen and letters (a list), not {shown(result)[:80]}"
        )


def _letters(read: Call) -> list[Any]:
    return [frozen(letter) for letter in read.result["letters"]]


def _diverged(reads: Sequence[Call]) -> Iterator[Anomaly]:
    first: dict[Any, Call] = {}
    for read in reads:
        before = first.setdefault(frozen(read.result["seen"]), read)
        if _letters(before) != _letters(read):
            said = (
                f"processes {before.process} and {read.process} have seen the same updates, and "
                f"read {shown(before.result['letters'])[:60]} and "
                f"{shown(read.result['letters'])[:60]}"
            )
            yield Anomaly("diverged", said, _events(before, read))
            return


def _circle(after: Mapping[Any, Mapping[Any, Any]]) -> list[Any]:
    """A circle of the graph, its first node again at its end; empty if there is none."""
    done: set[Any] = set()
    for start in after:
        path: dict[Any, Iterator[Any]] = {}
        if start not in done:
            path[start] = iter(after[start])
        while path:
            node = next(reversed(path))
            follower = next(path[node], None)
            if follower is None:
                done.add(node)
                del path[node]
            elif follower in path:
                nodes = list(path)
                return [*nodes[nodes.index(follower) :], follower]
            elif follower not in done:
                path[follower] = iter(after.get(follower, ()))
    return []


def _before(call: Call, read: Call) -> bool:
    """Whether it was acknowledged before the read began."""
    return call.outcome == OK and (call.completed or 0) < read.invoked


def _events(*calls: Call) -> tuple[int, ...]:
    """Where they completed, or else began; a read is the last one."""
    return tuple(c.invoke_index if c.complete_index is None else c.complete_index for c in calls)


ENTRY = CheckerEntry(
    NAME,
    replicated_text,
    "text that several edit: nothing lost, all in its place",
    verify=verify,
)
"""By name."""
