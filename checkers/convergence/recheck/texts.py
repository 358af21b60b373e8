"""Verdicts on text checked again: what each read should show, letter by letter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.verdict import INVALID, Verdict
from splitbrain.checkers.vocabulary import ANSWERS, FINAL, GONE, PHASE


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each kind of finding; of a valid verdict, that there is none.

    Raises:
        CertificateError: a finding is not there, or the verdict is valid and one is.
        NoCertificate: the verdict has no findings, of either kind.
    """
    if "findings" not in verdict.certificate:
        raise NoCertificate("the verdict has no list of findings")
    kinds = set(_kinds(history))
    told = {finding[0] for finding in verdict.certificate["findings"]}
    if missing := told - kinds:
        raise CertificateError(f"{', '.join(sorted(missing))}: the history doesn't show it")
    if verdict.validity is INVALID:
        if not told:
            raise CertificateError("the verdict is invalid and lists no finding")
        return Certified(f"the history shows {', '.join(sorted(told))}")
    if kinds:
        raise CertificateError(f"the verdict is valid, and the history shows {min(kinds)}")
    return Certified("an order of all letters was built that agrees with each read")


def _kinds(history: History) -> Iterator[str]:
    calls = history.calls()
    reads = [call for call in calls if call.f == "read" and call.outcome == OK]
    texts = [[frozen(letter) for letter in read.result["letters"]] for read in reads]
    begin = next((e.index for e in history.events(PHASE) if e.value == FINAL), None)
    gone = any(GONE in event.value.values() for event in history.events(ANSWERS))
    by: dict[Any, Call] = {}
    behind: dict[Any, list[Any]] = {}
    for call in calls:
        if call.f == "insert":
            letters, after = [frozen(letter) for letter in call.argument[0]], call.argument[1]
            after = frozen(after)
            chain = [*behind.get(after, []), after] if after is not None else []
            for letter in letters:
                by[letter], behind[letter] = call, list(chain)
                chain.append(letter)
    same: dict[Any, list[Any]] = {}
    for read, text in zip(reads, texts, strict=True):
        if same.setdefault(frozen(read.result["seen"]), text) != text:
            yield "diverged"
        yield from _of_read(read, text, by, behind)
        if begin is not None and read.invoke_index > begin and not gone:
            yield from _of_final(read, text, by, calls)
    if not _orderable(texts, by, behind):
        yield "reordered"


def _of_read(
    read: Call, text: list[Any], by: Mapping[Any, Call], behind: Mapping[Any, list[Any]]
) -> Iterator[str]:
    end = read.completed or 0
    real = [x for x in text if x in by and by[x].outcome != FAIL and by[x].invoked < end]
    if len(real) < len(text):
        yield "unexpected"
    if len(set(real)) < len(real):
        yield "duplicated"
    order = list(dict.fromkeys(text))
    runs = {id(call): call.argument[0] for call in by.values() if call.outcome != FAIL}
    for run in runs.values():
        for one, other in pairwise(map(frozen, run)):
            if one in order and other in order:
                inside = order[order.index(one) + 1 : order.index(other)]
                if any(letter in by and one not in behind[letter] for letter in inside):
                    yield "interleaved"
                    return


def _of_final(
    read: Call, text: list[Any], by: Mapping[Any, Call], calls: list[Call]
) -> Iterator[str]:
    def ended(call: Call) -> bool:
        return call.outcome == OK and (call.completed or 0) < read.invoked

    erased = [call for call in calls if call.f == "erase" and call.outcome != FAIL]
    for letter, call in by.items():
        erasures = [e for e in erased if frozen(e.argument) == letter]
        if letter not in text and ended(call) and not erasures:
            yield "lost"
        if letter in text and any(map(ended, erasures)):
            yield "resurrected"


def _orderable(
    texts: list[list[Any]], by: Mapping[Any, Call], behind: Mapping[Any, list[Any]]
) -> bool:
    """Whether letters can be taken one by one, each when all that is to stand before it is."""
    before: dict[Any, set[Any]] = {letter: set(behind[letter][-1:]) for letter in by}
    for text in texts:
        for one, other in pairwise(dict.fromkeys(text)):
            before.setdefault(one, set())
            before.setdefault(other, set()).add(one)
    while ready := [letter for letter, those in before.items() if not those & before.keys()]:
        for letter in ready:
            del before[letter]
    return not before
