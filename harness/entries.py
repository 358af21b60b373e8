"""What there is of one sort, by name: our own, those of installed packages, and a user's module.

Each entry is one object that says everything of itself, and is found by a name in three ways:

* one of ours, from a list of paths, imported when it is asked for;
* an entry point of an installed package: ``[project.entry-points."splitbrain.workloads"]`` with
  ``leases = "mypkg.leases:KIND"``;
* an import path, ``mypkg.leases:KIND``, wherever a name can stand.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.plan import InvalidPlan

Entry = TypeVar("Entry")


class Entries(Mapping[str, Entry], Generic[Entry]):
    """A mapping of names to entries, which are imported when they are looked up.

    Its names are ours and those of entry points; an import path is looked up like a name.
    """

    def __init__(self, what: str, kind: type[Entry], paths: Mapping[str, str], group: str) -> None:
        """The entries of one sort.

        Args:
            what: the sort, in a word for people: ``workload``.
            kind: the class of entries.
            paths: ``package.module:NAME`` of each of ours, by name.
            group: the group of entry points in which packages name theirs.
        """
        self._what, self._kind, self._paths, self._group = what, kind, paths, group
        self._found: dict[str, Entry] = {}

    @cached_property
    def _installed(self) -> dict[str, EntryPoint]:
        """Entry points by name; ours go before one of the same name."""
        found = {point.name: point for point in entry_points(group=self._group)}
        return {name: found[name] for name in sorted(found) if name not in self._paths}

    @property
    def ours(self) -> tuple[str, ...]:
        """The names of those that come with splitbrain; to look one up runs no code of others."""
        return tuple(self._paths)

    def __iter__(self) -> Iterator[str]:
        yield from self._paths
        yield from self._installed

    def __len__(self) -> int:
        return len(self._paths) + len(self._installed)

    def __contains__(self, name: object) -> bool:
        return name in self._paths or name in self._installed

    def __getitem__(self, name: str) -> Entry:
        if name not in self._found:
            if name in self._paths:
                path = self._paths[name]
            elif ":" in name:
                path = name
            elif name in self._installed:
                path = self._installed[name].value
            else:
                raise KeyError(name)
            self._found[name] = self._imported(name, path)
        return self._found[name]

    def named(self, name: str) -> Entry:
        """The entry of this name, or at this import path.

        Raises:
            InvalidPlan: there is none; the message names the nearest, or says what failed.
        """
        try:
            return self[name]
        except KeyError:
            raise InvalidPlan(
                f"there is no {self._what} {name!r}: {suggestion(name, self)} "
                f"(splitbrain list {self._what}s), or give package.module:NAME"
            ) from None

    def _imported(self, name: str, path: str) -> Entry:
        where, _, attribute = path.partition(":")
        if "" not in sys.path and "." not in sys.path:
            # A script's path has its own folder and not the current one, where a user's module is.
            sys.path.append("")
        try:
            module = import_module(where)
        except Exception as error:  # whatever a user's module raises
            raise InvalidPlan(
                f"{self._what} {name!r}: {where} cannot be imported ({_told(error)})"
            ) from error
        if not hasattr(module, attribute):
            raise InvalidPlan(f"{self._what} {name!r}: {where} has no {attribute}")
        found = getattr(module, attribute)
        if not isinstance(found, self._kind):
            raise InvalidPlan(
                f"{self._what} {name!r}: {path} is a {type(found).__name__}, "
                f"not a {self._kind.__name__}"
            )
        return found


def _told(error: Exception) -> str:
    """An error of importing a module; with the line that raised it, if it is not an absence."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    if isinstance(error, ImportError | SyntaxError) or "importlib" in last.filename:
        return str(error)
    return f"{type(error).__name__}: {error}, {last.filename}:{last.lineno}"
