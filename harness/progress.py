"""How far long work is: one line on a terminal, nothing where nobody watches."""

from __future__ import annotations

from types import TracebackType
from typing import Self, TextIO

WIDTH = 78


class ProgressLine:
    """A line that is written over and over, and wiped in the end.

    Writes nothing at all unless the stream is a terminal, so that logs and pipes stay clean.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._watched = stream.isatty()
        self._shown = ""

    def show(self, text: str) -> None:
        """Put `text` in the place of what the line said before."""
        if self._watched and text != self._shown:
            self._stream.write(f"\r{text[:WIDTH]:{WIDTH}}")
            self._stream.flush()
            self._shown = text

    def wipe(self) -> None:
        """Take the line away."""
        if self._shown:
            self._stream.write(f"\r{'':{WIDTH}}\r")
            self._stream.flush()
            self._shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.wipe()
