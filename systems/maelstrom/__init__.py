"""Nodes in any language that speak Maelstrom's protocol: JSON lines on standard input and output.

    c1: client ── message ──► n1: bridge ── line on stdin ──► the program
                     ▲                    ◄── line on stdout ──
                     └── switch: cut, slow, lossy links ──► n2: bridge ── ...
                              └── seq-kv, lin-kv, lww-kv, lin-tso

Each node's process (`splitbrain.harness.processes`) starts the program and passes its messages on,
so that faults strike them as they do any others: a kill ends bridge and program, a pause stops
both. The protocol is that of https://github.com/jepsen-io/maelstrom (doc/protocol.md,
doc/workloads.md and doc/services.md).

A plan names the program among the ground's options::

    {"ground": {"program": ["python3", "node.py"], "protocol": "broadcast"}}
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from shlex import split
from shutil import which
from typing import Annotated, Any

import msgspec

from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.plan_options import read_options
from splitbrain.harness.system import System
from splitbrain.harness.workloads.parts.kind import CONSISTENCY
from splitbrain.harness.workloads.workload import Experiment
from splitbrain.systems.maelstrom.bridge import Bridge
from splitbrain.systems.maelstrom.client import MaelstromClient
from splitbrain.systems.maelstrom.protocols import PROTOCOLS, known, neighbours

GROUND = "maelstrom"


class _Program(msgspec.Struct, forbid_unknown_fields=True):
    """What the option ``ground`` says.

    Attributes:
        program: the command that runs a node.
        protocol: one of `PROTOCOLS`.
        topology: who is next to whom, where the protocol tells nodes that.
        consistency: what transactions are judged by.
        latency: seconds that each message takes but for those of clients.
    """

    program: list[str]
    protocol: str
    topology: str = "grid"
    consistency: str = CONSISTENCY
    latency: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.0


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
        protocol = known(chosen.protocol)
        _check_program(chosen.program)
        topology = neighbours(chosen.topology, plan.servers) if protocol.introduced else None
        system = System(
            self.name,
            self.title,
            partial(Bridge, tuple(chosen.program), topology),
            protocol.client,
            (protocol.workload,),
            consistency=chosen.consistency,
        )
        return system.experiment(plan)


def _check_program(program: list[str]) -> None:
    if not program:
        raise InvalidPlan("option ground.program is empty: give the command that runs a node")
    if which(program[0]) is None:
        raise InvalidPlan(
            f"option ground.program: there is no program {program[0]!r} to run: "
            "give its path, and chmod +x if it is a script"
        )


SYSTEM = Maelstrom(
    name="maelstrom",
    title="programs that speak Maelstrom's protocol",
    server=partial(Bridge, (), None),
    client=MaelstromClient,
    workloads=tuple(PROTOCOLS),
)

OWN_OPTIONS = ("topology", "consistency", "latency")
"""Options that are the program's, not the workload's."""


def chosen_fields(command: str, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """What a plan says of a program: system, workload, ground and options.

    Args:
        command: how a node is started, as one types it.
        name: one of `PROTOCOLS`.
        options: the plan's options: the workload's, the run's, and `OWN_OPTIONS`.

    Raises:
        InvalidPlan: there is no such protocol, or the command cannot be read, or an option is not
            for such a protocol.
    """
    protocol = known(name)
    try:
        program = split(command)
    except ValueError as error:
        raise InvalidPlan(f"--maelstrom {command!r}: {error}") from None
    own = {option: options[option] for option in OWN_OPTIONS if option in options}
    if "topology" in own and not protocol.introduced:
        raise InvalidPlan(f"option 'topology': nodes are told of none in workload {name}")
    if "consistency" in own and not protocol.transactions:
        raise InvalidPlan(f"option 'consistency': there are no transactions in workload {name}")
    others = {option: value for option, value in options.items() if option not in own}
    ground = {"program": program, "protocol": name, **own}
    return {
        "system": f"{__name__}:SYSTEM",
        "workload": protocol.workload,
        "ground": GROUND,
        "options": {**protocol.options, **others, "ground": ground},
    }
