"""All that a crash may leave of a simulated disk at one moment, as far as that can be counted.

The model is that of ``any_subset`` (`splitbrain.harness.simulation.disk`): of each file any subset
of the atoms that are not durable (the sectors of a write, a truncation), in order; of the directory
a prefix. Pillai et al., "All File Systems Are Not Created Equal" (OSDI 2014), do so with system
calls of real programs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product

from splitbrain.harness.simulation.platter import SECTOR, Directory, File, Truncate, Write

State = dict[str, bytes]
"""The files of a disk, by name."""

ATOMS = 8
"""So many atoms of a file that are not durable are tried in all subsets; of more, only prefixes,
single ones, and all but single ones."""


@dataclass(frozen=True, slots=True)
class CrashStates:
    """What a crash may leave.

    Attributes:
        states: different ones.
        complete: whether these are all.
    """

    states: list[State]
    complete: bool


def crash_states(directory: Directory, most: int) -> CrashStates:
    """At most so many of the states that a power loss may leave now."""
    found: dict[tuple[tuple[str, bytes], ...], None] = {}
    complete = True
    contents: dict[int, tuple[list[bytes], bool]] = {}
    for names in _names(directory):
        for file in names.values():
            if id(file) not in contents:
                contents[id(file)] = _contents(file)
            complete = complete and contents[id(file)][1]
        choices = product(*(contents[id(file)][0] for file in names.values()))
        room = most - len(found)
        taken = list(islice(choices, room + 1))
        complete = complete and len(taken) <= room
        found.update((tuple(zip(names, each, strict=True)), None) for each in taken[:room])
    return CrashStates([dict(state) for state in found], complete)


def _names(directory: Directory) -> Iterator[dict[str, File]]:
    """The names after each prefix of what was done to them."""
    names = dict(directory.durable)
    yield dict(sorted(names.items()))
    for link in directory.unsynced:
        link.apply(names)
        yield dict(sorted(names.items()))


def _contents(file: File) -> tuple[list[bytes], bool]:
    """What may be left of a file, and whether that is all."""
    atoms = [atom for operation in file.unsynced for atom in _atoms(operation)]
    found: dict[bytes, None] = {}
    for chosen in _subsets(atoms):
        content = bytearray(file.durable)
        for atom in chosen:
            atom.apply(content)
        found[bytes(content)] = None
    return list(found), len(atoms) <= ATOMS


def _atoms(operation: Write | Truncate) -> Iterator[Write | Truncate]:
    if isinstance(operation, Truncate):
        yield operation
        return
    start, end = operation.offset, operation.offset + len(operation.data)
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        yield Write(start, operation.data[start - operation.offset : stop - operation.offset])
        start = stop


def _subsets(
    atoms: Sequence[Write | Truncate],
) -> Iterable[Sequence[Write | Truncate]]:
    if len(atoms) <= ATOMS:
        return [some for size in range(len(atoms) + 1) for some in combinations(atoms, size)]
    prefixes = [atoms[:size] for size in range(len(atoms) + 1)]
    return [
        *prefixes,
        *([atom] for atom in atoms),
        *([*atoms[:left], *atoms[left + 1 :]] for left in range(len(atoms))),
    ]
