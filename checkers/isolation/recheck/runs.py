"""Running transactions in the order that a certificate gives, one by one or as snapshots.

A transaction reads what had been committed when it began, and its own writes. In a serial order
each begins when the one before has committed; in a schedule of snapshot isolation begins and
commits are events of their own, and nobody may commit a write to a key that another wrote since it
began (first committer wins).

Linear, but for a binary search for each micro-operation.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import FAIL, OK, Call
from splitbrain.checkers.isolation.consistency import PER_KEY_MODELS
from splitbrain.checkers.isolation.recheck.lookup import Lookup


def verify_order(look: Lookup, certificate: Mapping[str, Any]) -> list[Call]:
    """Run transactions one after another, and return them.

    Raises:
        CertificateError: a read returned something else, or the order is not that of the model.
    """
    order = [look.transaction(index) for index in certificate["order"]]
    verify_members(look, order)
    name = certificate["consistency"]
    if name.startswith("strong-"):
        verify_time(order, realtime=not name.startswith("strong-session-"))
    for touching in _touching(look, order) if name in PER_KEY_MODELS else ():
        verify_time(touching, realtime=True)
    store = _Store(look)
    for number, call in enumerate(order):
        store.run(call, number)
    return order


def verify_schedule(look: Lookup, certificate: Mapping[str, Any]) -> None:
    """Run begins and commits by the rules of snapshot isolation.

    Raises:
        CertificateError: a read returned something else, two writers of a key overlap, or the
            schedule is not that of the model.
    """
    store = _Store(look)
    began: dict[int, int] = {}
    committed: list[Call] = []
    events = certificate["schedule"]
    for index, what in events:
        if what == "begin":
            began[index] = len(committed)
            continue
        call = look.transaction(index)
        if index not in began:
            raise CertificateError(f"operation {index} commits before it begins")
        store.run(call, began.pop(index))
        committed.append(call)
    verify_members(look, committed)
    name = certificate["consistency"]
    if name.startswith("strong-"):
        verify_begins(look, events, realtime=not name.startswith("strong-session-"))
    for touching in _touching(look, committed) if name in PER_KEY_MODELS else ():
        members = {call.invoke_index for call in touching}
        verify_begins(look, [e for e in events if e[0] in members], realtime=True)


def _touching(look: Lookup, order: Iterable[Call]) -> Iterator[list[Call]]:
    """For each key those who touch it, in order."""
    found: dict[Any, dict[int, Call]] = {}
    for call in order:
        for _, key, _ in look.micro_operations(call):
            found.setdefault(key, {})[call.invoke_index] = call
    for touching in found.values():
        yield list(touching.values())


class _Store:
    """What was committed, with the number of the commit that brought each version."""

    def __init__(self, look: Lookup) -> None:
        self.look = look
        self.commits = 0
        # By key: numbers of commits, and how many values there were after each.
        self.instants: dict[Any, list[int]] = {}
        self.lengths: dict[Any, list[int]] = {}
        self.values: dict[Any, list[Any]] = {}
        # By key: the highest number that a version had.
        self.numbers: dict[Any, Any] = {}

    def run(self, call: Call, began: int) -> None:
        """Run and commit a transaction that sees the first ``began`` commits."""
        own: dict[Any, list[Any]] = {}
        for function, key, value in self.look.micro_operations(call):
            if function != "r":
                if self.instants.get(key, [0])[-1] > began:
                    raise CertificateError(
                        f"operation {call.invoke_index} writes {key}, which another wrote after "
                        "it had begun"
                    )
                own.setdefault(key, []).append(value)
            elif call.outcome == OK:
                self._compare(call, key, value, own.get(key, []), began)
        self.commits += 1
        for key, written in own.items():
            values = self.values.setdefault(key, [])
            self._compare_numbers(call, key, written[-1])
            values.extend(written)
            self.instants.setdefault(key, []).append(self.commits)
            self.lengths.setdefault(key, []).append(len(values))

    def _compare_numbers(self, call: Call, key: Any, value: Any) -> None:
        """Versions of a key have increasing numbers, if they have any."""
        numbers = self.look.versions.get((key, value), set())
        if "increasing_values" in self.look.assumptions:
            numbers = numbers | {value}
        lowest = self.numbers.get(key)
        if numbers and lowest is not None and min(numbers) <= lowest:
            raise CertificateError(
                f"operation {call.invoke_index} writes {value} to {key}, whose number is no higher "
                "than that of a version before it"
            )
        if numbers:
            self.numbers[key] = max(numbers)

    def _compare(self, call: Call, key: Any, value: Any, own: list[Any], began: int) -> None:
        at = bisect_right(self.instants.get(key, ()), began)
        length = self.lengths[key][at - 1] if at else 0
        values = self.values.get(key, [])
        if self.look.lists:
            seen = list(value or ())
            same = len(seen) == length + len(own) and seen[length:] == own
            if same and seen[:length] == values[:length]:
                return
            expected: Any = [*values[:length], *own]
        else:
            expected = own[-1] if own else values[length - 1] if length else None
            if value == expected:
                return
        raise CertificateError(
            f"operation {call.invoke_index} read {value} of {key}, but the order gives {expected}"
        )


def verify_members(look: Lookup, order: Iterable[Call]) -> None:
    """Every ok transaction is there, once, and no failed one.

    Raises:
        CertificateError: one is missing, failed, or is there twice.
    """
    missing = {call.invoke_index for call in look.calls if call.outcome == OK}
    seen: set[int] = set()
    for call in order:
        if call.outcome == FAIL or call.invoke_index in seen:
            raise CertificateError(f"operation {call.invoke_index} failed, or is there twice")
        seen.add(call.invoke_index)
    if missing - seen:
        raise CertificateError(f"operation {min(missing - seen)} is missing from the order")


def verify_time(order: Sequence[Call], *, realtime: bool) -> None:
    """No transaction comes after one that was invoked when it had completed.

    Args:
        order: transactions.
        realtime: whether that holds for any two, or only for those of a process.

    Raises:
        CertificateError: one does.
    """
    latest: dict[int | None, int] = {}
    for call in order:
        who = None if realtime else call.process
        if call.completed is not None and call.completed < latest.get(who, -1):
            raise CertificateError(
                f"operation {call.invoke_index} had completed when one before it was invoked"
            )
        latest[who] = max(latest.get(who, -1), call.invoked)


def verify_begins(look: Lookup, events: Iterable[Any], *, realtime: bool) -> None:
    """No transaction commits after one began that was invoked when it had completed.

    Args:
        look: the history.
        events: begins and commits in order.
        realtime: whether that holds for any two, or only for those of a process.

    Raises:
        CertificateError: one does.
    """
    latest: dict[int | None, int] = {}
    for index, what in events:
        call = look.transaction(index)
        who = None if realtime else call.process
        if what == "begin":
            latest[who] = max(latest.get(who, -1), call.invoked)
        elif call.completed is not None and call.completed < latest.get(who, -1):
            raise CertificateError(
                f"operation {index} commits after one had begun that was invoked later"
            )
