"""A library that a program imports while it runs is imported outside of the simulation.

Libraries are shared by all processes and by all runs of this Python, so what one does when it is
imported (a salt that it draws, a library in C that it looks for) happens once: the first run would
be another one than the second. So it happens as if the program's first lines had imported it.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from splitbrain.harness.programs.surroundings.kept_generators import seed_kept_generators
from splitbrain.harness.simulation.wires import (
    Nondeterminism,
    outside,
    replace,
    running_program,
)

own: set[str] = set()
"""Packages that are being imported for one process alone (`splitbrain.harness.programs.source`)."""


TRIO_ASYNCIO = "trio_asyncio"
NO_TRIO_ASYNCIO = (
    "trio-asyncio puts a loop of its own in the place of asyncio's for all programs of this "
    "Python, so nothing of asyncio can be simulated beside it"
)


class _Outside(MetaPathFinder):
    """Finds what others find, and has it loaded outside."""

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> Any:
        """See `importlib.abc.MetaPathFinder`."""
        program = running_program()
        if program is None or fullname.partition(".")[0] in own:
            return None
        if fullname == TRIO_ASYNCIO:
            error = Nondeterminism(f"{program.name} imports trio_asyncio: {NO_TRIO_ASYNCIO}")
            program.host.world.tripped(program, error)
            raise error
        for finder in sys.meta_path:
            found = None if finder is self else finder.find_spec(fullname, path, target)
            if found is not None:
                if hasattr(found.loader, "exec_module"):
                    found.loader = _LoadedOutside(found)
                return found
        return None


class _LoadedOutside(Loader):
    """Stands for a module's loader until the module is executed."""

    def __init__(self, spec: ModuleSpec) -> None:
        self._spec = spec
        self._real: Any = spec.loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """See `importlib.abc.Loader`."""
        made: ModuleType | None = self._real.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        """See `importlib.abc.Loader`."""
        self._spec.loader = module.__loader__ = self._real
        program = running_program()
        with outside():
            self._real.exec_module(module)
        if program is not None:
            seed_kept_generators(program.host.world, of_new_modules=True)


_finder = _Outside()


def replace_imports() -> None:
    """Have libraries imported outside until the running world ends."""
    replace(sys, "meta_path", [_finder, *sys.meta_path])
