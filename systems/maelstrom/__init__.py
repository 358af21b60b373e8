"""Nodes in any language that speak Maelstrom's protocol: JSON lines on standard input and output.

    c1: client ── message ──► n1: bridge ── line on stdin ──► the program
                     ▲                    ◄── line on stdout ──
                     └── switch: cut, slow, lossy links ──► n2: bridge ── ...

Each node's process (`splitbrain.harness.processes`) starts the program and passes its messages on,
so that faults strike them as they do any others: a kill ends bridge and program, a pause stops
both. The protocol is that of https://github.com/jepsen-io/maelstrom (doc/protocol.md and
doc/workloads.md); its services (``seq-kv``, ``lin-kv``, ...) are not there.

A plan names the program among the ground's options::

    {"ground": {"program": ["python3", "node.py"], "protocol": "broadcast"}}
"""

from __future__ import annotations

from functools import partial
from shlex import split
from shutil import which
from typing import Any

import msgspec

from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.plan_options import read_options
from splitbrain.harness.system import System
from splitbrain.harness.workloads.workload import Experiment
from splitbrain.systems.maelstrom.bridge import Bridge
from splitbrain.systems.maelstrom.client import (
    BroadcastClient,
    MaelstromClient,
    RegisterClient,
    SetClient,
    TransactionClient,
)

GROUND = "maelstrom"

PROTOCOLS: dict[str, tuple[str, type[MaelstromClient]]] = {
    "lin-kv": ("register", RegisterClient),
    "broadcast": ("set", BroadcastClient),
    "g-set": ("set", SetClient),
    "txn-list-append": ("list-append", TransactionClient),
    "txn-rw-register": ("rw-register", TransactionClient),
}
"""Maelstrom's workloads: the workload that each one is here, and its client."""


class _Program(msgspec.Struct, forbid_unknown_fields=True):
    program: list[str]
    protocol: str


class _Options(msgspec.Struct):
    ground: _Program


class Maelstrom(System):
    """The system that a plan's ground option describes."""

    __slots__ = ()

    def experiment(self, plan: Plan) -> Experiment:
        """See `System.experiment`.

        Raises:
            InvalidPlan: the plan names no program, an unknown protocol, or another ground.
        """
        if plan.ground != GROUND:
            raise InvalidPlan(
                f"programs that speak Maelstrom's protocol run on the ground {GROUND}, not on "
                f"{plan.ground}: splitbrain run --maelstrom COMMAND"
            )
        chosen = read_options(plan, _Options).ground
        workload, client = known(chosen.protocol)
        if not chosen.program:
            raise InvalidPlan("option ground.program is empty: give the command that runs a node")
        if which(chosen.program[0]) is None:
            raise InvalidPlan(
                f"option ground.program: there is no program {chosen.program[0]!r} to run: "
                "give its path, and chmod +x if it is a script"
            )
        server = partial(Bridge, tuple(chosen.program), chosen.protocol)
        return System(self.name, self.title, server, client, (workload,)).experiment(plan)


def known(protocol: str) -> tuple[str, type[MaelstromClient]]:
    """What one of Maelstrom's workloads is here.

    Raises:
        InvalidPlan: it is none of those that there are.
    """
    if protocol not in PROTOCOLS:
        raise InvalidPlan(
            f"there is no Maelstrom workload {protocol!r} here: {suggestion(protocol, PROTOCOLS)} "
            f"(there are {', '.join(PROTOCOLS)})"
        )
    return PROTOCOLS[protocol]


SYSTEM = Maelstrom(
    name="maelstrom",
    title="programs that speak Maelstrom's protocol",
    server=partial(Bridge, (), ""),
    client=MaelstromClient,
    workloads=tuple(PROTOCOLS),
)


def chosen_fields(command: str, protocol: str) -> dict[str, Any]:
    """What a plan says of a program: system, workload, ground and the ground's option.

    Args:
        command: how a node is started, as one types it.
        protocol: one of `PROTOCOLS`.

    Raises:
        InvalidPlan: there is no such protocol, or the command cannot be read.
    """
    workload, _ = known(protocol)
    try:
        program = split(command)
    except ValueError as error:
        raise InvalidPlan(f"--maelstrom {command!r}: {error}") from None
    option = {"program": program, "protocol": protocol}
    return {
        "system": f"{__name__}:SYSTEM",
        "workload": workload,
        "ground": GROUND,
        "options": {"ground": option},
    }
