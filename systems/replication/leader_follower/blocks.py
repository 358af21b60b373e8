"""A replica's rows as they lie on disk: a few blocks of bytes, and what changes in them.

Physical shipping (DDIA chapter 5, "Write-ahead log (WAL) shipping") sends which bytes changed in
which blocks. A follower that puts them into blocks of its own needs no knowledge of commands or
rows, but must have laid out its rows exactly as its leader has. A block holds its rows sorted by
their bytes, so equal rows are equal blocks, however they came about.

>>> blocks = Blocks()
>>> rows = {(0, "x"): ("register", "x", 1)}
>>> (change,) = blocks.changes({}, rows.values())
>>> blocks.rows({}, (change,))
[('register', 'x', 1)]
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any, ClassVar

import msgspec

Row = tuple[Any, ...]
"""A row as `machine` has it: its table's name first."""

Place = tuple[int, Any]
"""A table's number in `Blocks.tables`, and the row's key in it; there is one row at a place."""

Change = tuple[int, int, int, str]
"""A block's number; where its bytes change, how many go, and what comes there, in hexadecimal."""


class Blocks:
    """How rows are laid out.

    Attributes:
        count: how many blocks there are.
        tables: the names of the tables; those of one row have no key.
    """

    count: ClassVar[int] = 8
    tables: ClassVar[tuple[str, ...]] = ("register", "element", "message", "numbered")

    def place(self, row: Row) -> Place:
        """Where a row stands; another one there takes its place."""
        return self.tables.index(row[0]), None if row[0] == "numbered" else row[1]

    def changes(self, before: Mapping[Place, Row], rows: Iterable[Row]) -> tuple[Change, ...]:
        """What putting some rows changes in the blocks of those that are there."""
        after = {**before, **{self.place(row): row for row in rows}}
        found = []
        for block in sorted(
            {self._block(place) for place in after.keys() - before.keys()}
            | {self._block(place) for place, row in before.items() if after[place] != row}
        ):
            old, new = self._bytes(before, block), self._bytes(after, block)
            start = _alike(old, new)
            most = min(len(old), len(new)) - start
            end = _alike(old[::-1][:most], new[::-1][:most])
            found.append((block, start, len(old) - start - end, new[start : len(new) - end].hex()))
        return tuple(found)

    def rows(self, before: Mapping[Place, Row], changes: Iterable[Change]) -> list[Row]:
        """The rows that are new once the changes are in the blocks of those that are there.

        Raises:
            ValueError: these are not the bytes that were changed: no rows come out.
        """
        found = []
        for block, start, gone, new in changes:
            old = self._bytes(before, block)
            data = old[:start] + bytes.fromhex(new) + old[start + gone :]
            for row in map(_frozen, _decoded(data)):
                if before.get(self.place(row)) != row:
                    found.append(row)
        return found

    def _block(self, place: Place) -> int:
        return zlib.crc32(msgspec.msgpack.encode(place)) % self.count

    def _bytes(self, rows: Mapping[Place, Row], block: int) -> bytes:
        mine = (row for place, row in rows.items() if self._block(place) == block)
        return b"".join(sorted(map(_encoded, mine)))


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes they have in common at their beginnings."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _encoded(row: Row) -> bytes:
    body = msgspec.msgpack.encode(row)
    return len(body).to_bytes(2, "big") + body


def _decoded(data: bytes) -> list[Any]:
    found = []
    while data:
        size = int.from_bytes(data[:2], "big")
        body, data = data[2 : 2 + size], data[2 + size :]
        try:
            found.append(msgspec.msgpack.decode(body))
        except msgspec.DecodeError as error:
            raise ValueError(f"a block holds bytes that are no row: {error}") from None
    return found


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
