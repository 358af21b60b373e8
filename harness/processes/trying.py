"""What the kernel lets a process do is found out by a child that tries it."""

from __future__ import annotations

import os
from collections.abc import Callable

_UNKNOWN = 255


def in_child(action: Callable[[], object]) -> int:
    """Call something in a child, which ends then.

    Args:
        action: raises OSError where it cannot be done.

    Returns:
        The error's number; 0 if there was none, 255 if it has none.
    """
    pid = os.fork()
    if not pid:
        status = _UNKNOWN
        try:
            action()
            status = 0
        except OSError as error:
            status = error.errno or _UNKNOWN
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def refused(action: Callable[[], object]) -> str | None:
    """Why a process cannot do something here; None if it can.

    Args:
        action: is called in a child, which ends then; raises OSError where it cannot be done.
    """
    number = in_child(action)
    if number == 0:
        return None
    return os.strerror(number) if number in range(1, _UNKNOWN) else "it cannot be told why"
