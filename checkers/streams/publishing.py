"""What an outbox publishes is what was written, once, and in the order of each key.

*Property.* ``put`` ``[key, value]`` -> ``[key, value, version]`` is the version-th write of its
key; values of a key are all different. ``published`` lists ``[key, version, value]`` as they came
out, a key's in the order in which its subscribers have them; all that had been acknowledged is in
it.

==================  ================================================================================
unpublished         a write that was acknowledged before the read is not in it
published-twice     a write is in it more than once
out-of-order        a key's writes are in another order than by their versions, or one is left out
unwritten           it has a write that nobody had asked for by then, or that was refused, or with
                    another version than it was given
taken-back          what was published when an earlier read ended is not there any more
==================  ================================================================================

A write of unknown outcome may be published or not.

*Source.* Richardson, "Microservices Patterns" (2018), sections 3.3.7 and 3.3.8 (transactional
outbox); DDIA chapter 11, "Change Data Capture".

*Algorithm.* One pass over each read, key by key. O(reads * writes).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.streams.recheck.publications import verify_publications
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

PUT, READ = "put", "published"
NAME = "published-in-order"

Row = tuple[str, int, Any]
"""Key, version and value."""

Found = tuple[str, str, tuple[Call, ...]]


def published_in_order() -> Checker:
    """A checker: each write comes out once, in the order of its key. See the module."""
    return _PublishedInOrder()


@dataclass(frozen=True, slots=True)
class _PublishedInOrder:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: a write or a read is none, or a key gets a value twice.
        """
        calls = history.calls()
        puts = _puts(calls)
        reads = [(call, _rows(call)) for call in calls if call.f == READ and call.outcome == OK]
        told: dict[str, Anomaly] = {}
        for call, rows in reads:
            found = [*_problems(call, rows, puts), *_taken_back(call, rows, reads)]
            for kind, said, blamed in found:
                events = tuple(each.complete_index or each.invoke_index for each in blamed)
                told.setdefault(
                    said, Anomaly(kind, f"process {call.process} is told {said}", events)
                )
        most = max((len(rows) for _, rows in reads), default=0)
        coverage = {"writes": len(puts), "reads": len(reads), "published": most}
        vain = None if most else "no read has anything published, so nothing was exercised"
        holds = f"{most} writes came out once, in the order of their keys"
        return verdict_of(self.name, told.values(), coverage, holds=holds, vain=vain)


def _puts(calls: list[Call]) -> dict[tuple[str, Any], Call]:
    puts: dict[tuple[str, Any], Call] = {}
    for call in calls:
        if call.f != PUT:
            continue
        match call.argument, call.result if call.outcome == OK else [None, None, 0]:
            case [str() as key, value], [_, _, int()]:
                if (key, value) in puts:
                    raise ModelError(call.invoke_index, f"{key} gets {shown(value)} twice")
                puts[key, value] = call
            case _:
                raise ModelError(
                    call.invoke_index,
                    f"{PUT} {shown(call.argument)} gave {shown(call.result)}: give [key, value] "
                    "and [key, value, version]",
                )
    return puts


def _rows(call: Call) -> list[Row]:
    try:
        return [(str(key), int(version), value) for key, version, value in call.result]
    except (TypeError, ValueError):
        said = f"{READ} gave {shown(call.result)}: give [key, version, value] each"
        raise ModelError(call.invoke_index, said) from None


def _by_key(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def _problems(read: Call, rows: list[Row], puts: Mapping[tuple[str, Any], Call]) -> Iterator[Found]:
    for key, mine in sorted(_by_key(rows).items()):
        counts = Counter(mine)
        for row, count in counts.items():
            if count > 1:
                yield "published-twice", f"{_named(row)} {count} times", (read,)
        versions = [version for _, version, _ in counts]
        if versions != list(range(1, len(versions) + 1)):
            said = f"the writes of {key} in the order of versions {versions[:20]}"
            yield "out-of-order", said, (read,)
        for row in counts:
            put = puts.get((key, row[2]))
            if (
                put is None
                or put.outcome == FAIL
                or put.invoked > (read.completed or 0)
                or (put.outcome == OK and put.result[2] != row[1])
            ):
                blamed = (read,) if put is None else (put, read)
                yield "unwritten", f"{_named(row)}, which is not what was written", blamed
    there = {(key, value) for key, _, value in rows}
    for identity, put in puts.items():
        acknowledged = put.outcome == OK and (put.completed or 0) < read.invoked
        if acknowledged and identity not in there:
            said = f"nothing of {_named((*put.argument[:1], put.result[2], put.argument[1]))}"
            yield "unpublished", f"{said}, which was acknowledged before", (put, read)


def _taken_back(
    read: Call, rows: list[Row], reads: list[tuple[Call, list[Row]]]
) -> Iterator[Found]:
    there = set(rows)
    for other, before in reads:
        if (other.completed or 0) < read.invoked:
            gone = [row for row in before if row not in there]
            if gone:
                said = f"nothing any more of {_named(gone[0])}"
                yield "taken-back", said, (other, read)
                return


def _named(row: Row) -> str:
    return f"{row[0]} = {shown(row[2])} (version {row[1]})"


ENTRY = CheckerEntry(
    NAME,
    published_in_order,
    "an outbox publishes each write once, in order",
    verify=verify_publications,
)
