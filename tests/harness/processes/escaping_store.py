"""The store that forwards by UDP, each of whose processes leaves another one behind: a child of a
child in a session of its own, as daemons are."""

import os
import runpy
import signal
import sys
from pathlib import Path

ESCAPED = "escaped"
"""The last word of the command line of those who have left."""


def leave_one_behind():
    if os.fork():
        os.wait()
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in range(3):
        os.dup2(nothing, file)
    os.execv(sys.executable, [sys.executable, __file__, ESCAPED])


if sys.argv[-1] == ESCAPED:
    while True:
        signal.pause()
leave_one_behind()
runpy.run_path(str(Path(__file__).with_name("forwarding_store.py")), run_name="__main__")
