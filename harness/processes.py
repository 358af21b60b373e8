"""What every worker process needs, whoever starts it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys


def ready() -> None:
    """Prepare a worker process: Ctrl-C is its parent's business, and it ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        # Even SIGKILL of the parent must leave no worker behind.
        import ctypes

        die_with_parent = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None, use_errno=True).prctl(die_with_parent, int(signal.SIGKILL), 0, 0, 0)
    parent = multiprocessing.parent_process()
    if parent is not None and os.getppid() != parent.pid:
        os._exit(1)  # it was killed before this process could ask to be told
