"""What surrounds an unmodified program from its first line on: sockets, names, time, signals."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from typing import Any

from splitbrain.harness.programs.files.certificates import replace_readers_of_certificates
from splitbrain.harness.programs.files.file_hooks import replace_files
from splitbrain.harness.programs.network.descriptor_flags import replace_descriptor_flags
from splitbrain.harness.programs.network.machine import machine_under
from splitbrain.harness.programs.network.names import NAMES, names_on
from splitbrain.harness.programs.network.polling import replace_polling
from splitbrain.harness.programs.network.sockets import SimulatedSocket
from splitbrain.harness.programs.network.trio_sockets import use_simulated_sockets
from splitbrain.harness.programs.network.unix_sockets import replace_socket_pairs
from splitbrain.harness.programs.surroundings.answers import answers_of
from splitbrain.harness.programs.surroundings.environment import replace_environment
from splitbrain.harness.programs.surroundings.host_facts import replace_host_facts
from splitbrain.harness.programs.surroundings.kept_generators import seed_kept_generators
from splitbrain.harness.programs.surroundings.lazy_imports import replace_imports
from splitbrain.harness.programs.surroundings.threads import replace_threads
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.harness.simulation.wires import replace, replace_imported, running_program


def surround(process: Incarnation) -> None:
    """Give a process that has just begun, and whose run is the current one, what it asks for."""
    machine = machine_under(process)
    process.answers = {**answers_of(process), **names_on(machine)}
    use_simulated_sockets(process)
    _replace_everywhere(process)
    replace_imported()


def surround_clients(process: Incarnation) -> None:
    """Clients of unmodified programs may be unmodified, too."""
    hosts = process.host.world.hosts
    for name in process.host.world.clients:
        hosts[name].surround = surround


def _replace_everywhere(process: Incarnation) -> None:
    """What has no guard yet: the names of `socket`, its class, dates, and the signals' handlers."""
    if socket.socket is SimulatedSocket:
        return
    replace(socket, "socket", SimulatedSocket)
    for name in NAMES:
        replace(socket, name, _asking(name, getattr(socket, name)))
    for name in ("signal", "set_wakeup_fd", "siginterrupt"):
        replace(signal, name, _signal_free(getattr(signal, name)))
    seed_kept_generators(process.host.world)
    replace_descriptor_flags()
    replace_environment()
    replace_files()
    replace_host_facts()
    replace_imports()
    replace_polling()
    replace_readers_of_certificates()
    replace_socket_pairs()
    replace_threads()


def _asking(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    """A function of `socket` that asks the machine of the program that is running."""
    key = f"socket.{name}()"

    def ask(*arguments: Any, **named: Any) -> Any:
        program = running_program()
        answer = None if program is None or program.answers is None else program.answers.get(key)
        return (answer or real)(*arguments, **named)

    return ask


def _signal_free(real: Callable[..., Any]) -> Callable[..., Any]:
    """No signals reach a simulated program, so its handlers are never called."""

    def nothing(*arguments: Any, **named: Any) -> Any:
        return real(*arguments, **named) if running_program() is None else signal.SIG_DFL

    return nothing
