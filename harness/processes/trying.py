"""What the kernel lets a process do is found out by a child that tries it."""

from __future__ import annotations

import os
from collections.abc import Callable


def refused(action: Callable[[], object]) -> str | None:
    """Why a process cannot do something here; None if it can.

    Args:
        action: is called in a child, which ends then; raises OSError where it cannot be done.
    """
    pid = os.fork()
    if not pid:
        status = 255
        try:
            action()
            status = 0
        except OSError as error:
            status = error.errno or 255
        finally:
            os._exit(status)
    number = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if number == 0:
        return None
    return os.strerror(number) if number in range(1, 255) else "it cannot be told why"
