"""What there is of one sort, by name: our own, those of installed packages, and a user's module.

Each entry is one object that says everything of itself, and is found by a name in three ways:

* one of ours, from a list of paths, imported when it is asked for;
* an entry point of an installed package: ``[project.entry-points."splitbrain.workloads"]`` with
  ``leases = "mypkg.leases:KIND"``;
* a place, wherever a name can stand: an import path, ``mypkg.leases:KIND``, or for some sorts a
  file, ``leases.py:KIND``.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from splitbrain.checkers.nearest import suggestion

Entry = TypeVar("Entry")


class Entries(Mapping[str, Entry], Generic[Entry]):
    """A mapping of names to entries, which are imported when they are looked up.

    Its names are ours and those of entry points; a place is looked up like a name.
    """

    def __init__(
        self,
        what: str,
        kind: type[Entry],
        paths: Mapping[str, str],
        group: str,
        *,
        error: Callable[[str], Exception] = ValueError,
        stands_for: Callable[[str, Any], Entry] | None = None,
        files: bool = False,
    ) -> None:
        """The entries of one sort.

        Args:
            what: the sort, in a word for people: ``workload``.
            kind: the class of entries.
            paths: ``package.module:NAME`` of each of ours, by name.
            group: the group of entry points in which packages name theirs.
            error: what is raised for those who name none, or one that cannot be had.
            stands_for: the entry that another object stands for, given its name; it may raise
                ``ValueError``. None if nothing but entries will do.
            files: whether a place may be a file, which no other process can import.
        """
        self._what, self._kind, self._paths, self._group = what, kind, paths, group
        self._error, self._stands_for, self._files = error, stands_for, files
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
        if name in self._found:
            return self._found[name]
        if name in self._paths:
            path = self._paths[name]
        elif ":" in name:
            path = name
        elif name in self._installed:
            path = self._installed[name].value
        else:
            raise KeyError(name)
        found = self._entry(name, path)
        if not self._is_file(path):  # a file may be another one the next time
            self._found[name] = found
        return found

    def named(self, name: str) -> Entry:
        """The entry of this name, or at this place.

        Raises:
            Exception: (of the type that these entries raise) there is none; the message names the
                nearest, or says what failed.
        """
        try:
            return self[name]
        except KeyError:
            places = "package.module:NAME" + (" or FILE.py:NAME" if self._files else "")
            raise self._error(
                f"there is no {self._what} {name!r}: {suggestion(name, self)} "
                f"(splitbrain list {self._what}s), or give {places}"
            ) from None

    def _is_file(self, path: str) -> bool:
        return self._files and path.rpartition(":")[0].endswith(".py")

    def _entry(self, name: str, path: str) -> Entry:
        """What is at a place, as the entry that it is or stands for."""
        found = self._imported(name, path)
        if isinstance(found, self._kind):
            return found
        if self._stands_for is not None:
            try:
                return self._stands_for(name, found)
            except ValueError as error:
                raise self._error(f"{self._what} {name!r}: {error}") from None
        raise self._error(
            f"{self._what} {name!r}: {path} is a {type(found).__name__}, "
            f"not a {self._kind.__name__}"
        )

    def _imported(self, name: str, path: str) -> Any:
        where, _, attribute = path.rpartition(":")
        if "" not in sys.path and "." not in sys.path:
            # A script's path has its own folder and not the current one, where a user's module is.
            sys.path.append("")
        try:
            module = _module_of_file(where) if self._is_file(path) else import_module(where)
        except (Exception, SystemExit) as error:  # whatever a user's module raises
            told = " ".join(_told(error).split())
            raise self._error(
                f"{self._what} {name!r}: {where} cannot be imported ({told})"
            ) from error
        if not hasattr(module, attribute):
            raise self._error(f"{self._what} {name!r}: {where} has no {attribute}")
        return getattr(module, attribute)


_OURS = str(Path(__file__).parents[1])
"""Where our own code is, which refuses what a user's module asks for."""


def _module_of_file(path: str) -> ModuleType:
    spec = spec_from_file_location(Path(path).stem, path)
    if spec is None or spec.loader is None:
        raise ImportError("it is no Python file")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _told(error: BaseException) -> str:
    """An error of importing a module; with its line that led to it, if it is not an absence."""
    lines = traceback.extract_tb(error.__traceback__)
    theirs = [line for line in lines if not line.filename.startswith((_OURS, "<frozen "))]
    last = theirs[-1] if theirs else lines[-1]
    if isinstance(error, ImportError | SyntaxError) or "importlib" in last.filename:
        return str(error)
    return f"{type(error).__name__}: {error}, {last.filename}:{last.lineno}"
