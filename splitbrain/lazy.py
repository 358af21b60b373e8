"""Names of a package that are imported when somebody asks for them (PEP 562).

So ``from splitbrain import simulate`` costs milliseconds, and a suite that is only collected
imports neither numpy nor trio.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def lazily(package: str, places: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package.

    Args:
        package: the package's ``__name__``.
        places: for each module, the names that are taken from it. A name that is the module's own
            last part stands for the module itself.
    """
    modules = {name: module for module, names in places.items() for name in names}

    def __getattr__(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found: Any = import_module(modules[name])
        if name != modules[name].rpartition(".")[2]:
            found = getattr(found, name)
        setattr(sys.modules[package], name, found)
        return found

    return __getattr__
