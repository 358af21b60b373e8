"""A plan from a system's name and a seed: everything that a user would otherwise have to guess.

Each choice draws from a stream of its own, so that adding one leaves the others as they were. The
workloads that fit come in turn; sizes, rates, machines and settings vary, since bugs hide where a
default never goes: an fsync that takes 20 ms shows each acknowledgement before durability, which
one of 1 ms hides. Faults are a swarm (`splitbrain.harness.nemesis.schedule`) of all kinds, now and
then of one to three kinds alone, and sometimes there are none, for then nothing excuses a failure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from math import exp, log
from pathlib import Path

from splitbrain.harness.hunting.circumstances import (
    drawn_by,
    log_uniform_by,
    mixed,
    network_by,
    nodes_for,
    options_for,
    rounded,
    settings_for,
)
from splitbrain.harness.hunting.coincidence import (
    briefly,
    coinciding,
    hastily,
    prolonged,
    resent,
    unmended,
)
from splitbrain.harness.hunting.selecting import (
    NARROW_KINDS,
    POWER_LOSS,
    RESTARTS,
    copies_all_along,
    is_in_a_state,
    is_losing_power,
    kinds_for,
)
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.catalogue import named
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.nemesis.schedule import DENSITY
from splitbrain.harness.nemesis.triggers import (
    ACKNOWLEDGED,
    EVENTS,
    MACHINE,
    MESSAGES,
    RARELY_SENT,
    UNSYNCED_SENT,
)
from splitbrain.harness.plan import ITSELF, Fault, Plan, When
from splitbrain.harness.planning import draw
from splitbrain.harness.regression import REGISTERED, Origin
from splitbrain.harness.runs.folders import new_folder
from splitbrain.harness.system import System
from splitbrain.harness.workloads import WORKLOADS
from splitbrain.harness.workloads.workload import Experiment

SURVIVABLE = 0.4
"""How often faults stay within what the system claims to survive, so that it has to answer again in
the end, even with a minority dead."""

SLOW_DISKS_S = 2e-2, 5e-2
"""How long an fsync takes at least and at most where power is lost."""

BUSY = 30.0, 80.0
"""How many operations a second there are at least and at most where power is lost, so that some are
under way, and in a state that lasts, so that somebody meets it."""

HASTY = 0.5
"""How often servers that restart among few other faults do so faster than messages travel, so that
what was sent to one of their lives reaches the next one."""

FAR_S = 1e-3, 5e-3
"""How long a message takes at least then, least and most."""

TOGETHER = 0.3
"""How often half of the faults come together with others."""

PROLONGED = 0.35
"""How often some faults last longer than anybody's patience. Drawn by themselves half of them are
over in a fifth of a second, and what gives up after one (a hint, a lease, a suspicion) waits on."""

LASTING = 0.8
"""The same where there is little but what lasts outside, too."""

TRIGGERS = 0.3
"""How often half of the faults wait for something to happen, rather than for a time alone."""

EVERY = 0.25
"""How often a fault that waits for something strikes each time that it happens."""

RARELY = 0.5
"""How often a fault that waits for messages waits for rare ones."""

_EVENTS = (
    *(event for event in EVENTS if event not in (RARELY_SENT, UNSYNCED_SENT)),
    "fsync-begin",
    "fsync-end",
    "write",
)
_OFTEN, _SELDOM = 100, 10

AT_THE_DISK = 0.5
"""How often, where power is lost, half of the losses strike as one of two things has just got ahead
of what it may rest on: an fsync has ended, or a message is sent, while other data of the server are
not durable."""

_AHEAD = ("fsync-end", UNSYNCED_SENT)


@dataclass(frozen=True, slots=True)
class Target:
    """What is hunted in.

    Attributes:
        system: the system's name.
        workloads: the workloads to take in turn.
        nodes: its usual number of servers.
        bug: a planted bug to run it with, or None.
        faults: the kinds of faults to draw from.
        claims: what it claims to survive, None for nothing.
        knobs: the settings that may be drawn.
        sizes: the numbers of servers that it may have; its usual one alone, unless given.
        narrowed: in words, which workloads and faults were asked for; empty if all were.
        make: the function that makes an experiment of a plan, as ``module:name``.
        shares: by workload, the options that are shares of its operations, as they are by default.
    """

    system: str
    workloads: tuple[str, ...]
    nodes: int
    bug: str | None = None
    faults: tuple[str, ...] = ("all",)
    sizes: tuple[int, ...] = ()
    claims: Claims | None = None
    knobs: tuple[Knob, ...] = ()
    narrowed: str = ""
    make: str = "splitbrain.systems.registry:experiment"
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What people read: the system, and the bug it has."""
        return self.system if self.bug is None else f"{self.system} with {self.bug}"

    @property
    def cell(self) -> str:
        """The name, and what was said of workloads and faults: its seeds are of one kind."""
        return f"{self.name} ({self.narrowed})" if self.narrowed else self.name

    @property
    def origin(self) -> Origin:
        """For test files of failures."""
        return REGISTERED

    def plan(self, seed: int) -> Plan:
        """The plan of this seed (`plan_for`)."""
        return plan_for(self, seed)

    def experiment(self, plan: Plan) -> Experiment:
        """A plan with the code that its names stand for."""
        module, _, attribute = self.make.partition(":")
        made: Experiment = getattr(import_module(module), attribute)(plan)
        return made

    def folder(self, runs: Path, plan: Plan, signature: str) -> Path:
        """A new folder, named after the moment and the plan."""
        return new_folder(runs, plan)


def target_name(cell: str) -> str:
    """The name of the target that a cell hunts in."""
    return cell.partition(" (")[0]


def target_of(
    system: System,
    *,
    name: str | None = None,
    bug: str | None = None,
    workloads: Sequence[str] = (),
    faults: Sequence[str] = ("all",),
) -> Target:
    """What is hunted in when a system is named, and perhaps a bug, workloads and faults.

    Args:
        system: the system.
        name: what plans call it, by which a worker finds it again; its own name, unless given.
        bug: a planted bug of it.
        workloads: these alone; all that fit, unless given.
        faults: kinds of faults to draw from; ``all`` has those that the system's claims speak of.
    """
    asked = [
        *([f"workloads {', '.join(workloads)}"] if workloads else []),
        *([f"faults {', '.join(faults)}"] if tuple(faults) != ("all",) else []),
    ]
    claims = system.claims
    if "all" in faults and claims is not None:
        faults = (*faults, *claims.kinds, *claims.notices)
    return Target(
        name or system.name,
        tuple(workloads) or system.workloads,
        system.nodes,
        bug,
        tuple(faults),
        tuple(system.sizes),
        system.claims,
        system.knobs,
        "; ".join(asked),
        shares={name: _shares(system, name) for name in workloads or system.workloads},
    )


def _shares(system: System, workload: str) -> dict[str, float]:
    """The options of a workload that are shares of what this system's client does."""
    kind = WORKLOADS.named(workload)
    settled = kind.workload(system.client, consistency=system.consistency).options
    return {
        option.name: settled[option.name]
        for option in kind.options
        if option.most == 1 and isinstance(option.default, float) and settled[option.name]
    }


def plan_for(target: Target, seed: int) -> Plan:
    """The plan of this seed; the same for the same arguments.

    Raises:
        InvalidPlan: a kind of fault or a workload is unknown.
    """
    plan = Plan(
        target.system,
        target.workloads[seed % len(target.workloads)],
        bug=target.bug,
        seed=seed,
        nodes=nodes_for(target.nodes, target.sizes, seed),
        clients=drawn_by(seed, "clients").choice((2, 3, 5, 5, 8)),
        time_limit=drawn_by(seed, "time").choice((4.0, 6.0, 10.0, 10.0, 15.0)),
        rate=round(log_uniform_by(seed, "rate", 8.0, 80.0), 1),
    )
    shares = target.shares.get(plan.workload, {})
    kinds = kinds_for(target.faults, target.claims, seed)
    options = {**options_for(plan.workload, seed, plan.time_limit), **mixed(shares, seed)}
    losing, copying = is_losing_power(kinds), copies_all_along(target.faults, target.claims, seed)
    if kinds == "none":  # nothing excuses a failure then
        copying = []
    hasty = (losing or bool(copying)) and drawn_by(seed, "hasty").random() < HASTY
    if hasty:
        options["network"] = network_by(seed, "far", *FAR_S)
    if losing:
        latency = log_uniform_by(seed, "slow fsync", *SLOW_DISKS_S)
        options["disk"] = {"fsync_latency": rounded(latency)}
    if losing or hasty or is_in_a_state(kinds):
        plan = plan.with_(rate=round(log_uniform_by(seed, "rate", *BUSY), 1))
    plan = plan.with_(options={**options, **settings_for(target.knobs, seed, bool(copying))})
    within = target.claims if drawn_by(seed, "regime").random() < SURVIVABLE else None
    density = 2 * DENSITY if losing else _density(kinds, seed)
    plan = draw(plan, kinds, within=within, density=density)
    if hasty:
        plan = hastily(plan, RESTARTS)
    elif losing:
        plan = briefly(plan, POWER_LOSS)
    plan = unmended(plan)
    longer = LASTING if is_in_a_state(kinds) and not losing else PROLONGED
    if not hasty and drawn_by(seed, "prolonged").random() < longer:
        plan = prolonged(plan, survivable=within is not None)
    if drawn_by(seed, "together").random() < TOGETHER:
        plan = coinciding(plan, survivable=within is not None)
    if drawn_by(seed, "triggers").random() < TRIGGERS:
        survivable = within is not None
        plan = plan.with_(faults=tuple(_waiting(each, plan, survivable) for each in plan.faults))
    if losing and drawn_by(seed, "at the disk").random() < AT_THE_DISK:
        counted = within is not None and within.max_down != "all"
        plan = plan.with_(faults=tuple(_at_the_disk(each, plan, counted) for each in plan.faults))
    return resent(plan, copying, hasty=hasty, within=within) if copying else plan


def _waiting(fault: Fault, plan: Plan, survivable: bool) -> Fault:
    """The fault, which perhaps waits for something to happen from its time on.

    Within a system's claims none waits that takes servers down: nobody knows for sure then how many
    are down at once.
    """
    kind, rng = named(fault.kind), drawn_by(plan.seed, f"trigger {fault.id}")
    toss, event = rng.random(), rng.choice(_EVENTS)
    most = _OFTEN if event in MACHINE else _SELDOM
    count = int(exp(rng.uniform(0.0, log(most))))
    node, itself = rng.choice((None, *plan.servers)), rng.random() < 0.6
    every = rng.random() < EVERY
    unfit = kind.composite or kind.permanent or kind.strikes != "servers"
    if toss >= 0.5 or unfit or (survivable and kind.nodes_down):
        return fault
    if event == ACKNOWLEDGED:
        return replace(fault, when=When(event, None, count, every))
    target = ITSELF if itself else fault.target
    if event in MESSAGES and drawn_by(plan.seed, f"rare {fault.id}").random() < RARELY:
        event = RARELY_SENT
    return replace(fault, when=When(event, node, count, every), target=target)


def _at_the_disk(fault: Fault, plan: Plan, counted: bool) -> Fault:
    """The fault; a power loss perhaps waits until something is ahead of what it may rest on.

    Not where it is `counted` how many servers are down, as for `_waiting`.
    """
    rng = drawn_by(plan.seed, f"at the disk {fault.id}")
    if named(fault.kind).id != POWER_LOSS or counted or rng.random() >= 0.5:
        return fault
    count = int(exp(rng.uniform(0.0, log(_SELDOM))))
    when = When(rng.choice(_AHEAD), rng.choice((None, *plan.servers)), count, rng.random() < EVERY)
    return replace(fault, when=when, target=ITSELF)


def _density(kinds: str | list[str], seed: int) -> float:
    """Most faults of a kind a second: with many kinds at once, few of each leave a system the time
    to do something wrong; a single kind has to come often."""
    most = DENSITY if len(kinds) > NARROW_KINDS else 2 * DENSITY
    return log_uniform_by(seed, "density", most / 10, most)
