"""The one error that reading or building a history can end in."""

from __future__ import annotations


class HistoryError(ValueError):
    """A history that cannot be: one sentence with where it is, what is wrong and what to do.

    Attributes:
        path: file (or other source) that the history came from; ``None`` if unknown.
        line: line in that file, counted from 1; ``None`` where lines mean nothing.
        index: ``Operation.index`` of the operation concerned; ``None`` if none is.
        problem: what is wrong and what to do, without the place.
    """

    def __init__(
        self,
        problem: str,
        *,
        path: str | None = None,
        line: int | None = None,
        index: int | None = None,
    ) -> None:
        self.problem = problem
        self.path = path
        self.line = line
        self.index = index
        place = path or ""
        if line is not None:
            place = f"{place}:{line}" if place else f"line {line}"
        parts = [place, "" if index is None else f"operation {index}", problem]
        super().__init__(": ".join(part for part in parts if part))


class HistoryWriteError(OSError):
    """A history that could not be written, with the system's reason (a full disk, say).

    What was written before stays in the file and can be read.

    Attributes:
        errno: the system's error number (``errno.ENOSPC`` for a full disk).
        filename: the file.
    """

    def __init__(self, errno: int | None, sentence: str, filename: str) -> None:
        super().__init__(errno, sentence, filename)
        self._sentence = sentence

    def __str__(self) -> str:
        return self._sentence
