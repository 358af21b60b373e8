"""What a program prints and logs is in the trace, line by line; a dead process prints nothing.

The stand-ins for `sys.stdout` and `sys.stderr` may be kept beyond the run, by a handler of
`logging` that was made in it; outside of programs they write where the real ones do.
"""

from __future__ import annotations

import sys
from typing import Any

from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.harness.simulation.wires import replace, running_program

_LONGEST = 500
"""Characters of a line that the trace keeps."""


class Output:
    """Stands for `sys.stdout` or `sys.stderr` while a world runs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._begun: dict[Incarnation, str] = {}  # lines that have no end yet

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    @property
    def _real(self) -> Any:
        now = getattr(sys, self.name)
        return getattr(sys, f"__{self.name}__") if now is self else now

    def write(self, text: str) -> int:
        """Put whole lines into the trace."""
        process = running_program()
        if process is None:
            self._real.write(text)
        elif not process.dead:
            *lines, rest = (self._begun.pop(process, "") + text).split("\n")
            for line in lines:
                process.trace(self.name, line[:_LONGEST])
            if rest:
                self._begun[process] = rest
        return len(text)

    def writelines(self, lines: Any) -> None:
        """See `write`."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Lines are in the trace as they end."""
        if running_program() is None:
            self._real.flush()

    def isatty(self) -> bool:
        """Nobody sits before it."""
        return False


_out, _err = Output("stdout"), Output("stderr")


def replace_output() -> None:
    """Put the stand-ins in place until the running world ends."""
    _out._begun.clear()
    _err._begun.clear()
    replace(sys, "stdout", _out)
    replace(sys, "stderr", _err)
