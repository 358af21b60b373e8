"""Kernels: loops over arrays that numba compiles when a history is large enough to be worth it.

A kernel is an ordinary Python function over numpy arrays, marked with `jit`, in a module of
kernels alone. `of` gives the module's functions either as they are or compiled:

    kernels.of(appends, size=len(elements)).version_orders(...)

Small histories are judged by the interpreter, since importing numba takes longer than judging them;
so are all where numba is not installed, only slower. Both run the same source, so what tests say of
one holds for the other. Compiled code is cached on disk by numba, next to the source (or in
``NUMBA_CACHE_DIR``).
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import re
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any, TypeVar

COMPILED_FROM = 60_000
"""Number of loop steps from which compiled code is used: about what numba's import is worth."""

ALWAYS = COMPILED_FROM
"""A size for which `of` compiles wherever it can."""

SWITCH = "SPLITBRAIN_KERNELS"
"""Environment variable that decides: ``compiled``, ``interpreted``, or (default) by size."""

_IMPORTED = re.compile(rb"^from (splitbrain\.checkers[\w.]*) import", re.MULTILINE)

_Function = TypeVar("_Function", bound=Callable[..., Any])
_MARK, _BORROWING, _INLINED = "__kernel__", "__borrowing_kernel__", "__inlined_kernel__"


def jit(function: _Function) -> _Function:
    """Mark a function as a kernel. It stays what it is; `of` compiles a copy."""
    setattr(function, _MARK, True)
    return function


def borrowing(function: _Function) -> _Function:
    """Mark a function as a kernel that makes no arrays: it only uses those that it is given.

    numba counts references to arrays, at every call of one kernel by another and with atomic
    instructions, which can take longer than all else. Such a kernel is compiled without.
    """
    setattr(function, _BORROWING, True)
    return jit(function)


def inlined(function: _Function) -> _Function:
    """Mark a `borrowing` kernel to be compiled into those that call it.

    An array is eight words to pass, so for a short function with many of them a call costs more
    than what it does.
    """
    setattr(function, _INLINED, True)
    return borrowing(function)


def of(module: ModuleType, *, size: int) -> Any:
    """A module's kernels, compiled or not.

    Args:
        module: a module with functions marked by `jit`. They may call each other.
        size: how many steps their loops take, roughly.

    Returns:
        An object with the module's kernels as attributes.
    """
    return compiled(module) if worth_compiling(size) else module


def numba_installed() -> bool:
    """Whether kernels can be compiled here."""
    return importlib.util.find_spec("numba") is not None


def at_hand(module: ModuleType) -> bool:
    """Whether a module's kernels need no compiling: they are loaded, or in the cache beside it.

    Never, if nothing is to be compiled (`SWITCH`), or can be.
    """
    if os.environ.get(SWITCH) == "interpreted" or not numba_installed():
        return False
    return loaded(module) or _cached(module)


@cache
def _cached(module: ModuleType) -> bool:
    """Whether a module has a cache that is not older than any source it was compiled from."""
    source = Path(module.__file__ or "")
    written = [f.stat().st_mtime for f in source.parent.glob(f"__pycache__/{source.stem}.*.nbi")]
    return bool(written) and max(written) >= max(f.stat().st_mtime for f in _sources(module))


def loaded(module: ModuleType) -> bool:
    """Whether a module's kernels are loaded in this process."""
    return module.__name__ in _loaded


def clock() -> float:
    """Seconds, on a clock that stands still while kernels are compiled.

    Budgets are measured on it: compiling happens once a machine, takes longer than many a budget,
    and says nothing of how hard a history is.
    """
    return time.perf_counter() - compiling_seconds()


def compiling_seconds() -> float:
    """Seconds that this process has spent compiling, so far."""
    return sum(float(timer.duration) for timer in _compiling if timer.done)


_compiling: list[Any] = []
"""What measures the time that is spent compiling, from when numba is first used."""

_loaded: dict[str, None] = {}


@cache
def compiled(module: ModuleType) -> Any:
    """A module's kernels, compiled by numba (at their first call, or from its cache).

    Raises:
        ModuleNotFoundError: numba is not installed.
    """
    from numba import njit
    from numba.core import event

    if not _compiling:
        events: Any = event  # numba has no types
        _compiling.append(events.TimingListener())
        events.register("numba:compile", _compiling[0])
    _loaded[module.__name__] = None
    sources = _digest(module)
    # Kernels find each other as globals, so that copies of them need globals of their own.
    names = dict(vars(module))
    marked = {name: value for name, value in names.items() if hasattr(value, _MARK)}
    for name, function in marked.items():
        if function.__module__ != module.__name__:
            names[name] = getattr(compiled(sys.modules[function.__module__]), function.__name__)
            continue
        copy = FunctionType(
            function.__code__, names, name, function.__defaults__, function.__closure__
        )
        options: dict[str, Any] = {"nogil": True, "forceinline": hasattr(function, _INLINED)}
        if hasattr(function, _BORROWING):
            options["_nrt"] = False
        kernel: Any = njit(cache=True, **options)(copy)
        if not _stamped(kernel, sources):
            kernel = njit(**options)(copy)
        names[name] = kernel
    return SimpleNamespace(**{name: names[name] for name in marked})


def _digest(module: ModuleType) -> str:
    """Of the sources of a module and of all that it imports from this project."""
    sha = hashlib.sha256()
    for text in _sources(module).values():
        sha.update(text)
    return sha.hexdigest()


def _sources(module: ModuleType) -> dict[Path, bytes]:
    """Files of a module and of all that it imports from this project, by the modules' names."""
    unread, files = [module.__name__], dict[str, tuple[Path, bytes]]()
    while unread:
        name = unread.pop()
        if name not in files:
            file = Path(importlib.import_module(name).__file__ or "")
            files[name] = file, file.read_bytes()
            unread += [found.decode() for found in _IMPORTED.findall(files[name][1])]
    return dict(files[name] for name in sorted(files))


def _stamped(kernel: Any, sources: str) -> bool:
    """Let a kernel's cache hold for these sources only; False if this numba has no such cache.

    numba compares the file of the kernel itself with its cache, but not those of the kernels and
    constants that were compiled into it: after an update of one file old code would go on.
    """
    try:
        index = kernel._cache._cache_file
        index._source_stamp = (index._source_stamp, sources)
    except AttributeError:
        return False
    return True


def worth_compiling(size: int) -> bool:
    """Whether loops of this many steps are compiled: they are long enough, and numba is there."""
    choice = os.environ.get(SWITCH, "")
    if choice == "interpreted":
        return False
    return (choice == "compiled" or size >= COMPILED_FROM) and numba_installed()
