"""The ground that a plan runs on: what makes a world of it, and what that world can do.

    plan.ground ──► ground_named ──► Ground.world(plan) ──► World: hosts, time, levers
                                                               ▲
                            splitbrain.harness.runs.running, clients, nemesis

The simulation (`splitbrain.harness.simulation.ground`) is one ground. Another one lives in any
package and is found as other entries are (`splitbrain.checkers.entries`): by import path,
``my_package.my_module:GROUND``, or by the name under which its package registers it in the entry
point group ``splitbrain.grounds``. It is imported when a plan asks for it.

A world calls everything back from one loop of its own, one call at a time: what is given to `at`
and `after`, the clients' programs, `World.on_announcement`. Only the nemesis may wait. Real faults
take time (a process has to end, a rule has to reach a kernel), so the levers of `World.control` may
block until what they do is in force, and a world whose levers do so calls the nemesis where nothing
else waits for it: in a thread of its own, say. On a simulated ground no lever takes any time, and
the nemesis is called like everybody else.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from splitbrain.checkers.entries import Entries
from splitbrain.harness.nemesis.catalogue import named, resolve
from splitbrain.harness.nemesis.control import Control
from splitbrain.harness.nemesis.nemesis import with_ids
from splitbrain.harness.node import Node, Program
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.simulation.trace import Trace


class Commands(Protocol):
    """What a client's program is told to do, in order."""

    async def get(self) -> Any:
        """The next command; waits for one."""
        ...


class ClientNode(Node, Protocol):
    """What a client's program is given: a node, and its commands."""

    @property
    def commands(self) -> Commands:
        """What `World.command` sends."""
        ...


class World(Protocol):
    """One run's hosts, time and levers.

    Attributes:
        on_announcement: called with each fact that a node announces: its name, what, details. The
            world itself announces ``died`` (with ``{"error": text}``) when an error ends a server.
        on_nemesis: called with each event of the nemesis: kind and value.
        on_client: called when a client's process was killed (with its name and False) and when it
            has started again (True); only by worlds whose levers do that.
        on_step: if it is set, called with a server's name after each of its steps, between this and
            the next one's; only by worlds in which servers take steps.
    """

    on_announcement: Callable[[str, str, Any], None]
    on_nemesis: Callable[[str, Any], None]
    on_client: Callable[[str, bool], None]
    on_step: Callable[[str], None] | None

    @property
    def now(self) -> float:
        """Seconds since the run began, in the plan's time; stands still once it has ended."""
        ...

    @property
    def servers(self) -> tuple[str, ...]:
        """The servers' names, in order of addition."""
        ...

    @property
    def trace(self) -> Trace:
        """Where the world writes down what happens besides the history."""
        ...

    @property
    def control(self) -> Control:
        """The nemesis' levers; they may block, and so are for the nemesis alone."""
        ...

    def stream(self, *name: int | str) -> random.Random:
        """The stream of randomness of this name under the plan's seed."""
        ...

    def add_server(self, name: str, program: Program, peers: tuple[str, ...]) -> None:
        """Add a host that runs `program` on a `Node`, and that faults strike."""
        ...

    def add_client(self, name: str, program: Program, peers: tuple[str, ...]) -> None:
        """Add a host that runs `program` on a `ClientNode`, and that only uses the servers."""
        ...

    def command(self, client: str, command: object) -> None:
        """Tell a client's program to do something."""
        ...

    def at(self, time: float, action: Callable[..., object], *arguments: Any) -> None:
        """Call ``action(*arguments)`` at `time`, or as soon as possible if that has passed."""
        ...

    def after(self, delay: float, action: Callable[..., object], *arguments: Any) -> None:
        """Call ``action(*arguments)`` in `delay` seconds; never at once."""
        ...

    def disturb(self, action: Callable[[], None], then: Callable[[], None]) -> None:
        """Call `action`, which pulls levers and may block where they do, and then `then`."""
        ...

    def count(self) -> Mapping[str, Any] | None:
        """What can be counted of the servers now; None if nothing can.

        ``{"messages": sent by anybody since the start, "servers": {name: {"inbox": messages that
        arrived and were not received, "disk": bytes}}}``, of the running servers.
        """
        ...

    def run(self, begin: Callable[[], None], watch: Callable[[], None], every: float) -> None:
        """Boot all hosts, call `begin`, and let time pass until `stop`; then end all hosts.

        Calls `watch` every so many seconds meanwhile, and once more at the end. What it raises ends
        the run.
        """
        ...

    def stop(self) -> None:
        """Make `run` return soon. May be called from a signal's handler."""
        ...


@runtime_checkable
class Counting(Protocol):
    """A world that tells how many messages its nodes sent."""

    def traffic(self) -> Mapping[str, int]:
        """How many since the start, by who sent them to whom."""
        ...


@runtime_checkable
class Listening(Protocol):
    """A world whose servers listen on ports of the machine, if their programs ask for them."""

    def open_ports(self, labels: Iterable[str]) -> None:
        """Have ports for each server, by these labels; to be called before the run."""
        ...


@runtime_checkable
class Turning(Protocol):
    """A world that can go on otherwise than its seed says."""

    def turn(self, number: int) -> None:
        """From now on every stream has fresh dice, others for each number.

        What is under way already arrives as it would have.
        """
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """Another continuation of a run: the same until a moment, and then as other dice will have it,
    without any further fault.

    Attributes:
        after: the moment, in virtual seconds; what happens at it still happens.
        number: which continuation.
    """

    after: float
    number: int


@runtime_checkable
class Ground(Protocol):
    """A kind of world.

    Attributes:
        deterministic: whether the same plan gives the same run, byte for byte. Only then are runs
            done twice and compared, and a replay's trace compared with the recorded one.
        faults: the faults that its levers can perform: ids, aliases, families, or ``all``.
        options: the plan's options that it takes, of ``network``, ``disk`` and ``ground`` (the last
            for whatever else it needs to know).
    """

    @property
    def deterministic(self) -> bool:
        """See the class."""
        ...

    @property
    def faults(self) -> tuple[str, ...]:
        """See the class."""
        ...

    @property
    def options(self) -> tuple[str, ...]:
        """See the class."""
        ...

    def check(self, plan: Plan) -> None:
        """Find out whether the plan can run here, besides its faults and the names of its options.

        Raises:
            InvalidPlan: it cannot, for a reason that only this ground knows.
        """
        ...

    def world(self, plan: Plan, trace: Trace) -> World:
        """An empty world for one run of the plan."""
        ...


def check_ground(plan: Plan, ground: Ground) -> None:
    """Refuse what the ground cannot do; nothing is weakened silently.

    Raises:
        InvalidPlan: a fault or an option is beyond the ground, or it cannot run the plan at all.
    """
    performed = resolve(ground.faults)
    for fault in with_ids(plan.faults):
        # Whoever performs all has every lever, and so performs other packages' kinds too.
        kind = named(fault.kind)
        if kind.real and kind not in performed:
            raise InvalidPlan(
                f"fault {fault.id} is {fault.kind}, which only real processes can have: "
                "--ground processes"
            )
        if "all" not in ground.faults and kind not in performed:
            known = ", ".join(kind.id for kind in performed) or "no faults"
            raise InvalidPlan(
                f"fault {fault.id} is {fault.kind}, which the ground {plan.ground} cannot perform: "
                f"it performs {known}"
            )
    for name in ("network", "disk", "ground"):
        if name in plan.options and name not in ground.options:
            raise InvalidPlan(f"the ground {plan.ground} takes no option {name!r}: leave it out")
    ground.check(plan)


GROUNDS = Entries(
    "ground",
    Ground,  # type: ignore[type-abstract]  # asked with isinstance alone
    {
        "simulation": "splitbrain.harness.simulation.ground:GROUND",
        "exploration": "splitbrain.harness.exploration.ground:GROUND",
        "processes": "splitbrain.harness.processes.ground:GROUND",
        "namespaces": "splitbrain.harness.processes.ground:NAMESPACES",
        "maelstrom": "splitbrain.systems.maelstrom.ground:GROUND",
    },
    "splitbrain.grounds",
    error=InvalidPlan,
)
"""The grounds, by name."""


def ground_named(name: str) -> Ground:
    """The ground of this name: ours, one that a package registers, or ``package.module:NAME``.

    Raises:
        InvalidPlan: there is none, or it cannot be imported; the message says which and why.
    """
    return GROUNDS.named(name)
