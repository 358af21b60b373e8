"""Generators of random numbers that libraries made when they were imported begin anew in each run.

A program that asks for a generator is given one of its host's numbers (`answers`). But a library
may have made one long before: as a name of its module or a class, or as the default of an argument,
as aiohttp does for the masks of WebSockets. All programs share it, as they share the library; it
is seeded when a world begins, so that a run does not depend on what ran before.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from splitbrain.harness.simulation.world import World

_NOT_A_PROGRAM_S = {"splitbrain", "trio", "hypothesis", "pytest", "_pytest", "xdist", "numpy"}
"""Packages whose generators a program doesn't use, beside the standard library."""

_seen: dict[str, object] = {}
_found: list[tuple[str, random.Random]] = []
"""The generators, each with where it is. A module is looked through once."""


def seed_kept_generators(world: World, *, of_new_modules: bool = False) -> None:
    """Seed what libraries keep, from the world's own seed.

    Args:
        world: which begins to run.
        of_new_modules: only what has been imported since.
    """
    known = len(_found)
    for name, module in list(sys.modules.items()):
        if _seen.get(name) is not module and isinstance(module, ModuleType):
            _seen[name] = module
            if _may_keep_some(name):
                _found.extend(_generators_of(module, name))
    for place, generator in _found[known if of_new_modules else 0 :]:
        generator.seed(world.stream("library", place).getrandbits(64))


def _may_keep_some(name: str) -> bool:
    root = name.partition(".")[0]
    return root not in _NOT_A_PROGRAM_S and root not in sys.stdlib_module_names


def _generators_of(module: ModuleType, name: str) -> Iterator[tuple[str, random.Random]]:
    for attribute, value in list(vars(module).items()):
        place = f"{name}.{attribute}"
        yield from _generators_in(place, value, name)
        if isinstance(value, type) and value.__module__ == name:
            for member, inner in list(vars(value).items()):
                yield from _generators_in(f"{place}.{member}", inner, name)


def _generators_in(place: str, value: Any, module: str) -> Iterator[tuple[str, random.Random]]:
    """The value itself, or the defaults of a function."""
    if isinstance(value, random.Random):
        yield place, value
    function = value.__func__ if isinstance(value, staticmethod | classmethod) else value
    if isinstance(function, FunctionType) and function.__module__ == module:
        defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        for position, default in enumerate(defaults):
            if isinstance(default, random.Random):
                yield f"{place}({position})", default
