"""The warden: a process above the keeper that ends whatever is left of it.

    harness ── warden ── keeper ── n1, n2, ...

It does nothing but wait. When the keeper has ended, whether of itself or by SIGKILL, what it had
started comes to the warden, which kills it and removes the run's directory. When the harness ends,
the kernel tells the warden, which ends the keeper. When the warden itself is killed, the kernel
tells the keeper, which does all this.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from splitbrain.harness.workers import adopt_orphans, when_parent_dies

_HEARD = (signal.SIGCHLD, signal.SIGTERM)
_BROKE = 70


def guard(
    keep: Callable[[int], None], folder: Path, harness: int, lines: Iterable[socket.socket]
) -> None:
    """Fork the keeper, and return when nothing is left of it.

    Args:
        keep: the keeper's life, called with the number of this process.
        folder: the run's directory.
        harness: the process that has forked this one.
        lines: the keeper's, to be closed here.
    """
    os.setsid()  # what the terminal sends is the harness's business
    adopt_orphans()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in _HEARD:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
    warden = os.getpid()
    keeper = os.fork()
    if not keeper:
        _in_keeper(lambda: keep(warden))
    for line in lines:
        line.close()
    when_parent_dies(signal.SIGTERM)  # the line may be open still, in a process forked later
    if os.getppid() != harness:
        os.kill(keeper, signal.SIGKILL)
    while not _reaped(keeper):
        if signal.sigwait(_HEARD) == signal.SIGTERM:
            os.kill(keeper, signal.SIGKILL)
    clear(folder)


def clear(folder: Path) -> None:
    """End every child of this process, and theirs, and remove the run's directory."""
    while children := _children():
        for pid in children:
            os.kill(pid, signal.SIGKILL)  # ours until we have waited for it
        os.waitpid(-1, 0)  # whichever: the first of a namespace ends after all others in it
    shutil.rmtree(folder, ignore_errors=True)


def _in_keeper(life: Callable[[], None]) -> None:
    status = _BROKE
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        life()
        status = 0
    except BaseException:  # noqa: BLE001 - nothing may get out of a forked process
        traceback.print_exc()
    finally:
        os._exit(status)


def _reaped(keeper: int) -> bool:
    """Wait for all that have ended; whether the keeper is among them."""
    while True:
        pid, _ = os.waitpid(-1, os.WNOHANG)
        if pid in (0, keeper):
            return pid == keeper


def _children() -> list[int]:
    """The processes whose parent this one is, whether by birth or as orphans."""
    me, found = os.getpid(), []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError):
                stat = Path("/proc", entry, "stat").read_text(errors="replace")
                if int(stat.rpartition(")")[2].split()[1]) == me:
                    found.append(int(entry))
    return found
