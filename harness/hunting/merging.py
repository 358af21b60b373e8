"""What several hunts remember, put together: nothing lost, nothing counted twice.

A seed of a cell has one row wherever it was tried, so putting rows together is a union. Of a group
that several remember, the smallest plan stays; its state is that of whoever saw it last, and where
nobody saw it again, what came of trying its plan goes before what was known already.

Merging is commutative and may be done again: the same files in any order give the same memory.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from math import inf
from pathlib import Path

from splitbrain.harness.hunting.counting import Counts
from splitbrain.harness.hunting.memory import FIXED, FLAKY, KNOWN, NEW, Group, Memory
from splitbrain.harness.runs.folders import StoreError

_TOLD = {NEW: 0, KNOWN: 1, FIXED: 2, FLAKY: 3}
"""States by how much they tell of a plan that was tried."""


def merge_file(memory: Memory, path: Path, runs: Path, counts: Counts) -> None:
    """Add what another hunt remembers to a memory.

    Args:
        memory: what is added to.
        path: the other's file; folders of failures beside it are copied.
        runs: the folder of runs that belongs to the memory.
        counts: counts the runs that the memory did not know.

    Raises:
        StoreError: it is no such file, or a folder can't be copied.
    """
    if not path.is_file():
        raise StoreError(f"there is no file {path} to merge: give the hunt.db of each shard")
    if path.samefile(memory.path):
        raise StoreError(f"{path} is the memory that is merged into: give those of the shards")
    other = Memory(path)
    try:
        for cell, validity, operations, cpu_seconds, reason in memory.add_all(other):
            counts.tried(cell, validity, operations, cpu_seconds, reason)
        mine = {(group.target, group.signature): group for group in memory.groups()}
        for theirs in other.groups():
            known = mine.get((theirs.target, theirs.signature))
            joined = theirs if known is None else _joined(known, theirs)
            if known is None or joined.folder != known.folder:
                joined = _moved(joined, path.parent, runs)
            memory.put(joined)
    finally:
        other.close()


def _joined(one: Group, other: Group) -> Group:
    first = min((one, other), key=lambda group: (group.first_seen, group.reason))
    last = max((one, other), key=lambda group: (group.last_seen, _TOLD[group.state]))
    small = min((one, other), key=_size)
    return replace(
        small,
        checker=first.checker,
        reason=first.reason,
        first_seen=first.first_seen,
        state=last.state,
        last_seen=last.last_seen,
    )


def _size(group: Group) -> tuple[float, float, str, str]:
    faults = inf if group.faults is None else group.faults
    operations = inf if group.operations is None else group.operations
    return faults, operations, str(group.plan), Path(group.folder).name


def _moved(group: Group, beside: Path, runs: Path) -> Group:
    """The group with its folder among these runs, if it lies beside its memory."""
    there = beside / Path(group.folder).name
    if not group.folder or not there.is_dir():
        return group
    here = runs / there.name
    if not here.exists():
        try:
            shutil.copytree(there, here, symlinks=True)
        except (OSError, shutil.Error) as error:
            raise StoreError(f"{there} can't be copied to {here}: {error}") from None
    return replace(group, folder=str(here))
