"""The servers' data directories: copied while nobody writes, emptied, put back."""

from __future__ import annotations

import filecmp
import os
import select
import shutil
from contextlib import suppress
from pathlib import Path

from splitbrain.harness.hosttime import seconds

_COPIES = ".copies"
_LOOK_S = 0.002
_STANDING = frozenset("TtZX")
"""States of processes that do nothing more: stopped, traced, dead (proc(5))."""

STAND_STILL_S = 30.0
"""How long the processes of a group may take to stand still."""


def keep_copy(folder: Path, name: str) -> None:
    """Copy a server's directory beside it, in place of an older copy."""
    copy = folder / _COPIES / name
    shutil.rmtree(copy, ignore_errors=True)
    _copy(folder / name, copy)


def replace(folder: Path, name: str, *, by_copy: bool) -> int:
    """Empty a server's directory, and put its copy there if there is to be one.

    Returns:
        How many files are gone, or are no longer what they were.
    """
    place, copy = folder / name, folder / _COPIES / name
    changed = sum(
        not by_copy or not _same(file, copy / file.relative_to(place)) for file in _files(place)
    )
    emptied(place)
    if by_copy:
        _copy(copy, place)
    return changed


def emptied(place: Path) -> None:
    """Remove what is in a directory, if it is there."""
    for entry in place.iterdir() if place.is_dir() else ():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def stand_still(group: int) -> None:
    """Wait until all processes of a group stand still that was sent SIGSTOP.

    Raises:
        TimeoutError: one does not.
    """
    end = seconds() + STAND_STILL_S
    while not all(state in _STANDING for state in members(group).values()):
        if seconds() > end:
            raise TimeoutError(f"process group {group} does not stand still")
        select.select([], [], [], _LOOK_S)


def members(group: int) -> dict[int, str]:
    """The processes of a group, and the state of each."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError):
                stat = Path("/proc", entry, "stat").read_text(errors="replace")
                state, _, its_group, *_ = stat.rpartition(")")[2].split()
                if int(its_group) == group:
                    found[int(entry)] = state
    return found


def _files(place: Path) -> list[Path]:
    return [file for file in place.rglob("*") if file.is_file() and not file.is_symlink()]


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and filecmp.cmp(one, other, shallow=False)


def _copy(source: Path, target: Path) -> None:
    """Files, links and directories; sockets and pipes are nothing that a backup has."""

    def others(directory: str, names: list[str]) -> list[str]:
        paths = {name: Path(directory, name) for name in names}
        return [
            name
            for name, path in paths.items()
            if not (path.is_symlink() or path.is_file() or path.is_dir())
        ]

    target.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=others, dirs_exist_ok=True)
