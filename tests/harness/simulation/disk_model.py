"""What a crash may leave on a disk, said as a set of states: the measure of the simulated disk.

Nothing is applied before it is asked for. A file is a list of operations of which the first few
are on the platter; the directory is such a list, too. An operation is a list of *atoms*, the parts
that reach the platter wholly or not at all: the sectors of a write, a truncation, a change of
names. Under ``any_subset`` any subset of the atoms behind the durable ones may survive, in order;
under ``keep_prefix`` whole operations up to one, and any subset of that one's atoms; under
``drop_unsynced`` none. Of the directory, a prefix.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, pairwise, product

SECTOR = 512

Atom = tuple  # ("write", offset, data) or ("truncate", size)
State = dict[str, bytes]


def subsets(atoms: list[Atom]) -> Iterator[tuple[Atom, ...]]:
    return chain.from_iterable(combinations(atoms, size) for size in range(len(atoms) + 1))


def after(atoms: tuple[Atom, ...] | list[Atom]) -> bytes:
    content = b""
    for kind, at, *data in atoms:
        padded = content.ljust(at, b"\0")
        content = padded[:at]
        if kind == "write":
            content += data[0] + padded[at + len(data[0]) :]
    return content


class File:
    def __init__(self, created: int, content: bytes = b"") -> None:
        self.created = created
        self.operations: list[list[Atom]] = [[("write", 0, content)]]
        self.durable = 1

    def content(self) -> bytes:
        return after([atom for operation in self.operations for atom in operation])

    def write(self, offset: int, data: bytes) -> None:
        ends = [0, *range(SECTOR - offset % SECTOR, len(data), SECTOR), len(data)]
        pieces = pairwise(ends)
        self.operations.append([("write", offset + a, data[a:b]) for a, b in pieces if a < b])

    def contents(self, policy: str) -> set[bytes]:
        """All that a power loss may leave."""
        safe = [atom for operation in self.operations[: self.durable] for atom in operation]
        rest = self.operations[self.durable :]
        if policy == "drop_unsynced":
            return {after(safe)}
        if policy == "any_subset":
            return {after([*safe, *some]) for some in subsets(list(chain(*rest)))}
        kept = [list(chain(*rest[:length])) for length in range(len(rest) + 1)]
        return {
            after([*safe, *prefix, *some])
            for prefix, torn in zip(kept, [*rest, []], strict=True)
            for some in subsets([atom for atom in torn if atom[0] == "write"])
        }


class DiskModel:
    """The names are a list of changes, each a mapping of names to files or None."""

    def __init__(self, state: State | None = None) -> None:
        files = {name: File(-1, content) for name, content in (state or {}).items()}
        self.changes: list[dict[str, File | None]] = [dict(files)]
        self.durable = 1

    def names(self, length: int | None = None) -> dict[str, File]:
        names: dict[str, File | None] = {}
        for change in self.changes[:length]:
            names |= change
        return {name: file for name, file in names.items() if file is not None}

    def state(self) -> State:
        return {name: file.content() for name, file in self.names().items()}

    def file(self, path: str) -> File:
        if path not in self.names():
            self.changes.append({path: File(len(self.changes))})
        return self.names()[path]

    def write(self, path: str, offset: int, data: bytes) -> None:
        self.file(path).write(offset, data)

    def append(self, path: str, data: bytes) -> None:
        file = self.file(path)
        file.write(len(file.content()), data)

    def truncate(self, path: str, size: int) -> None:
        self.file(path).operations.append([("truncate", size)])

    def rename(self, old: str, new: str) -> None:
        if old != new:
            self.changes.append({old: None, new: self.file(old)})

    def remove(self, path: str) -> None:
        self.changes.append({path: None})

    def begin_sync(self, path: str) -> tuple[File | None, int]:
        return self.file(path), len(self.file(path).operations)

    def begin_sync_dir(self) -> tuple[File | None, int]:
        return None, len(self.changes)

    def end_sync(self, pending: tuple[File | None, int]) -> None:
        file, length = pending
        if file is None:
            self.durable = max(self.durable, length)
        else:
            file.durable = max(file.durable, length)
            self.durable = max(self.durable, file.created + 1)

    def allowed(self, policy: str) -> Iterator[dict[str, set[bytes]]]:
        """For each set of names that a power loss may leave, what each file may then hold."""
        last = self.durable if policy == "drop_unsynced" else len(self.changes)
        for length in range(self.durable, last + 1):
            yield {name: file.contents(policy) for name, file in self.names(length).items()}

    def allows(self, state: State, policy: str) -> bool:
        return any(
            state.keys() == names.keys() and all(state[name] in names[name] for name in names)
            for names in self.allowed(policy)
        )

    def states(self, policy: str) -> set[frozenset[tuple[str, bytes]]]:
        """All states that a power loss may leave."""
        return {
            frozenset(zip(names, contents, strict=True))
            for names in self.allowed(policy)
            for contents in product(*names.values())
        }
