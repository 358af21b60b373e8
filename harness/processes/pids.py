"""Process numbers of their own for all servers, so that the kernel ends every one of them.

    keeper ── first process of the namespace, which does nothing
        └──── n1, n2, ... and whatever they start: in the namespace, with it as the last parent

When the keeper ends, however it does, the kernel kills the first process, and with it whoever else
is in the namespace: no session and no second fork leads out of it (pid_namespaces(7)). The keeper
itself stays outside, and knows all by the machine's numbers. It takes root, or that users may have
user namespaces, and in containers that `/proc` is whole.
"""

from __future__ import annotations

import os
import select
import signal
from functools import cache
from typing import NoReturn

from splitbrain.harness.processes.files import rooms
from splitbrain.harness.processes.trying import in_child, refused
from splitbrain.harness.workers import when_parent_dies

_NEWNS, _NEWPID = 0x00020000, 0x20000000


def separate(keeper: int) -> None:
    """Have the children that this process forks from now on live in a namespace that ends with it.

    Args:
        keeper: a file that tells whether this process has ended (`os.pidfd_open`).

    Raises:
        OSError: the kernel does not let it, or it has not entered a room (`rooms.enter`).
    """
    rooms.call("unshare", _NEWPID)
    if not os.fork():
        _be_first(keeper)


def look() -> None:
    """Show this process, which is in the namespace, a `/proc` with the numbers that hold there.

    Raises:
        OSError: the kernel does not let it.
    """
    rooms.call("unshare", _NEWNS)
    rooms.call("mount", b"proc", b"/proc", b"proc", 0, None)


def ended(process: int) -> bool:
    """Whether a process has ended, by its file."""
    return bool(select.select([process], [], [], 0)[0])


@cache
def unavailable() -> str | None:
    """Why processes cannot have numbers of their own here; None if they can, as a child tried."""

    def tried() -> None:
        rooms.enter()
        rooms.call("unshare", _NEWPID)
        if number := in_child(look):
            raise OSError(number, os.strerror(number))

    why = refused(tried)
    return why and f"neither root nor user namespaces may have a pid namespace ({why})"


def _be_first(keeper: int) -> NoReturn:
    """The life of the first process, to which orphans come."""
    try:
        when_parent_dies(signal.SIGKILL)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody has to wait for them
        if not ended(keeper):
            os.closerange(3, os.sysconf("SC_OPEN_MAX"))
            while True:
                signal.pause()
    finally:
        os._exit(0)
