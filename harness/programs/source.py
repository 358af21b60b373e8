"""Where a program's code is, and how each life of a process gets a copy of its modules.

A program keeps things in globals: an application object, a dictionary, a cache. Two processes do
not share these, and a restart forgets them. So a program that is named by its import path is
imported anew in each life, with all modules of its package; libraries stay as they are.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.programs.surroundings import lazy_imports


@dataclass(frozen=True, slots=True)
class Source:
    """A function and where it is.

    Attributes:
        module, attribute: its names.
        given: the function itself, if it was given and not named.
    """

    module: str
    attribute: str
    given: Callable[..., Any] | None = None

    @property
    def told(self) -> str:
        """Its name for people."""
        return f"{self.module}:{self.attribute}"

    def fresh(self) -> tuple[Callable[..., Any], ModuleType]:
        """The function and its module, from a copy of its package that nobody else has."""
        if self.given is not None:
            return self.given, sys.modules[self.module]
        package = self.module.partition(".")[0]
        ours = [name for name in sys.modules if name == package or name.startswith(f"{package}.")]
        kept = {name: sys.modules.pop(name) for name in ours}
        lazy_imports.own.add(package)
        try:
            module = import_module(self.module)
            return _attribute(module, self.attribute), module
        finally:
            lazy_imports.own.discard(package)
            for name in list(sys.modules):
                if name == package or name.startswith(f"{package}."):
                    del sys.modules[name]
            sys.modules.update(kept)


def source_of(main: str | Callable[..., Any]) -> Source:
    """Find a program.

    Raises:
        InvalidPlan: there is no such function, or it is not an async one.
    """
    if isinstance(main, str):
        module, colon, attribute = main.partition(":")
        if not colon or not module or not attribute:
            raise InvalidPlan(f"program {main!r}: give package.module:function")
        source = Source(module, attribute)
        found = _found(source)
    else:
        found = main
        name = getattr(main, "__qualname__", type(main).__qualname__)
        source = Source(getattr(main, "__module__", ""), name, main)
    if not inspect.iscoroutinefunction(found):
        raise InvalidPlan(
            f"program {source.told} is no async function: give the one that asyncio.run or "
            "trio.run is called with"
        )
    return source


def _found(source: Source) -> Any:
    if "" not in sys.path and "." not in sys.path:
        # A script's path has its own folder and not the current one, where a user's module is.
        sys.path.append("")
    try:
        return _attribute(import_module(source.module), source.attribute)
    except ImportError as error:
        raise InvalidPlan(f"program {source.told} cannot be imported: {error}") from error
    except AttributeError:
        raise InvalidPlan(
            f"program {source.told}: {source.module} has no {source.attribute}"
        ) from None


def _attribute(module: ModuleType, path: str) -> Any:
    found: Any = module
    for name in path.split("."):
        found = getattr(found, name)
    return found
