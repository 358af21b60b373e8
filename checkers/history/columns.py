"""A history as columns: one numpy array for each field of its events.

A million events as Python objects cost hundreds of megabytes and seconds; as columns they cost
a few arrays, and what has to hold between events is checked on whole columns (`pairing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.history.operation import FAIL, INFO, INVOKE, OK, TYPES, Process

_Scalar = TypeVar("_Scalar", bound=np.generic)

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Int8 = npt.NDArray[np.int8]

INVOKE_CODE, OK_CODE, FAIL_CODE, INFO_CODE = (TYPES.index(t) for t in (INVOKE, OK, FAIL, INFO))


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the recorders of a format are known to do, and a reader must therefore accept.

    Attributes:
        ordered_times: times never decrease. True for what we record: one clock stamps every
            event as it is appended. False for files: Jepsen's workers stamp an event before
            they queue it, so that neighbors can swap (the histories of Knossos and Elle have
            this), and files in JSON may have been converted from Jepsen's. The order of events
            is that of the file in either case; times are for people to read.
        processes_return: a process may invoke again after its ``info``. False for what we
            write and for Jepsen, where such a process is retired and a new number takes over:
            anything else is a recorder's mistake that would let one process have two operations
            open. True for logs in which we read a failure as ``info`` (see `porcupine`), since
            there the client went on.
    """

    ordered_times: bool = True
    processes_return: bool = False


STRICT = Dialect()
FILES = Dialect(ordered_times=False)
THREADS = Dialect(ordered_times=False, processes_return=True)


@dataclass(frozen=True, slots=True)
class Columns:
    """Events, one column for each field; all columns are equally long.

    Attributes:
        index: ``Operation.index``.
        time: nanoseconds.
        type: position in `splitbrain.checkers.history.operation.TYPES`.
        process: number of a client's process (0 and up); ``-1 - i`` stands for ``names[i]``.
        f: position in ``functions``.
        values: what was invoked or returned.
        errors: why an event failed or is indeterminate, or ``None``.
        names: names of non-client processes, in order of appearance.
        functions: the values that ``f`` takes, in order of appearance.
    """

    index: Int64
    time: Int64
    type: Int8
    process: Int64
    f: Int32
    values: Sequence[Any]
    errors: Sequence[str | None]
    names: tuple[str, ...]
    functions: tuple[str, ...]

    def process_of(self, position: int) -> Process:
        """The process of the event at a position: a client's number or another's name."""
        code = int(self.process[position])
        return code if code >= 0 else self.names[-1 - code]


def build(
    *,
    index: Sequence[int],
    time: Sequence[int],
    types: Sequence[str],
    process: Sequence[Process],
    f: Sequence[str],
    values: Sequence[Any],
    errors: Sequence[str | None],
) -> Columns:
    """Columns from plain sequences whose elements have the right types and fit 64 bits."""
    codes = {word: code for code, word in enumerate(TYPES)}
    names: dict[str, int] = {}
    functions: dict[str, int] = {}

    def process_code(who: Process) -> int:
        return who if isinstance(who, int) else -1 - names.setdefault(who, len(names))

    return Columns(
        index=np.array(index, dtype=np.int64),
        time=np.array(time, dtype=np.int64),
        type=np.array([codes[word] for word in types], dtype=np.int8),
        process=np.array([process_code(who) for who in process], dtype=np.int64),
        f=np.array([functions.setdefault(name, len(functions)) for name in f], dtype=np.int32),
        values=values,
        errors=errors,
        names=tuple(names),
        functions=tuple(functions),
    )


class Growing(Generic[_Scalar]):
    """A column that is filled part by part, and is in memory once: a large one grows in place."""

    def __init__(self, dtype: type[_Scalar]) -> None:
        self._array: npt.NDArray[_Scalar] = np.empty(_FIRST_ROOM, dtype)
        self._count = 0

    def add(self, part: npt.NDArray[Any]) -> None:
        """Add what fits its type."""
        end = self._count + len(part)
        if end > len(self._array):
            self._array.resize(end + end // 4, refcheck=False)
        self._array[self._count : end] = part
        self._count = end

    def taken(self) -> npt.NDArray[_Scalar]:
        """The column, which is given up here."""
        found, self._array = self._array, np.empty(0, self._array.dtype)
        found.resize(self._count, refcheck=False)
        self._count = 0
        return found


_FIRST_ROOM = 1 << 12


def joined(parts: list[npt.NDArray[_Scalar]], axis: int = 0) -> npt.NDArray[_Scalar]:
    """Arrays one after another; the parts are given up."""
    if len(parts) == 1:
        return parts.pop()
    shape = list(parts[0].shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    whole = np.empty(shape, dtype=parts[0].dtype)
    end = shape[axis]
    while parts:
        part = parts.pop()
        begin = end - part.shape[axis]
        whole[..., begin:end] = part
        end = begin
    return whole
