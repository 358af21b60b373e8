"""Re-checking that dependencies have no cycle of some kinds, by an order of the transactions.

If all dependencies of some kinds go forward in an order, no cycle is made of them. G-single needs
more: an anti-dependency may go backwards, as long as no other dependencies lead back from its
target to its source. They go forward, so only what stands between these two in the order need be
looked at.

*Complexity.* Linear in the dependencies, and for each target of an anti-dependency that goes
backwards in those between its ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import FAIL, OK, Call
from splitbrain.checkers.isolation.consistency import forbidden
from splitbrain.checkers.isolation.recheck.lookup import Lookup
from splitbrain.checkers.isolation.recheck.runs import verify_members, verify_time

Edge = tuple[Call, Call, str]
"""A transaction, one that depends on it, and how: ww, wr, rw, or rw-predicate."""

_FORWARD = {"ww": "G0", "wr": "G1c", "rw": "G2-item", "rw-predicate": "G2"}
_FOLLOWED = {"rw": "G-single", "rw-predicate": "G-single-predicate"}

Positions = Mapping[int, int]


def verify_dependencies(
    look: Lookup,
    model: str,
    indices: Sequence[int],
    edges: Callable[[Positions], Iterable[Edge]],
) -> None:
    """Check that dependencies have none of the cycles that a model forbids, up to G-single.

    Args:
        look: the history.
        model: the model; if it is strong, sessions or real time count as dependencies.
        indices: the transactions that took effect, in order.
        edges: gives the dependencies; it may leave out anti-dependencies that go forward.

    Raises:
        CertificateError: one goes backwards that must not, or has a way back.
    """
    order = [look.transaction(index) for index in indices]
    verify_members(look, order)
    kinds = forbidden(model)
    time = None
    if model.startswith("strong-"):
        time = "process" if model.startswith("strong-session-") else "realtime"
        verify_time(order, realtime=time == "realtime")
    position = {call.invoke_index: at for at, call in enumerate(order)}
    before: list[list[int]] = [[] for _ in order]
    backward: dict[int, list[int]] = {}
    for source, target, how in edges(position):
        tail, head = (position.get(call.invoke_index) for call in (source, target))
        if tail is None or head is None:
            missing = source if tail is None else target
            raise CertificateError(f"operation {missing.invoke_index} took effect, but is left out")
        if how in ("ww", "wr"):
            before[head].append(tail)
        if tail < head:
            continue
        if _FORWARD[how] in kinds:
            raise CertificateError(
                f"operation {target.invoke_index} depends on operation {source.invoke_index} "
                f"({how}), which comes later in the order"
            )
        if _FOLLOWED.get(how) in kinds:
            backward.setdefault(head, []).append(tail)
    for start, ends in backward.items():
        _verify_no_way(order, before, start, ends, time)


def _verify_no_way(
    order: Sequence[Call],
    before: Sequence[Sequence[int]],
    start: int,
    ends: Iterable[int],
    time: str | None,
) -> None:
    """No dependencies lead from one place in the order to another, over those between them."""
    last = max(ends)
    reached = {start}
    # The earliest completion among what was reached, of each process if only sessions matter.
    completed: dict[int | None, int] = {}
    for at in range(start, last + 1):
        call = order[at]
        who = call.process if time == "process" else None
        in_time = time is not None and completed.get(who, call.invoked) < call.invoked
        if at == start or in_time or not reached.isdisjoint(before[at]):
            reached.add(at)
            if call.completed is not None:
                completed[who] = min(completed.get(who, call.completed), call.completed)
    wrong = next((end for end in ends if end in reached), None)
    if wrong is not None:
        raise CertificateError(
            f"operations {order[start].invoke_index} and {order[wrong].invoke_index} are on a "
            "cycle with a single anti-dependency"
        )


def list_edges(look: Lookup) -> Callable[[Positions], Iterator[Edge]]:
    """The dependencies that the reads of a list-append history show.

    A key's versions are those of its longest read, and then, in any order, those that nobody saw.
    """
    longest = longest_reads(look)
    seen = {(key, element) for key, found in longest.items() for element in found}
    for _, key, found in _reads(look):
        if found != longest[key][: len(found)]:
            seen.update((key, element) for element in found)

    def edges(position: Positions) -> Iterator[Edge]:
        following = {key: _writers_after(look, key, found) for key, found in longest.items()}
        unseen = _unseen_writers(look, longest, seen, position)
        for key, writers in following.items():
            for earlier, later in pairwise(writers):
                if earlier is not later and earlier is not None and later is not None:
                    yield earlier, later, "ww"
            last = _last_writer(look, key, longest[key])
            for writer in unseen.get(key, ()):
                if last is not None and last is not writer:
                    yield last, writer, "ww"
        for call, key, read in _reads(look):
            yield from _edges_of_read(look, call, key, read, longest, following, unseen, position)

    return edges


def longest_reads(look: Lookup) -> dict[Any, list[Any]]:
    """The longest list that an ok transaction read of each key."""
    longest: dict[Any, list[Any]] = {}
    for _, key, found in _reads(look):
        if len(found) > len(longest.setdefault(key, [])):
            longest[key] = found
    return longest


def _reads(look: Lookup) -> Iterator[tuple[Call, Any, list[Any]]]:
    for call in look.calls:
        for f, key, value in call.result if call.outcome == OK else ():
            if f == "r":
                yield call, key, look.elements(value)


def _writers_after(look: Lookup, key: Any, found: list[Any]) -> list[Call | None]:
    """For each length of a read the writer of the next version, if any; failed ones are skipped."""
    writers: list[Call | None] = [None] * (len(found) + 1)
    for at in range(len(found) - 1, -1, -1):
        writer = look.writer(key, found[at])
        failed = writer is None or writer.outcome == FAIL
        writers[at] = writers[at + 1] if failed else writer
    return writers


def _last_writer(look: Lookup, key: Any, found: list[Any]) -> Call | None:
    for element in reversed(found):
        writer = look.writer(key, element)
        if writer is not None and writer.outcome != FAIL:
            return writer
    return None


def _unseen_writers(
    look: Lookup,
    longest: Mapping[Any, list[Any]],
    seen: set[tuple[Any, Any]],
    position: Positions,
) -> dict[Any, list[Call]]:
    """By key, in order, the transactions that wrote what no read saw."""
    found: dict[Any, dict[int, Call]] = {}
    for call in look.calls:
        if not look.took_effect(call):
            continue
        for f, key, value in look.micro_operations(call):
            if f != "r" and key in longest and (key, value) not in seen:
                found.setdefault(key, {})[call.invoke_index] = call
    return {
        key: sorted(calls.values(), key=lambda call: position.get(call.invoke_index, -1))
        for key, calls in found.items()
    }


def _edges_of_read(
    look: Lookup,
    call: Call,
    key: Any,
    read: list[Any],
    longest: Mapping[Any, list[Any]],
    following: Mapping[Any, list[Call | None]],
    unseen: Mapping[Any, list[Call]],
    position: Positions,
) -> Iterator[Edge]:
    writer = look.writer(key, read[-1]) if read else None
    if writer is call:
        return
    if writer is not None and writer.outcome != FAIL:
        yield writer, call, "wr"
    if read != longest[key][: len(read)]:
        return
    later = following[key][len(read)]
    if later is not None and later is not call:
        yield call, later, "rw"
    if len(read) == len(longest[key]):
        here = position.get(call.invoke_index, -1)
        for writer in unseen.get(key, ()):
            if position.get(writer.invoke_index, -1) >= here:
                break
            yield call, writer, "rw"


def register_edges(look: Lookup) -> Callable[[Positions], Iterator[Edge]]:
    """Who read from whom; versions of a register may be taken to be in the order given."""

    def edges(position: Positions) -> Iterator[Edge]:
        for call in look.calls:
            for source in look.sources(call):
                if source.outcome != FAIL:
                    yield source, call, "wr"

    return edges
