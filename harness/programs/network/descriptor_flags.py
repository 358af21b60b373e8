"""`fcntl` on simulated sockets and files.

Libraries that make a socket by hand set its flags, as PyMongo. Locks of files a host's only process
always gets."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from splitbrain.harness.programs.network.descriptors import descriptors_of
from splitbrain.harness.programs.network.machine import machine_under
from splitbrain.harness.simulation.wires import FIRST_FILE, replace, running_program

if sys.platform != "win32":
    import fcntl

    _fcntl = fcntl.fcntl
    _ANSWERS = {fcntl.F_GETFD: fcntl.FD_CLOEXEC, fcntl.F_GETFL: os.O_RDWR | os.O_NONBLOCK}

    def _asked(fd: Any, cmd: int, arg: Any = 0) -> Any:
        """What a simulated socket says, which never blocks and which nobody inherits."""
        program = running_program()
        if program is not None and not program.dead:
            number = fd if isinstance(fd, int) else fd.fileno()
            if descriptors_of(machine_under(program), program).at(number) is not None:
                return _ANSWERS.get(cmd, 0)
        return _fcntl(fd, cmd, arg)

    def _locking(real: Callable[..., Any]) -> Callable[..., Any]:
        def lock(fd: Any, *arguments: Any) -> Any:
            number = fd if isinstance(fd, int) else fd.fileno()
            if running_program() is not None and number >= FIRST_FILE:
                return None
            return real(fd, *arguments)

        return lock


def replace_descriptor_flags() -> None:
    """Put the stand-in in place until the running world ends."""
    if sys.platform != "win32":
        replace(fcntl, "fcntl", _asked)
        replace(fcntl, "flock", _locking(fcntl.flock))
        replace(fcntl, "lockf", _locking(fcntl.lockf))
