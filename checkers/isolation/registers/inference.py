"""What an rw-register history says: which read saw which write, and some of the order of writes.

A register shows its latest version and not how it came about, so that the order of versions must be
inferred, and part of it only under assumptions (Kingsbury and Alvaro, "Elle", VLDB 2020, section
4.1.2). None is made unless it is asked for; each is named in the verdict:

    initial               every key starts as null, so that other values must have been written
    writes_follow_reads   a transaction that reads a key and then writes it follows what it read
    sequential_keys       each key by itself is sequentially consistent: versions follow each other
                          as each process met them
    linearizable_keys     each key by itself is linearizable: versions follow each other in real
                          time
    increasing_values     values are whole numbers that tell the order of versions, as if each were
                          a version number: of two writes of a key the lower one came first
    versioned             values come with their versions (`numbers`), which tell the same

*How a key started* needs no assumption: what was read and nobody wrote is how it was before all
writes, and it was but one value. If two such values were read, one of them is garbage. Nor does
some of the order of versions, depending on which cycles a model forbids:
`splitbrain.checkers.isolation.registers.versions` has the argument.

From an order of versions v before v' follow ww from v's writer, and rw from v's readers, to the
writer of v' (perhaps not direct, but then a path of them is). A key whose versions contradict each
other is an anomaly of its own (cyclic-versions), and says nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.history import HistoryError
from splitbrain.checkers.isolation.dependencies import Builder, Dependencies
from splitbrain.checkers.isolation.kernels import appends, graphs, registers
from splitbrain.checkers.isolation.kernels.codes import (
    FAIL,
    INFERRED,
    NONE,
    OK,
    PER_KEY,
    PROCESS,
    REALTIME,
    RW,
    WR,
    WRITE,
    WW,
)
from splitbrain.checkers.isolation.registers.numbers import Versioned, numbered_order
from splitbrain.checkers.isolation.registers.versions import (
    FOLLOWED,
    INCREASING,
    NUMBERED,
    REAL_TIME,
    SESSION,
    Assumptions,
    Meetings,
    VersionOrder,
    assumed_order,
    certain_order,
)
from splitbrain.checkers.isolation.transactions import Transactions
from splitbrain.checkers.models.model import shown

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class RegisterHistory:
    """Transactions with what their reads say.

    Attributes:
        transactions: the columns.
        assumptions: what is assumed.
        writer: transaction that wrote each element, or -1.
        write: micro-operation that did.
        final: whether it is the last that its transaction wrote to the key.
        again: a micro-operation that writes an element that another wrote before, or -1.
        flags: what is wrong with each read, as bits of `registers`.
        external: micro-operations that are external reads: what others wrote shows in them.
        saw: element that each micro-operation read or wrote; -1 if it read how its key started.
        starts: keys of which is known how they started, if that was read.
        start: for each key the element that it started as, or -1 for null.
        alive: transactions that took effect: ok, or indeterminate and seen by another.
        versions: what is assumed of the order of versions, apart from how keys started.
        cyclic: pairs of versions of which that contradicts itself.
        certain: what is known of it without an assumption: see `versions`.
    """

    transactions: Transactions
    assumptions: Assumptions
    writer: Array
    write: Array
    final: Array
    again: int
    flags: Array
    external: Array
    saw: Array
    starts: Array
    start: Array
    alive: Array
    versions: VersionOrder
    cyclic: VersionOrder
    certain: VersionOrder

    def version_of(self, operations: Array) -> Array:
        """Versions that micro-operations read or wrote."""
        t = self.transactions
        element = self.saw[operations]
        return np.where(element != NONE, element, t.element_count + t.key[operations])

    def reads_of(self, key: int) -> list[int]:
        """All reads of a key by committed transactions."""
        reads = _ok_reads(self.transactions)
        found: list[int] = reads[self.transactions.key[reads] == key].tolist()
        return found

    def was_written(self, operation: int) -> bool:
        """Whether somebody wrote what a micro-operation read."""
        element = int(self.transactions.element[operation])
        return element != NONE and int(self.writer[element]) != NONE

    def owners(self, operations: Array) -> Array:
        """Transactions of micro-operations."""
        return np.searchsorted(self.transactions.offsets, operations, side="right") - 1

    def final_writes(self) -> Array:
        """Micro-operations that write what their transaction, alive, leaves in the key."""
        t = self.transactions
        writes = np.flatnonzero(t.kind == WRITE)
        writes = writes[self.final[t.element[writes]]]
        return writes[self.alive[self.owners(writes)]]


def register_history(
    t: Transactions,
    assumptions: Assumptions,
    *,
    process: bool = False,
    realtime: bool = False,
    versioned: Versioned | None = None,
) -> RegisterHistory:
    """Judge every read by itself, and infer what is known of the order of versions.

    Args:
        t: the columns.
        assumptions: what may be assumed.
        process: whether to infer what is certain if sessions may take part in cycles.
        realtime: whether to infer what is certain if real time may, at least among those who
            touch the same key.
        versioned: what versions were said to be.
    """
    writer, write, final, _, again = kernels.of(appends, size=t.size).writers(
        t.offsets, t.kind, t.key, t.element, t.key_count, t.element_count
    )
    compiled = kernels.of(registers, size=t.size)
    saw, starts, start = _starts(t, assumptions, writer)
    flags, external = compiled.judge_reads(
        t.status, t.offsets, t.kind, t.key, saw, writer, write, final, t.key_count
    )
    reads = np.flatnonzero(external)
    seen = saw[_ok_reads(t)]
    sources = writer[seen[seen != NONE]]
    alive = t.status == OK
    alive[sources[sources != NONE]] = True
    alive &= t.status != FAIL
    meetings = Meetings.of(t, saw)
    versions = assumed_order(meetings, starts, assumptions)
    stays = np.flatnonzero((writer != NONE) & final)
    stays = stays[alive[writer[stays]]]
    numbered = _numbered(t, writer, stays, assumptions, versioned)
    versions = VersionOrder.joined(versions, numbered)
    versions, cyclic = _without_cycles(t, versions)
    certain = certain_order(meetings, assumptions, process=process, realtime=realtime)
    return RegisterHistory(
        t, assumptions, writer, write, final, int(again), flags, reads, saw, starts, start, alive,
        versions, cyclic, certain,
    )  # fmt: skip


def _starts(t: Transactions, assumptions: Assumptions, writer: Array) -> tuple[Array, Array, Array]:
    """What each micro-operation saw, and of which keys is known how they started, and as what."""
    start = np.full(t.key_count, NONE, np.int32)
    if assumptions.initial:
        return t.element, np.ones(t.key_count, np.bool_), start
    reads = _ok_reads(t)
    unwritten = reads[_writers(writer, t.element[reads]) == NONE]
    element = t.element[unwritten]
    version = np.where(element != NONE, element, t.element_count + t.key[unwritten])
    versions, first = np.unique(version, return_index=True)
    read_so = t.key[unwritten[first]]
    starts = np.bincount(read_so, minlength=t.key_count) == 1
    certain = starts[read_so] & (versions < t.element_count)
    start[read_so[certain]] = versions[certain]
    saw = t.element.copy()
    saw[unwritten[starts[t.key[unwritten]]]] = NONE
    return saw, starts, start


def _ok_reads(t: Transactions) -> Array:
    """All reads of committed transactions."""
    return np.flatnonzero((t.kind != WRITE) & np.repeat(t.status == OK, np.diff(t.offsets)))


def register_dependencies(
    history: RegisterHistory,
    *,
    process: bool,
    realtime: bool,
    per_key: bool = False,
    certain: bool = True,
) -> Dependencies:
    """The graph of dependencies.

    Args:
        history: what was inferred.
        process: whether to add process edges.
        realtime: whether to add real-time edges.
        per_key: whether to add those of real time among those who touch the same key.
        certain: whether to add what follows from the order of versions that is certain.
    """
    t = history.transactions
    builder = Builder(t)
    # Who reads a key again, and sees something else, has read from that writer too.
    reads = _ok_reads(t)
    by = history.owners(reads).astype(np.int32)
    sources = _writers(history.writer, history.saw[reads])
    direct = (sources != NONE) & (sources != by)
    direct[direct] &= t.status[sources[direct]] != FAIL
    builder.add(sources[direct].astype(np.int32), by[direct], WR)
    readers = history.owners(history.external).astype(np.int32)
    keys = t.key[history.external]
    first = (history.saw[history.external] == NONE) & history.starts[keys]
    versions = _Versions(builder, history, readers)
    versions.add(history.versions, WW, RW)
    if certain:
        in_time = {SESSION: PROCESS, REAL_TIME: PER_KEY if per_key else REALTIME}
        followed = history.certain.reason == FOLLOWED
        # Who read v and wrote v' has a wr from v's writer: a ww would say no more.
        versions.add(history.certain.part(followed), None, RW)
        for reason, time in in_time.items():
            resting = history.certain.part(history.certain.reason == reason)
            versions.add(resting, WW | time | INFERRED, RW | time | INFERRED)
    _add_initial(builder, history, readers[first], keys[first])
    builder.add_time(process=process, realtime=realtime, per_key=per_key)
    return builder.build()


def _writers(writer: Array, versions: Array) -> Array:
    """The transaction that wrote each version, or -1."""
    written = (versions >= 0) & (versions < len(writer))
    writers = np.full(len(versions), NONE, np.int64)
    writers[written] = writer[versions[written]]
    return writers


class _Versions:
    """Adds the dependencies that orders of versions bring."""

    def __init__(self, builder: Builder, history: RegisterHistory, readers: Array) -> None:
        """Readers, by version.

        Args:
            builder: takes the dependencies.
            history: whose versions they are.
            readers: transaction of each external read.
        """
        t = history.transactions
        self.builder, self.history = builder, history
        versions = history.version_of(history.external)
        by_version = np.argsort(versions, kind="stable")
        self.readers = readers[by_version]
        self.place = np.searchsorted(
            versions[by_version], np.arange(t.element_count + t.key_count + 1)
        )

    def add(self, order: VersionOrder, ww: int | None, rw: int) -> None:
        """Add dependencies on the writer of each second version, of some kinds."""
        history = self.history
        lower, upper = order.lower, order.upper
        heads = _writers(history.writer, upper)
        known = heads != NONE
        known[known] &= history.alive[heads[known]] & history.final[upper[known]]
        lower, upper, heads = lower[known], upper[known], heads[known]
        if ww is not None:
            tails = _writers(history.writer, lower)
            direct = (tails != NONE) & (tails != heads)
            direct[direct] &= history.alive[tails[direct]]
            self.builder.add(tails[direct].astype(np.int32), heads[direct].astype(np.int32), ww)
        compiled = kernels.of(registers, size=history.transactions.size)
        source, target = compiled.anti_dependencies(
            lower, upper, self.place, self.readers, history.writer
        )
        self.builder.add(source, target, rw)


def _add_initial(builder: Builder, history: RegisterHistory, readers: Array, keys: Array) -> None:
    """Add rw from everyone who read how a key started to every writer of the key."""
    t = history.transactions
    writes = history.final_writes()
    by, of_key = history.owners(writes), t.key[writes]
    by_key = np.lexsort((by, of_key))
    kinds = np.full(len(readers), RW, np.uint8)
    builder.add_fan(of_key[by_key], by[by_key], readers, keys, kinds)


def _numbered(
    t: Transactions,
    writer: Array,
    stays: Array,
    assumptions: Assumptions,
    versioned: Versioned | None,
) -> VersionOrder:
    """The order that numbers of versions tell.

    Raises:
        HistoryError: what somebody wrote is no whole number, and should be.
    """
    found = []
    if assumptions.increasing_values:
        numbers = [[_whole(t, writer, element)] for element in stays.tolist()]
        found.append(numbered_order(t, writer, stays, numbers, INCREASING))
    if versioned is not None:
        numbers = versioned.numbers(t, stays.tolist())
        found.append(numbered_order(t, writer, stays, numbers, NUMBERED))
    return VersionOrder.joined(*found)


def _whole(t: Transactions, writer: Array, element: int) -> int:
    value = t.values[element]
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise HistoryError(
            f"it wrote {shown(value)}, and increasing_values needs whole numbers",
            index=t.index_of(int(writer[element])),
        )
    return int(value)


def _without_cycles(t: Transactions, versions: VersionOrder) -> tuple[VersionOrder, VersionOrder]:
    """The order without keys in which it contradicts itself, and what contradicts itself."""
    if not len(versions.lower):
        return versions, versions
    nodes = t.element_count + t.key_count
    compiled = kernels.of(graphs, size=nodes + len(versions.lower))
    kind = np.ones(len(versions.lower), np.uint8)
    offsets, targets = compiled.adjacency(versions.lower, versions.upper, kind, 1, nodes)
    component, _ = compiled.strong_components(offsets, targets)
    wrong = component[versions.lower] == component[versions.upper]
    # Nothing can come before the initial version.
    wrong |= versions.upper >= t.element_count
    keys = np.where(
        versions.lower < t.element_count,
        t.key_of[np.minimum(versions.lower, t.element_count - 1)],
        versions.lower - t.element_count,
    )
    spoiled = np.zeros(t.key_count, np.bool_)
    spoiled[keys[wrong]] = True
    return versions.part(~spoiled[keys]), versions.part(wrong)
