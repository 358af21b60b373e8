"""What became of each element of a set that only grows; `splitbrain.checkers.collections.full_sets`
explains.

Reads are numbered in the order in which they begin. For each element we keep the numbers of the
reads that have it; the reads that lack it are found by walking that list from its end. The cost is
linear in the total size of all reads plus the number of absences.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.models import KeyPart, ModelError
from splitbrain.checkers.models.model import event_of, frozen, shown

LOST, STALE, STABLE, NEVER_READ = "lost", "stale", "stable", "never read"


@dataclass(slots=True)
class Element:
    """What is known of one element.

    Attributes:
        value: the element.
        adds: the calls that add it, in order of invocation.
        reads: numbers of the reads that have it, rising.
        known: position from which it was certainly there, or None.
        known_by: the call that made it known.
        fate: lost, stale, stable or never read.
        missing: numbers of the reads that began when it was known and lack it, rising.
    """

    value: Any
    adds: list[Call] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    known: int | None = None
    known_by: Call | None = None
    fate: str = NEVER_READ
    missing: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Intrusion:
    """An element that a read should not have, or not so often."""

    value: Any
    read: Call
    why: str


@dataclass(slots=True)
class ElementSet:
    """One key's set.

    Attributes:
        key: the key, or None.
        reads: its ok reads in order of invocation.
        final: which of them are final reads.
        elements: what was added, in order of the first add.
        unexpected: elements that reads have without right.
        duplicated: elements that a read has more than once.
    """

    key: Any
    reads: list[Call]
    final: list[bool]
    elements: dict[Hashable, Element] = field(default_factory=dict)
    unexpected: list[Intrusion] = field(default_factory=list)
    duplicated: list[Intrusion] = field(default_factory=list)

    def telling(self, element: Element) -> list[Call]:
        """The reads that show that a lost or stale element is so."""
        last_with = element.reads[-1] if element.reads else -1
        telling = element.missing
        if element.fate == LOST:
            final = [number for number in telling if self.final[number]]
            telling = [number for number in telling if number > last_with] or final
        return [self.reads[number] for number in telling]


def analyzed(part: KeyPart, is_final: Callable[[Call], bool]) -> ElementSet:
    """What became of each element of one key's set.

    Raises:
        ModelError: an ok read holds no list, or an element is not JSON-like.
    """
    reads = [call for call in part.calls if call.f == "read" and call.outcome == "ok"]
    found = ElementSet(part.key, reads, [is_final(read) for read in reads])
    for call in part.calls:
        if call.f == "add":
            identity = _identity(call.argument, call.invoke_index)
            found.elements.setdefault(identity, Element(call.argument)).adds.append(call)
    for number, read in enumerate(reads):
        for identity, (value, times) in _contents(read).items():
            element = found.elements.get(identity)
            if times > 1:
                found.duplicated.append(Intrusion(value, read, f"{times} times"))
            why = _why_unexpected(element, read)
            if why:
                found.unexpected.append(Intrusion(value, read, why))
            if element is not None:
                element.reads.append(number)
    begun = [read.invoked for read in reads]
    for element in found.elements.values():
        _judge(element, found, begun)
    return found


def _identity(value: Any, index: int) -> Hashable:
    try:
        return frozen(value)
    except TypeError:
        raise ModelError(index, f"{value!r} can't be an element: it is not JSON-like") from None


def _contents(read: Call) -> dict[Hashable, tuple[Any, int]]:
    """The elements of a read, with how often each is there."""
    if not isinstance(read.result, (list, tuple)):
        raise ModelError(
            event_of(read),
            f"an ok read of a set gives a list of elements, not {shown(read.result)}",
        )
    contents: dict[Hashable, tuple[Any, int]] = {}
    for value in read.result:
        identity = _identity(value, event_of(read))
        times = contents[identity][1] if identity in contents else 0
        contents[identity] = (value, times + 1)
    return contents


def _why_unexpected(element: Element | None, read: Call) -> str:
    """Why the read can't rightly have the element, or nothing."""
    if element is None:
        return "which nobody added"
    possible = [add for add in element.adds if add.outcome != "fail"]
    if not possible:
        return f"whose add (operation {element.adds[0].invoke_index}) failed"
    if read.completed is not None and possible[0].invoked > read.completed:
        return f"whose add (operation {possible[0].invoke_index}) began only later"
    return ""


def _judge(element: Element, found: ElementSet, begun: Sequence[int]) -> None:
    """Fill in what became of the element; `begun` are the positions at which reads began."""
    witnesses = [add for add in element.adds if add.outcome == "ok"]
    witnesses += [found.reads[number] for number in element.reads]
    for call in witnesses:
        if call.completed is not None and (element.known is None or call.completed < element.known):
            element.known, element.known_by = call.completed, call
    if element.known is None:
        return
    element.missing = _missing(element.reads, bisect_right(begun, element.known), len(begun))
    last_with = element.reads[-1] if element.reads else -1
    gone = bool(element.missing) and element.missing[-1] > last_with
    if gone or any(found.final[number] for number in element.missing):
        element.fate = LOST
    elif element.reads:
        element.fate = STALE if element.missing else STABLE


def _missing(have: Sequence[int], first: int, end: int) -> list[int]:
    """The numbers from `first` to before `end` that aren't in `have`, rising."""
    number = end - first - (len(have) - bisect_left(have, first))
    missing: list[int] = []
    at, candidate = len(have) - 1, end - 1
    # Backwards, since an element is usually in all of the last reads or in none of them.
    while len(missing) < number:
        if at >= 0 and have[at] == candidate:
            at -= 1
        else:
            missing.append(candidate)
        candidate -= 1
    missing.reverse()
    return missing
