"""Joins of streams and of tables that change are what a plain loop over the whole input makes.

*Property.* Clients put events into a log, ``search``, ``click``, ``tier`` and ``region``, each
``[id, user, value]``; its producer gives each a time, in milliseconds. A read, ``joins``, gives:

==============  ====================================================================================
``events``      ``[partition, kind, id, user, time, value]``, the input so far, in the log's order
``late``        ids of events that came too late, and were put aside: they are joined with nothing
``pairs``       ``[search, click]``: ids of a search and of a click of its user that came less than
                `JOIN_MS` later; ``[search, null]`` for one that had none, once its time was over
``open``        ids of searches whose time isn't over
``rows``        ``[id, tier, region]``: each change of a table with what both tables said of its
                user at its time, itself included
``waiting``     ids of changes that were not joined yet
==============  ====================================================================================

and ``bound`` and ``partitions``: the watermark of the input is the greatest time in the slowest of
so many partitions, less the bound. A search is open, and a change waits, until that has passed it.

================  ==================================================================================
missing-pair      a search and a click in its window, and no pair of them
repeated-pair     one twice, or a search twice that had none
invented-pair     a pair of which one is late, or never was, or not in the other's window
wrong-unmatched   a search is said to have had no click and has one, or its time isn't over; or
                  it is neither in a pair nor alone nor open; or is open, and its time is over
wrong-row         a change with another version of a table than that of its time
missing-row       a change that is not there once its time is over
repeated-row      one twice, or there and waiting
invented-row      a row of what is no change, or late, or can't be joined yet
================  ==================================================================================

and ``lost-event`` and ``unsent-event`` as in `splitbrain.checkers.streams.results`.

*Source.* DDIA chapter 11, "Stream Joins": stream-stream joins (window join), table-table joins
(materialized view maintenance), time-dependence of joins.

*Algorithm.* All pairs and rows from the input, for each read. O(e log e + pairs) a read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import OK, Call
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.streams.results import (
    CLICK,
    TIER,
    Event,
    Found,
    input_problems,
    version_at,
    watermark_of,
)
from splitbrain.checkers.verdict import Anomaly, Verdict

SEARCH, REGION, JOINS = "search", "region", "joins"

EVENTS = (SEARCH, CLICK, TIER, REGION)

JOIN_MS = 1000
"""How long after a search a click of its user belongs to it, in milliseconds."""


def judge(name: str, calls: Sequence[Call]) -> Verdict:
    """The verdict on all reads of a history, as that of the checker of this name.

    Raises:
        ModelError: a read gives something else than such lists.
    """
    sent = {call.argument[0]: call for call in calls if call.f in EVENTS}
    reads = [call for call in calls if call.f == JOINS and call.outcome == OK]
    found: dict[str, Anomaly] = {}
    most = {"pairs": 0, "rows": 0}
    for read in reads:
        given = Joined.of(read)
        most["pairs"] = max(most["pairs"], len(given.pairs))
        most["rows"] = max(most["rows"], len(given.rows))
        for kind, said in (*input_problems(given.events, read, sent), *problems(given)):
            at = read.complete_index or read.invoke_index
            told = f"process {read.process} reads {said}"
            found.setdefault(said, Anomaly(kind, told, (at,)))
    coverage = {"events": len(sent), "reads": len(reads), **most}
    holds = f"{most['pairs']} pairs and {most['rows']} rows are what the input says"
    vain = None if most["pairs"] and most["rows"] else "no read has both pairs and rows"
    return verdict_of(name, found.values(), coverage, holds=holds, vain=vain)


@dataclass(frozen=True, slots=True)
class Joined:
    """What a read gave; see the module."""

    events: list[Event]
    late: list[int]
    pairs: list[tuple[int, int | None]]
    open: list[int]
    rows: list[tuple[int, Any, Any]]
    waiting: list[int]
    bound: int
    partitions: int

    @classmethod
    def of(cls, read: Call) -> Joined:
        """Raises ModelError if it is not of this form."""
        try:
            given = dict(read.result)
            given["events"] = [Event(*event) for event in given["events"]]
            given["pairs"] = [(search, click) for search, click in given["pairs"]]
            given["rows"] = [(change, tier, region) for change, tier, region in given["rows"]]
            made = cls(**given)
            fits = all(type(event.time) is int for event in made.events)
        except (TypeError, ValueError, KeyError):
            fits = False
        if not fits:
            raise ModelError(
                read.invoke_index,
                f"{JOINS} gave {shown(read.result)}: give an object with events, late, pairs, "
                "open, rows, waiting, bound and partitions",
            )
        return made

    @property
    def watermark(self) -> float:
        """All events before this time are in the input, or late."""
        return watermark_of(self.events, self.partitions, self.bound)


def problems(given: Joined) -> Iterator[Found]:
    """What joins are not what their own input says."""
    late = set(given.late)
    accepted = [event for event in given.events if event.id not in late]
    yield from _pairs(given, accepted)
    yield from _rows(given, accepted)


def _pairs(given: Joined, accepted: list[Event]) -> Iterator[Found]:
    searches = {event.id: event for event in accepted if event.kind == SEARCH}
    right = set(_right_pairs(searches, accepted))
    met = {search for search, _ in right}
    told = Counter(given.pairs)
    alone = Counter(search for search, click in given.pairs if click is None)
    still = Counter(given.open)
    for search, click in sorted(right - set(told)):
        yield "missing-pair", f"no pair of search {search} and click {click}"
    for pair, count in told.items():
        if count > 1:
            yield "repeated-pair", f"search {pair[0]} with click {shown(pair[1])} {count} times"
        if pair[1] is not None and pair not in right:
            yield "invented-pair", f"search {pair[0]} with click {pair[1]}, which don't meet"
    watermark = given.watermark
    for search in sorted({*searches, *alone, *still}, key=str):
        is_known = search in searches
        is_over = is_known and searches[search].time + JOIN_MS <= watermark
        wanted = (int(is_over and search not in met), int(is_known and not is_over))
        if (min(alone[search], 1), still[search]) != wanted:
            yield (
                "wrong-unmatched",
                f"search {search} alone {alone[search]} times, open {still[search]} times; "
                f"it should be {wanted[0]} and {wanted[1]} by the watermark {watermark}",
            )


def _right_pairs(searches: dict[int, Event], accepted: list[Event]) -> Iterator[tuple[int, int]]:
    clicks: dict[str, list[tuple[int, int]]] = {}
    for event in accepted:
        if event.kind == CLICK:
            clicks.setdefault(event.user, []).append((event.time, event.id))
    for mine in clicks.values():
        mine.sort()
    for search in searches.values():
        mine = clicks.get(search.user, [])
        first = bisect_left(mine, search.time, key=lambda click: click[0])
        end = bisect_left(mine, search.time + JOIN_MS, key=lambda click: click[0])
        yield from ((search.id, click) for _, click in mine[first:end])


def _rows(given: Joined, accepted: list[Event]) -> Iterator[Found]:
    tables: dict[str, dict[str, list[tuple[int, int, Any]]]] = {TIER: {}, REGION: {}}
    changes = {event.id: event for event in accepted if event.kind in tables}
    for event in sorted(changes.values(), key=lambda event: (event.time, event.id)):
        version = (event.time, event.id, event.value)
        tables[event.kind].setdefault(event.user, []).append(version)
    told = Counter(change for change, _, _ in given.rows)
    waiting = Counter(given.waiting)
    watermark = given.watermark
    for change in sorted({*changes, *told, *waiting}, key=str):
        count = told[change] + waiting[change]
        is_due = change in changes and changes[change].time < watermark
        if count > 1:
            yield "repeated-row", f"change {change} {count} times"
        elif change not in changes or (told[change] and not is_due):
            yield "invented-row", f"change {change}, which is none, late or not due"
        elif is_due and not told[change]:
            yield "missing-row", f"no row of change {change}, whose time is over"
    for change, *versions in given.rows:
        if change in changes:
            right = [version_at(tables[table], changes[change]) for table in (TIER, REGION)]
            if versions != right:
                said = f"change {change} with {shown(versions)}, and the tables said then"
                yield "wrong-row", f"{said} {shown(right)}"
