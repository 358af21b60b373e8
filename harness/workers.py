"""What every process needs that another one of ours starts, whoever that is."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys


def ready() -> None:
    """Prepare a worker process: Ctrl-C is its parent's business, and it ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if sys.platform == "linux":
        # Even SIGKILL of the parent must leave no worker behind.
        when_parent_dies(signal.SIGKILL)
    if parent is not None and os.getppid() != parent.pid:
        os._exit(1)  # it was killed before this process could ask to be told


def when_parent_dies(number: signal.Signals) -> None:
    """Have the kernel send this process a signal when the thread that forked it ends (Linux).

    A parent that has died already is not noticed: compare `os.getppid` afterwards.
    """
    import ctypes

    parent_death_signal = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None, use_errno=True).prctl(parent_death_signal, int(number), 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends (Linux)."""
    import ctypes

    child_subreaper = 36  # PR_SET_CHILD_SUBREAPER
    ctypes.CDLL(None, use_errno=True).prctl(child_subreaper, 1, 0, 0, 0)
