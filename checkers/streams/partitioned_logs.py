"""A partitioned log keeps every record at its place, and gives all of them to who polls.

*Property.* Records, ``value``s that differ within a ``key``, are appended to the key's log, where
each has an ``offset``. Offsets of a key increase and may have holes. The operations are those of
Jepsen's workload ``kafka``:

============================  ======================================================================
``send``                      ``[["send", key, value]]`` -> ``[["send", key, [offset, value]]]``
``poll``                      ``[["poll"]]`` -> ``[["poll", {key: [[offset, value], ...]}]]``
``txn``                       a list of both, which happen all or not at all
``assign`` keys               from now on this process reads these keys, each from its beginning
``subscribe`` keys            from now on it is one of a group that shares them
``drain``                     ``{key: [[offset, value], ...]}``: all that these logs have
============================  ======================================================================

A poll goes on behind the process' last poll that succeeded, the first one of what was assigned at
the beginning. The anomalies, by Jepsen's names:

=========================  =========================================================================
lost-write                 an acknowledged send isn't in a later drain; or nobody was given it, and
                           one that reads from the beginning was given what stands behind it
inconsistent-offsets       two values at one offset
duplicate                  one value at two offsets
aborted-read               a value is given whose send failed (Adya's G1a)
unsent                     a value is given that nobody had sent
poll-skip                  a poll passes over a record that is known to be there
nonmonotonic-poll          a poll gives what stands before the last poll's end
nonmonotonic-send          a process' send has a smaller offset than its send before
int-poll-skip, ...         the same three inside one operation
nonmonotonic-log-start,    what is forgotten was there, or is more than there was; see
early-retention            `splitbrain.checkers.streams.forgotten`
G1c                        operations that each polled what the next one sent, in a circle
G0                         the same of the order of their sends alone (if ``write_order``)
group-skip                 a group of subscribers is given what stands behind a record that nobody
                           of it was given
group-repeat               a record is in two transactions of a group that succeeded
=========================  =========================================================================

Of who subscribed, only single polls are judged for order: between two, others of the group may
have read and committed (`splitbrain.checkers.streams.groups` has what is asked of the group).

A log may forget its oldest records once a server has announced ``log-start``: no drain that ends
later need have them, and no poll or group that ends later passes over them. What is forgotten
without that is lost.

Kafka's transactions promise nothing about the order of their sends, so ``write_order`` is false
unless asked for; with it, G1c counts that order as well.

*Source.* Kingsbury, ``jepsen.tests.kafka`` and the reports on Redpanda 21.10.1 and Bufstream 0.1.0;
Adya, "Weak Consistency" (1999), section 4.2 (G0, G1a, G1c).

*Algorithm.* One pass over the calls, in which each record is looked up by offset and by value, and
each reader's position by process; then bisection for holes, and Tarjan's components for cycles.
O(n log n) in polled records, but O(drains * records) for lost writes.

*Left out.* Compaction: what it takes away counts as lost. Sends of a transaction
with others' between them (Jepsen's int-send-skip) are right for every log that we know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.history.collector import collector_paused
from splitbrain.checkers.streams.forgotten import read as read_starts
from splitbrain.checkers.streams.groups import judge_groups
from splitbrain.checkers.streams.micros import SEND, TXN
from splitbrain.checkers.streams.observing import Finding, Observed, edges, losses
from splitbrain.checkers.streams.recheck.record_logs import verify
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import LOG_START

NAME = "kafka"

_SHOWN = 100

_WORST = (
    "lost-write",
    "inconsistent-offsets",
    "duplicate",
    "aborted-read",
    "unsent",
    "group-repeat",
    "group-skip",
    "early-retention",
    "nonmonotonic-log-start",
    "G0",
    "G1c",
)
"""What is told first; then the others, in the order of the history."""


def kafka(*, write_order: bool = False) -> Checker:
    """A checker: a partitioned log loses, repeats, moves and skips no record. See the module.

    Args:
        write_order: whether transactions' sends must be ordered alike in all logs.

    Raises:
        ValueError: `write_order` is neither true nor false.
    """
    if not isinstance(write_order, bool):
        raise ValueError(f"write_order is {write_order!r}: give true or false")
    return _Kafka(write_order)


@dataclass(frozen=True, slots=True)
class _Kafka:
    write_order: bool
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation is none of a log, or a value is sent to a key twice; an
                announcement is none.
        """
        calls = history.calls()
        with collector_paused():
            observed = Observed(calls, read_starts(history.events(f=LOG_START)))
        for key, value, said, shown_by in losses(observed):
            observed.find("lost-write", key, value, said, *shown_by)
        judge_groups(observed, calls)
        _find_cycles(observed, calls, self.write_order)
        return _verdict(calls, observed)


def _verdict(calls: list[Call], observed: Observed) -> Verdict:
    findings = sorted(observed.found.values(), key=_rank)
    acknowledged = sum(call.outcome == OK for call in calls if call.f in (SEND, TXN))
    polled = sum(len(log.polled) for log in observed.logs.values())
    coverage = {
        "acknowledged sends and transactions": acknowledged,
        "polls": observed.polls,
        "records polled": polled,
    }
    certificate = {"findings": [[f.kind, f.key, f.subject] for f in findings]}
    if findings:
        kinds = Counter(finding.kind for finding in findings)
        counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        anomalies = tuple(_anomaly(finding) for finding in findings[:_SHOWN])
        reason = f"{counts}; {findings[0].said}"
        return Verdict(NAME, INVALID, reason, anomalies, certificate, coverage)
    if not (acknowledged and polled):
        reason = "no record was sent and polled, so nothing was exercised"
        return Verdict(NAME, UNKNOWN, reason, coverage=coverage)
    reason = f"{polled} records are where they were put, and no poll passed over one"
    return Verdict(NAME, VALID, reason, certificate=certificate, coverage=coverage)


def _rank(finding: Finding) -> tuple[int, int]:
    worst = _WORST.index(finding.kind) if finding.kind in _WORST else len(_WORST)
    return worst, finding.calls[0].invoked if finding.calls else finding.events[0]


def _anomaly(finding: Finding) -> Anomaly:
    events = {
        event
        for call in finding.calls
        for event in (call.invoke_index, call.complete_index)
        if event is not None
    }
    return Anomaly(finding.kind, finding.said, tuple(sorted({*events, *finding.events})))


# Cycles


def _find_cycles(observed: Observed, calls: list[Call], write_order: bool) -> None:
    """Circles of dependencies: of sends alone, and of what was polled as well."""
    found = list(edges(observed.logs, calls, write_order))
    if not found:
        return
    by_position = {call.invoked: call for call in calls}
    writes = [(source, target) for source, target, is_read in found if not is_read]
    for component in components(writes):
        _tell(observed, "G0", sorted(component), by_position)
    for component in components((source, target) for source, target, _ in found):
        reads = any(
            is_read and source in component and target in component
            for source, target, is_read in found
        )
        if reads:
            _tell(observed, "G1c", sorted(component), by_position)


def _tell(observed: Observed, kind: str, members: list[int], calls: dict[int, Call]) -> None:
    indices = [calls[member].invoke_index for member in members]
    said = f"operations {', '.join(map(str, indices))} each depend on another of them, in a circle"
    observed.find(kind, None, tuple(indices), said, *(calls[member] for member in members))


_NONE = -1


def components(found: Iterable[tuple[int, int]]) -> Iterator[set[int]]:
    """The strongly connected components of more than one node: Tarjan's algorithm.

    Only nodes with edges both in and out can be on a cycle; the others, nearly all in the usual
    history, are taken away first.
    """
    pairs = list(found)
    inner = {source for source, _ in pairs} & {target for _, target in pairs}
    after: dict[int, list[int]] = {node: [] for node in sorted(inner)}
    for source, target in pairs:
        if source in inner and target in inner:
            after[source].append(target)
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    for root in after:
        work = [] if root in number else [(root, iter(after[root]))]
        if work:
            number[root] = low[root] = len(number)
            stack.append(root)
            on_stack.add(root)
        while work:
            node, targets = work[-1]
            target = next(targets, _NONE)
            if target == _NONE:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    at = stack.index(node)
                    component = set(stack[at:])
                    del stack[at:]
                    on_stack -= component
                    if len(component) > 1:
                        yield component
            elif target not in number:
                number[target] = low[target] = len(number)
                stack.append(target)
                on_stack.add(target)
                work.append((target, iter(after[target])))
            elif target in on_stack:
                low[node] = min(low[node], number[target])


ENTRY = CheckerEntry(
    NAME, kafka, "a partitioned log loses, repeats, moves and skips no record", verify=verify
)
