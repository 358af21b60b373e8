"""Certificates that a program has written itself: OpenSSL, which is C, reads files by itself.

It is given a real copy of what is on the simulated disk, for as long as it reads.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from splitbrain.harness.programs.files.file_hooks import files_of
from splitbrain.harness.programs.network.machine import machine_under
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.harness.simulation.wires import outside, replace, running_program

_READERS = ("load_cert_chain", "load_verify_locations")
"""The methods of `ssl.SSLContext` that are given names of files."""


def replace_readers_of_certificates() -> None:
    """Put the stand-ins in place until the running world ends."""
    for name in _READERS:
        replace(ssl.SSLContext, name, _reading(getattr(ssl.SSLContext, name)))


def _reading(real: Callable[..., None]) -> Callable[..., None]:
    def read(context: ssl.SSLContext, *arguments: Any, **named: Any) -> None:
        program = running_program()
        if program is None or program.dead:
            real(context, *arguments, **named)
            return
        with ExitStack() as copies:
            given = [_copied(program, value, copies) for value in arguments]
            by_name = {name: _copied(program, value, copies) for name, value in named.items()}
            real(context, *given, **by_name)

    return read


def _copied(program: Incarnation, value: Any, copies: ExitStack) -> Any:
    """The name of a real copy, if the value names a file of the simulated disk."""
    files = files_of(machine_under(program))
    if not isinstance(value, str | bytes | os.PathLike) or not files.has(value):
        return value
    content = program.disk.read(files.name(value))
    with outside():
        folder = tempfile.mkdtemp()
        copy = os.path.join(folder, "copy.pem")
        with open(copy, "wb") as file:
            file.write(content)
    copies.callback(_remove, folder, copy)
    return copy


def _remove(folder: str, copy: str) -> None:
    with outside():
        os.remove(copy)
        os.rmdir(folder)
