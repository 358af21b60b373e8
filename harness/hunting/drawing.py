"""A plan from a system's name and a seed: everything that a user would otherwise have to guess.

Each choice draws from a stream of its own, so that adding one leaves the others as they were. The
workloads that fit come in turn; sizes, rates, machines and settings vary, since bugs hide where a
default never goes: an fsync that takes 20 ms shows each acknowledgement before durability, which
one of 1 ms hides. Faults are a swarm (`splitbrain.harness.nemesis.schedule`) of all kinds, now and
then of one to three kinds alone, and sometimes there are none, for then nothing excuses a failure.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from math import exp, floor, log
from pathlib import Path
from typing import Any

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
from splitbrain.harness.knobs import OPTION, Knob
from splitbrain.harness.nemesis.catalogue import named
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.nemesis.schedule import DENSITY
from splitbrain.harness.nemesis.triggers import (
    ACKNOWLEDGED,
    EVENTS,
    MACHINE,
    MESSAGES,
    RARELY_SENT,
)
from splitbrain.harness.plan import ITSELF, Fault, Plan, When
from splitbrain.harness.planning import draw
from splitbrain.harness.regression import REGISTERED, Origin
from splitbrain.harness.runs.folders import new_folder
from splitbrain.harness.streams import stream
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

OTHER_SIZES = 0.3
"""How often a system has another number of servers than it usually has."""

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
    *(event for event in EVENTS if event != RARELY_SENT),
    "fsync-begin",
    "fsync-end",
    "write",
)
_OFTEN, _SELDOM = 100, 10

TURNED_OVER = 0.3
"""How often clients leave keys for others in the course of a run, where a workload has several."""

AGAIN = 0.3
"""How often elements of a set are added again, where a workload can do that."""

WEAKER = 0.4
"""How often readers ask for less than all guarantees of a session, where a workload can do that."""

SKEWED = 0.3
"""How often some keys are taken more often than others, where a workload has several."""

BURSTS = 0.3
"""How often operations come several at a time, with pauses between."""

MIXED = 0.5
"""How often the operations of a workload are mixed in other shares than usual."""

LEAST_SHARE = 0.05

MACHINES = 0.6
"""How often the machines differ from the default ones."""


SETTINGS = 0.7
"""How often some of a system's settings are not the default ones."""

EXTREME = 0.25
"""How often a setting that is drawn is the least or the greatest that it may be: one copy, a log
that is cut at each chance, no patience."""

EXTREME_BY_COPIES = 0.6
"""The same where copies of messages come late all along, and all settings may be other ones."""


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
        nodes=_nodes(target, seed),
        clients=_stream(seed, "clients").choice((2, 3, 5, 5, 8)),
        time_limit=_stream(seed, "time").choice((4.0, 6.0, 10.0, 10.0, 15.0)),
        rate=round(_log_uniform(seed, "rate", 8.0, 80.0), 1),
    )
    shares = target.shares.get(plan.workload, {})
    kinds = kinds_for(target.faults, target.claims, seed)
    options = {**_options(plan.workload, seed, plan.time_limit), **_mixed(shares, seed)}
    losing, copying = is_losing_power(kinds), copies_all_along(target.faults, target.claims, seed)
    if kinds == "none":  # nothing excuses a failure then
        copying = []
    hasty = (losing or bool(copying)) and _stream(seed, "hasty").random() < HASTY
    if hasty:
        least = _rounded(_log_uniform(seed, "far", *FAR_S))
        options["network"] = {"latency": [least, _rounded(4 * least)]}
    if losing:
        latency = _log_uniform(seed, "slow fsync", *SLOW_DISKS_S)
        options["disk"] = {"fsync_latency": _rounded(latency)}
    if losing or hasty or is_in_a_state(kinds):
        plan = plan.with_(rate=round(_log_uniform(seed, "rate", *BUSY), 1))
    plan = plan.with_(options={**options, **_settings(target.knobs, seed, bool(copying))})
    within = target.claims if _stream(seed, "regime").random() < SURVIVABLE else None
    density = 2 * DENSITY if losing else _density(kinds, seed)
    plan = draw(plan, kinds, within=within, density=density)
    if hasty:
        plan = hastily(plan, RESTARTS)
    elif losing:
        plan = briefly(plan, POWER_LOSS)
    plan = unmended(plan)
    longer = LASTING if is_in_a_state(kinds) and not losing else PROLONGED
    if not hasty and _stream(seed, "prolonged").random() < longer:
        plan = prolonged(plan, survivable=within is not None)
    if _stream(seed, "together").random() < TOGETHER:
        plan = coinciding(plan, survivable=within is not None)
    if _stream(seed, "triggers").random() < TRIGGERS:
        survivable = within is not None
        plan = plan.with_(faults=tuple(_waiting(each, plan, survivable) for each in plan.faults))
    return resent(plan, copying, hasty=hasty, within=within) if copying else plan


def _waiting(fault: Fault, plan: Plan, survivable: bool) -> Fault:
    """The fault, which perhaps waits for something to happen from its time on.

    Within a system's claims none waits that takes servers down: nobody knows for sure then how many
    are down at once.
    """
    kind, rng = named(fault.kind), _stream(plan.seed, f"trigger {fault.id}")
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
    if event in MESSAGES and _stream(plan.seed, f"rare {fault.id}").random() < RARELY:
        event = RARELY_SENT
    return replace(fault, when=When(event, node, count, every), target=target)


def _nodes(target: Target, seed: int) -> int:
    rng = _stream(seed, "nodes")
    others = [size for size in (2, 3, 4, 5) if size in target.sizes]
    return rng.choice(others) if others and rng.random() < OTHER_SIZES else target.nodes


def _options(workload: str, seed: int, time_limit: float) -> dict[str, Any]:
    options: dict[str, Any] = {}
    rng = _stream(seed, "keys")
    known = {option.name for option in WORKLOADS.named(workload).options}
    if "keys" in known and rng.random() < 0.7:
        # With one or two, operations meet; of many, some are left alone for a while.
        options["keys"] = rng.choice((1, 1, 2, 3, 5, 12, 30, 30))
    leaving = _stream(seed, "turnover")
    if "turnover" in known and leaving.random() < TURNED_OVER:
        keys = options["keys"] = max(options.get("keys", 0), leaving.choice((6, 12, 30)))
        # The last keys come into use somewhere between the middle of the run and its end.
        options["turnover"] = _rounded(keys / time_limit * leaving.uniform(0.6, 1.2))
    if "again" in known and (toss := _stream(seed, "again")).random() < AGAIN:
        options["again"] = toss.choice((0.1, 0.3, 0.6))
    if "weaker" in known and (toss := _stream(seed, "weaker")).random() < WEAKER:
        options["weaker"] = toss.choice((0.2, 0.5, 1.0))
    if "skew" in known and options.get("keys") != 1 and rng.random() < SKEWED:
        options["skew"] = rng.choice((1.0, 1.0, 2.0, 10.0))
    if (toss := _stream(seed, "burst")).random() < BURSTS:
        options["burst"] = toss.choice((2, 4, 8, 16))
    if _stream(seed, "machines").random() < MACHINES:
        options["disk"] = {"fsync_latency": _rounded(_log_uniform(seed, "fsync", 5e-5, 5e-2))}
        least = _rounded(_log_uniform(seed, "latency", 2e-4, 1e-2))
        options["network"] = {"latency": [least, _rounded(4 * least)]}
    return options


def _mixed(shares: Mapping[str, float], seed: int) -> dict[str, float]:
    """Other shares of a workload's operations: each, and what is left, more or less than usual."""
    rng = _stream(seed, "shares")
    if not shares or rng.random() >= MIXED:
        return {}
    left = max(0.0, 1.0 - sum(shares.values()))
    drawn = [share * exp(rng.gauss(0.0, 0.8)) for share in (left, *shares.values())]
    # An operation that comes once or twice never succeeds, and the run can't be judged.
    weights = [max(weight / sum(drawn), LEAST_SHARE) for weight in drawn]
    # Rounded down, so that together they are never more than one.
    parts = [floor(100 * weight / sum(weights)) / 100 for weight in weights]
    return dict(zip(shares, parts[1:], strict=True))


def _density(kinds: str | list[str], seed: int) -> float:
    """Most faults of a kind a second: with many kinds at once, few of each leave a system the time
    to do something wrong; a single kind has to come often."""
    most = DENSITY if len(kinds) > NARROW_KINDS else 2 * DENSITY
    return _log_uniform(seed, "density", most / 10, most)


def _settings(knobs: Sequence[Knob], seed: int, copying: bool) -> dict[str, Any]:
    """Each setting is drawn or left in a stream of its own; small whole numbers more often.

    Late copies of messages find what is remembered too shortly: with them more are extreme.
    """
    if not copying and _stream(seed, "settings").random() >= SETTINGS:
        return {}
    extreme = EXTREME_BY_COPIES if copying else EXTREME
    drawn: dict[str, float] = {}
    for knob in knobs:
        if _stream(seed, f"set {knob.name}").random() < 0.5:
            value = _log_uniform(seed, f"value {knob.name}", knob.low + 1, knob.high + 1) - 1
            value = min(max(float(f"{value:.2g}"), knob.low), knob.high)
            edge = _stream(seed, f"edge {knob.name}")
            if edge.random() < extreme:
                value = edge.choice((knob.low, knob.high))
            drawn[knob.name] = round(value) if knob.whole else value
    return {OPTION: drawn} if drawn else {}


def _stream(seed: int, name: str) -> random.Random:
    return stream(seed, "hunt", name)


def _log_uniform(seed: int, name: str, low: float, high: float) -> float:
    return exp(_stream(seed, name).uniform(log(low), log(high)))


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")
