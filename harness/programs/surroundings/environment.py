"""``os.environ`` of a simulated process: what the test gives it, and nothing of the machine's own.

What stands in the environment of the real machine (proxies, paths, names) would make a run another
one elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping

from splitbrain.harness.simulation.wires import replace, running_program

_real = os.environ


class Environment(MutableMapping[str, str]):
    """Stands for `os.environ` while a world runs."""

    def _mine(self) -> MutableMapping[str, str]:
        program = running_program()
        return _real if program is None else program.environment

    def __getitem__(self, name: str) -> str:
        return self._mine()[name]

    def __setitem__(self, name: str, value: str) -> None:
        self._mine()[name] = value

    def __delitem__(self, name: str) -> None:
        del self._mine()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._mine())

    def __len__(self) -> int:
        return len(self._mine())

    def copy(self) -> dict[str, str]:
        """A plain dictionary of it."""
        return dict(self)


def replace_environment() -> None:
    """Put the stand-in in place until the running world ends."""
    replace(os, "environ", _stand_in)


_stand_in = Environment()
