"""What a word of the command line stands for: a history to be judged, or a system."""

from __future__ import annotations

import ast
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.runs.folders import StoreError, read_plan

if TYPE_CHECKING:
    from splitbrain.checkers.history.source import Content
    from splitbrain.checkers.verdict import Checker

STANDARD_INPUT = Path("-")


def history_source(file: Path) -> Path | Content:
    """What to load for a word of the command line.

    Args:
        file: a history's file; a run's folder; or ``-``, whose bytes are read now.

    Raises:
        StoreError: the folder has no history.
        OSError: standard input cannot be read.
    """
    from splitbrain.checkers.files import read_stream
    from splitbrain.checkers.history.source import content_of

    if file == STANDARD_INPUT:
        return content_of(read_stream(sys.stdin.buffer, "standard input"), "standard input")
    if not file.is_dir():
        return file
    for name in ("history.jsonl", "history.jsonl.gz"):
        if (file / name).exists():
            return file / name
    raise StoreError(f"{file}: it has no history.jsonl: give a history, or the folder of a run")


def checkers_of_run(folder: Path) -> tuple[Checker, ...]:
    """What judges the run whose folder this is; a system of somebody's own (``module:NAME``) is
    imported for it, as to replay the run.

    Raises:
        StoreError: its plan cannot be read, or nobody but its test knows its system.
        InvalidPlan: its system cannot be imported.
    """
    from splitbrain.harness.runs.judging import checkers_of
    from splitbrain.systems import registry

    plan = read_plan(folder)
    if ":" not in plan.system and plan.system not in registry.SYSTEMS:
        raise StoreError(
            f"{folder}: it is a run of a test's own system, {plan.system}, and only the test knows "
            "what judges it: say --model"
        )
    return checkers_of(registry.experiment(plan))


def system_word(word: str) -> str:
    """A system as plans name it; ``path/to/file.py`` stands for the ``SYSTEM`` of that module.

    Raises:
        InvalidPlan: there is no such file, no such name in it, or it cannot be imported from here.
    """
    file, _, name = word.partition(":")
    path = Path(file)
    if path.suffix != ".py":
        return word
    name = name or "SYSTEM"
    tree, module = parsed_module(path)
    if name not in _names(tree):
        raise InvalidPlan(
            f"{file} has no {name}: if it is a program, 'splitbrain init {file}' writes one for it"
        )
    refuse_shadowed(file, module)
    return f"{'.'.join(module.parts)}:{name}"


def parsed_module(path: Path) -> tuple[ast.Module, Path]:
    """A module's code, and its path below this folder, without its ending.

    Raises:
        InvalidPlan: there is no such file, it is no Python, or it cannot be imported from here.
    """
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise InvalidPlan(f"{path}: {error.strerror or error}") from None
    except SyntaxError as error:
        place = path if error.lineno is None else f"{path}:{error.lineno}"
        raise InvalidPlan(f"{place}: {error.msg}") from None
    except ValueError as error:  # a NUL, for some versions of Python
        raise InvalidPlan(f"{path}: {error}") from None
    try:
        return tree, path.resolve().relative_to(Path.cwd()).with_suffix("")
    except ValueError:
        raise InvalidPlan(
            f"{path}: not below this folder, so it can't be imported from it"
        ) from None


def refuse_shadowed(file: str, module: Path) -> None:
    """Make sure that Python does not take the name of a file's module for another one.

    Args:
        file: as it was given.
        module: its path below this folder, without its ending.

    Raises:
        InvalidPlan: it does: one of Python's own, say, for ``queue.py``.
    """
    name = module.parts[0]
    spec = find_spec(name)
    places = [] if spec is None else [spec.origin, *(spec.submodule_search_locations or ())]
    found = [place for place in places if place is not None]
    if found and not any(Path(place).resolve().is_relative_to(Path.cwd()) for place in found):
        raise InvalidPlan(
            f"{file}: 'import {name}' gives another module of that name ({found[0]}): rename yours"
        )


def _names(tree: ast.Module) -> set[str]:
    """The names that a module defines or imports at its top."""
    names: set[str] = set()
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=targets):
                found = (name for target in targets for name in ast.walk(target))
                names.update(name.id for name in found if isinstance(name, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update(alias.asname or alias.name for alias in aliases)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
    return names
