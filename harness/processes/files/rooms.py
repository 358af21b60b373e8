"""Rooms of their own for the keeper and all below it: mounts that nobody else sees.

The keeper moves into a mount namespace before it starts anything, so that what it mounts there goes
with it and its processes, however they end. As root that is all; without, it takes a user namespace
in which it may mount, where the kernel lets it have one (user_namespaces(7)).
"""

from __future__ import annotations

import ctypes
import os
import tempfile
from pathlib import Path

from splitbrain.harness.processes.trying import refused

_NEWNS, _NEWUSER = 0x00020000, 0x10000000
_REC, _PRIVATE, _REMOUNT, _DETACH = 0x4000, 1 << 18, 0x20, 2

DISK_BYTES = 1 << 26
"""How large the disk of a server is that can be full."""


def enter() -> None:
    """Move this process, which has one thread, into a mount namespace of its own.

    Raises:
        OSError: the kernel does not let it.
    """
    uid, gid = os.getuid(), os.getgid()
    if uid == 0:
        call("unshare", _NEWNS)
    else:
        call("unshare", _NEWNS | _NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    call("mount", b"none", b"/", None, _REC | _PRIVATE, None)


def mount_disk(place: Path) -> None:
    """Mount a small tmpfs.

    Raises:
        OSError: this process may not.
    """
    place.mkdir(parents=True, exist_ok=True)
    size = f"size={DISK_BYTES},mode=0700".encode()
    call("mount", b"splitbrain", os.fsencode(place), b"tmpfs", 0, size)


def unmount_disk(place: Path) -> None:
    """Take it away; what is on it is gone when nobody uses it any more."""
    call("umount2", os.fsencode(place), _DETACH)


def fill_disk(place: Path, *, full: bool) -> bool:
    """Take all free room from a small tmpfs, or give it back.

    Returns:
        Whether there was no room before this.

    Raises:
        OSError: it could not be done.
    """
    seen = os.statvfs(place)
    used = (seen.f_blocks - seen.f_bfree) * seen.f_frsize
    size = max(used, seen.f_frsize) if full else DISK_BYTES
    options = f"size={size}".encode()
    call("mount", b"none", os.fsencode(place), None, _REMOUNT, options)
    return seen.f_bavail == 0


def unavailable() -> str | None:
    """Why a process cannot have a small disk of its own here; None if it can, as a child tried."""

    def mount() -> None:
        enter()
        mount_disk(Path(tempfile.gettempdir()))  # which nobody else sees there

    why = refused(mount)
    return why and f"neither root nor user namespaces may mount anything ({why})"


def call(function: str, *arguments: object) -> None:
    """Call a function of the C library.

    Raises:
        OSError: it failed.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
