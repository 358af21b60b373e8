"""Bounded staleness: a read may be out of date, but not by more than so much.

Both bounds loosen the regular register (`splitbrain.checkers.consistency.lamport`), to which a
bound of zero comes back. A read of what w wrote *misses* a write that lies wholly between w and the
read.

* ``versions=k``: a read misses at most k writes. With one writer that is the (k+1)-regular register
  of A. Aiyer, L. Alvisi and R. Bazzi, "On the availability of non-strict quorum systems" (DISC
  2005), and k-staleness in P. Bailis et al., "Probabilistically bounded staleness" (VLDB 2012).
* ``seconds=t``: a read misses no write that completed more than t seconds before the read began:
  t-visibility in Bailis et al. It is the read-by-read part of Δ-atomicity (W. Golab, X. Li and
  M. Shah, "Analyzing consistency properties for fun and profit", PODC 2011), which also makes reads
  agree with each other.

Beside the verdict (its ``cost``) stands the curve: how stale reads were, within the bound or not,
as quantiles over all of them, in milliseconds and in writes missed; 0 for a read that misses none.

Times are the history's, so they mean what its clock means. O(n log n).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from splitbrain.checkers.consistency.lamport import stale, unwritten
from splitbrain.checkers.consistency.reads import Bad, Fine, judge_reads
from splitbrain.checkers.consistency.recheck.reads import verify_staleness
from splitbrain.checkers.consistency.writes import Source, Writes, end_of
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import Call, History
from splitbrain.checkers.models import Register, register
from splitbrain.checkers.spread import quantiles
from splitbrain.checkers.verdict import Checker, Verdict


def bounded_staleness(
    *,
    seconds: float | None = None,
    versions: int | None = None,
    initial: Any = None,
    keyed: bool | None = None,
) -> Checker:
    """A checker: no read is staler than the bound; see the module.

    Args:
        seconds: how long ago the first write that a read misses may have completed, at most.
        versions: how many writes a read may miss, at most. With both, both bounds hold.
        initial: the register's value before any write.
        keyed: whether values are ``[key, value]`` with independent keys; None finds out.

    Raises:
        ValueError: no bound is given, or one is negative.
    """
    if seconds is None and versions is None:
        raise ValueError("bounded staleness needs a bound: give seconds, versions or both")
    if seconds is not None and not (seconds >= 0 and math.isfinite(seconds)):
        raise ValueError(f"seconds is {seconds!r}: give a number that is at least 0")
    if versions is not None and (type(versions) is not int or versions < 0):
        raise ValueError(f"versions is {versions!r}: give an integer that is at least 0")
    return BoundedStaleness(seconds, versions, register(initial=initial), keyed)


@dataclass(frozen=True, slots=True)
class BoundedStaleness:
    """The checker that `bounded_staleness` makes."""

    seconds: float | None
    versions: int | None
    model: Register
    keyed: bool | None

    @property
    def name(self) -> str:
        """``bounded-staleness(BOUNDS)``."""
        bounds = {"seconds": self.seconds, "versions": self.versions}
        given = [f"{name}={_exactly(bound)}" for name, bound in bounds.items() if bound is not None]
        return f"bounded-staleness({', '.join(given)})"

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            splitbrain.checkers.models.ModelError: an operation is neither a read nor a write.
        """
        curve = _Curve([], [])
        cost = {"algorithm": "interval tests, O(n log n)", "definition": "k-regular, t-visible"}
        verdict = judge_reads(
            self.name,
            "no read is staler than the bound",
            self.model,
            history,
            self.keyed,
            partial(self._judge, curve),
            cost,
        )
        cost.update(curve.told())
        return verdict

    def _judge(self, curve: _Curve, writes: Writes, reads: Sequence[Call]) -> list[Fine | Bad]:
        sources = [writes.source(read) for read in reads]
        missed = missed_writes(writes, reads, sources)
        oldest = Oldest(writes)
        found: list[Fine | Bad] = []
        for read, source, number in zip(reads, sources, missed, strict=True):
            if source is None:
                found.append(unwritten(writes, read))
                continue
            first = oldest.after(source.end) if number else None
            curve.add(read, number, first)
            found.append(self._judged(writes, read, source, number, first))
        return found

    def _judged(
        self, writes: Writes, read: Call, source: Source, number: int, first: Call | None
    ) -> Fine | Bad:
        """A read that misses some writes, the one that completed first being given."""
        if first is None:
            return Fine(True, source.write)
        age = (read.start - (first.end or 0)) / 1e9
        if self.versions is not None and number > self.versions:
            more = f", and the read misses {number} writes in all, not at most {self.versions}"
            return stale(writes, read, source, first, more)
        if self.seconds is not None and age > self.seconds:
            more = f", {age:.3f} s before the read began, not at most {self.seconds:g} s"
            return stale(writes, read, source, first, more)
        return Fine(True, source.write)


def _exactly(bound: float) -> str:
    """A bound in as few letters as give it back."""
    return f"{bound:g}" if float(f"{bound:g}") == bound else repr(bound)


@dataclass(frozen=True, slots=True)
class _Curve:
    """How stale each read was whose source is known: in milliseconds, and in writes missed."""

    ages: list[float]
    missed: list[int]

    def add(self, read: Call, number: int, first: Call | None) -> None:
        """A read that misses so many writes, the one that completed first being given."""
        self.ages.append(0.0 if first is None else (read.start - (first.end or 0)) / 1e6)
        self.missed.append(number)

    def told(self) -> dict[str, str]:
        """Of each the quantiles; nothing if there were no reads."""
        if not self.missed:
            return {}
        return {
            "staleness of reads (ms)": quantiles(self.ages),
            "writes missed by reads": quantiles(self.missed),
        }


class Oldest:
    """Of one register's writes after a position, finds the one that completed first."""

    def __init__(self, writes: Writes) -> None:
        self._positions = [call.invoked for call in writes.all]
        self._first: list[Call] = []  # of each suffix
        for call in reversed(writes.all):
            first = self._first[-1] if self._first else call
            self._first.append(first if end_of(first) < end_of(call) else call)
        self._first.reverse()

    def after(self, position: int) -> Call | None:
        """The one of those invoked after a position that completed first; None if there is none."""
        at = bisect_right(self._positions, position)
        return self._first[at] if at < len(self._first) else None


def missed_writes(
    writes: Writes, reads: Sequence[Call], sources: Sequence[Source | None]
) -> list[int]:
    """For each read how many writes lie wholly between its source and itself.

    One pass over completions of writes and invocations of reads, with a Fenwick tree over the
    writes by invocation.
    """
    positions = [call.invoked for call in writes.all]
    tree = [0] * (len(positions) + 1)
    completed = sorted(
        (end_of(call), i) for i, call in enumerate(writes.all) if call.completed is not None
    )
    counted = 0
    missed = [0] * len(reads)
    for number in sorted(range(len(reads)), key=lambda i: reads[i].invoked):
        source = sources[number]
        while counted < len(completed) and completed[counted][0] < reads[number].invoked:
            at = completed[counted][1] + 1
            while at <= len(positions):
                tree[at] += 1
                at += at & -at
            counted += 1
        if source is None:
            continue
        at, before = bisect_right(positions, source.end), 0
        while at:
            before += tree[at]
            at -= at & -at
        missed[number] = counted - before
    return missed


ENTRY = CheckerEntry(
    "bounded-staleness",
    bounded_staleness,
    "no read is staler than so many seconds or versions",
    frozenset({"keyed"}),
    verify=verify_staleness,
)
