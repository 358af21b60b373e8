"""What was scanned of a history of transactions, gathered from pieces: columns, and transactions.

Values stay in the text, from which they are decoded when somebody asks for one. What transactions
need of them is kept as columns (`micro_operations`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, overload

import msgspec
import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.history import History
from splitbrain.checkers.history.columns import Columns, Growing
from splitbrain.checkers.history.formats.edn_parser import parse
from splitbrain.checkers.history.formats.edn_records import operation_of
from splitbrain.checkers.history.rows import error_text
from splitbrain.checkers.history.source import Text
from splitbrain.checkers.isolation.kernels import folding
from splitbrain.checkers.isolation.kernels.words import NULL
from splitbrain.checkers.isolation.micro_operations import (
    Lists,
    Micros,
    Operations,
    transactions_from,
)
from splitbrain.checkers.isolation.transactions import Transactions

Array = npt.NDArray[Any]

_PROCESSES_MAX = 1 << 22
"""Numbers of processes above which invocations are kept whose completions say all again."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What `scanning.scan` found in a piece of a text; see there.

    Attributes:
        content: the piece.
        at: where in the text it begins.
        stopped: how much of it was scanned.
    """

    content: bytes
    at: int
    stopped: int
    fields: Array
    place: Array
    names: Array
    odd: Array
    operations: Operations

    def __len__(self) -> int:
        return len(self.place)

    def text(self, row: int) -> bytes:
        """The bytes of an event."""
        end = int(self.place[row + 1]) if row + 1 < len(self) else self.stopped
        return self.content[int(self.place[row]) : end].strip(b" \t\r\n,")

    def name(self, row: int, which: int) -> str:
        """The name of an event's process (0) or of its function (1)."""
        begin, end = self.names[row, which].tolist()
        return self.content[begin:end].decode()

    def plain_functions(self) -> Array:
        """Events whose function is txn, or that have none: nearly all."""
        data = np.frombuffer(self.content, np.uint8)
        begin, end = self.names[:, 1, 0], self.names[:, 1, 1]
        where = np.minimum(begin, len(data) - 4)
        plain = (data[where] == 116) & (data[where + 1] == 120) & (data[where + 2] == 110)
        return np.asarray((begin < 0) | (plain & (end - begin == 3)))


class _Parts:
    """Columns of events and of micro-operations; see `Columns` and `folding.fold`."""

    def __init__(self) -> None:
        self.index = Growing(np.int64)
        self.time = Growing(np.int64)
        self.kind = Growing(np.int8)
        self.process = Growing(np.int64)
        self.f = Growing(np.int32)
        self.place = Growing(np.int64)
        self.counts = Growing(np.int32)
        self.function = Growing(np.int8)
        self.key = Growing(np.int32)
        self.value = Growing(np.int32)
        self.start = Growing(np.int32)
        self.length = Growing(np.int32)


class Gathered:
    """All pieces that were scanned so far."""

    def __init__(self, edn: bool) -> None:
        self._edn = edn
        self._stopped = 0
        self._parts = _Parts()
        self._names: dict[str, int] = {}
        self._functions: dict[str, int] = {}
        self._lists = Lists()

    def add(self, piece: Piece) -> None:
        """Take over what a piece has."""
        parts = self._parts
        index, time, kind, process = (piece.fields[i] for i in range(4))
        process = process.copy()
        for row in np.flatnonzero(process == NULL).tolist():
            name = piece.name(row, 0)
            process[row] = -1 - self._names.setdefault(name, len(self._names))
        plain = piece.plain_functions()
        f = np.zeros(len(piece), np.int32)
        if plain.any():
            f[plain] = self._functions.setdefault("txn", len(self._functions))
        for row in np.flatnonzero(~plain).tolist():
            f[row] = self._functions.setdefault(piece.name(row, 1), len(self._functions))
        parts.index.add(index)
        parts.time.add(time)
        parts.kind.add(kind)
        parts.process.add(process)
        parts.f.add(f)
        parts.place.add(piece.place + piece.at)
        self._stopped = piece.at + piece.stopped
        self._fold(piece, kind, process)

    def _fold(self, piece: Piece, kind: Array, process: Array) -> None:
        """Keep the micro-operations that no later event says again."""
        if process.max(initial=0) < _PROCESSES_MAX:
            last = np.full(int(process.max(initial=0)) + 1, -1, np.int64)
            wanted = kernels.compiled(folding).needed(kind, process, last)
        else:
            wanted = (kind <= folding.OK) & (process >= 0)
        self._parts.counts.add(np.where(wanted, np.diff(piece.operations.offsets), 0))
        function, key, value, start, length = self._lists.fold(piece.operations, wanted)
        self._parts.function.add(function)
        self._parts.key.add(key)
        self._parts.value.add(value)
        self._parts.start.add(start)
        self._parts.length.add(length)

    def columns(self, text: Text) -> Columns | None:
        """Columns of events; None if only some have indices or times. The parts are gone then."""
        parts = self._parts
        index, time = parts.index.taken(), parts.time.taken()
        if (index < 0).all():
            index = np.arange(len(index))
        if (time < 0).all():
            time = np.arange(len(time))
        if (index < 0).any() or (time < 0).any():
            return None
        rows = _Rows(text, parts.place.taken(), self._stopped, self._edn)
        counts = parts.counts.taken()
        offsets = np.zeros(len(counts) + 1, np.int64)
        np.cumsum(counts, out=offsets[1:])
        micros = Micros(
            offsets, parts.function.taken(), parts.key.taken(), parts.value.taken(),
            parts.start.taken(), parts.length.taken(), self._lists,
        )  # fmt: skip
        return Columns(
            index=index,
            time=time,
            type=parts.kind.taken(),
            process=parts.process.taken(),
            f=parts.f.taken(),
            values=ScannedValues(rows, micros),
            errors=_Errors(rows),
            names=tuple(self._names),
            functions=tuple(self._functions),
        )


class _Rows:
    """Events of a text that are decoded one by one, when somebody asks."""

    def __init__(self, text: Text, place: Array, stopped: int, edn: bool) -> None:
        self._text = text
        self._place = place
        self._stopped = stopped
        self._edn = edn

    def __len__(self) -> int:
        return len(self._place)

    def place_of(self, row: int) -> int:
        """Where in the text an event begins, or where the last one ends."""
        return int(self._place[row]) if row < len(self) else self._stopped

    def record(self, row: int) -> Any:
        """An event as an object."""
        line = self._text.part(self.place_of(row), self.place_of(row + 1)).strip(b" \t\r\n,")
        if self._edn:
            return operation_of(parse(line.decode(), "").forms[0])
        return msgspec.json.decode(line)


class _Decoded(Sequence[Any]):
    """One field of events, decoded when asked for."""

    field: ClassVar[str]

    def __init__(self, rows: _Rows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, row: int) -> Any: ...
    @overload
    def __getitem__(self, row: slice) -> list[Any]: ...
    def __getitem__(self, row: int | slice) -> Any:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        return self._read(self._rows.record(range(len(self))[row]).get(self.field))

    def _read(self, value: Any) -> Any:
        return value


class _Errors(_Decoded):
    """Errors of events."""

    field = "error"

    def _read(self, value: Any) -> Any:
        return None if value is None else error_text(value)


class ScannedValues(_Decoded):
    """Values of events; and all transactions as columns."""

    field = "value"

    def __init__(self, rows: _Rows, micros: Micros) -> None:
        super().__init__(rows)
        self._micros: Micros | None = micros
        self._made: Transactions | None = None

    def place_of(self, row: int) -> int:
        """Where in the text an event begins."""
        return self._rows.place_of(row)

    def transactions(self, history: History, *, lists: bool) -> Transactions | None:
        """The history's transactions, or None if they must be read one by one (to say why).

        They are made once, for memory has room for them once.
        """
        if self._micros is not None:
            self._made = transactions_from(history, self._micros, lists)
            if self._made is not None:
                self._micros = None
        return self._made
