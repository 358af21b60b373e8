"""The faults there are, by name, with what each takes.

Names are ``family.verb``, as in the literature's catalogues of faults (Jepsen, FoundationDB's
simulator, TigerBeetle's VOPR): ``process.kill``, ``net.partition``, ``clock.bump``. People may also
write an alias (``partition``), a family (``clock``), ``all``, or several with commas in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.plan import Fault, InvalidPlan

GROUPS = ("one", "leader", "followers", "minority", "majority", "all")
"""Targets that are resolved when a fault starts; besides, there are servers' names (``n1,n3``)."""

WHOEVER_LEADS = ("one", "leader")
"""What may stand as the target of a scenario, which chooses its victims itself."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """An option of a kind of fault: a number between two bounds, or one of several words.

    Attributes:
        name: the option's name in ``Fault.options``.
        default: its value if the fault doesn't give it.
        description: what it means, with its unit.
        low: least value of a number.
        high: greatest value of a number.
        choices: the words allowed; empty for a number.
    """

    name: str
    default: float | str
    description: str
    low: float = 0.0
    high: float = float("inf")
    choices: tuple[str, ...] = ()

    def problem(self, value: Any) -> str | None:
        """What is wrong with `value`, or None."""
        if self.choices:
            return None if value in self.choices else f"it is one of {', '.join(self.choices)}"
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            return "it is a number"
        if not self.low <= value <= self.high:
            return f"it lies between {self.low:g} and {self.high:g}"
        return None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault.

    Attributes:
        id: its name, ``family.verb``.
        description: what happens, in a sentence or two.
        aliases: shorter names that people may write.
        parameters: its options.
        targets: the groups it can strike (`GROUPS`).
        nodes_down: True if processes that it strikes end, and stay away until the fault ends.
        lasting: True if, with a duration of 0, it stays until everything is healed.
    """

    id: str
    description: str
    aliases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    targets: tuple[str, ...] = GROUPS
    nodes_down: bool = False
    lasting: bool = False

    @property
    def family(self) -> str:
        """What it disturbs: ``process``, ``net``, ``clock``; or ``scenario`` for a composite."""
        return self.id.partition(".")[0]

    @property
    def names_own_targets(self) -> bool:
        """Whether it takes its victims as they come rather than from the fault's target."""
        return self.family == "scenario"


_SCOPE = Parameter(
    "scope",
    "all",
    "which of the targets' links: those to other servers, or those to clients too",
    choices=("all", "servers"),
)

KINDS: tuple[Kind, ...] = (
    Kind(
        "process.kill",
        "The process dies at once and starts again when the fault ends; its page cache survives.",
        aliases=("kill", "crash"),
        nodes_down=True,
    ),
    Kind(
        "process.power_loss",
        "The machine loses power: process and unsynced writes are gone. It starts again when the "
        "fault ends.",
        aliases=("power-loss", "power_loss", "poweroff"),
        parameters=(
            Parameter(
                "policy",
                "drop_unsynced",
                "what is left of unsynced writes",
                choices=("drop_unsynced", "keep_prefix", "any_subset"),
            ),
        ),
        nodes_down=True,
    ),
    Kind(
        "process.pause",
        "The process stands still, as in a long garbage collection or under SIGSTOP, and goes on "
        "when the fault ends.",
        aliases=("pause",),
    ),
    Kind(
        "net.partition",
        "Servers on different sides don't hear of each other; clients reach every server.",
        aliases=("partition",),
        parameters=(
            Parameter(
                "shape",
                "halves",
                "halves: the targets and others up to a minority, against the rest; one: a single "
                "target against the rest; leader: the leader against the rest; majorities-ring: "
                "every server sees a majority, no two the same one",
                choices=("halves", "one", "leader", "majorities-ring"),
            ),
        ),
    ),
    Kind(
        "net.partition_oneway",
        "What the targets send to other servers is lost, or what these send to them; the other "
        "direction works.",
        aliases=("oneway", "partition-oneway", "partition_oneway"),
        parameters=(
            Parameter(
                "direction",
                "out",
                "what is lost: what the targets send (out) or what is sent to them (in)",
                choices=("out", "in"),
            ),
        ),
    ),
    Kind(
        "net.latency",
        "Every message on the targets' links takes longer, by an exponentially distributed time.",
        aliases=("latency", "delay"),
        parameters=(
            Parameter("delay", 0.05, "mean of the additional delay, in seconds", high=60.0),
            _SCOPE,
        ),
    ),
    Kind(
        "net.loss",
        "Each message on the targets' links is lost with some probability.",
        aliases=("loss",),
        parameters=(Parameter("probability", 0.1, "of losing a message", high=1.0), _SCOPE),
    ),
    Kind(
        "net.duplicate",
        "Each message on the targets' links arrives twice with some probability.",
        aliases=("duplicate",),
        parameters=(
            Parameter("probability", 0.1, "of delivering a message twice", high=1.0),
            # A client's request that arrives twice asks more of a system than a datagram network
            # between servers does: that it knows requests again. Whoever claims it can ask for it.
            Parameter("scope", "servers", _SCOPE.description, choices=_SCOPE.choices),
        ),
    ),
    Kind(
        "clock.bump",
        "The wall clock jumps, and back when the fault ends (with duration 0, when all is healed).",
        aliases=("clock-jump", "clock_jump", "bump"),
        parameters=(Parameter("offset", 1.0, "seconds, negative for backwards", -1e6, 1e6),),
        lasting=True,
    ),
    Kind(
        "clock.drift",
        "Wall clock and monotonic clock run at a wrong rate.",
        aliases=("clock-drift", "clock_drift", "drift"),
        parameters=(Parameter("rate", 1.5, "local seconds a true second", 0.01, 100.0),),
    ),
    Kind(
        "scenario.figure8",
        "Figure 8 of the Raft paper, again and again: a leader's entries reach few, it goes; the "
        "next leader's reach nobody, it goes; the first returns, replicates its old entry, goes; "
        "the second returns.",
        aliases=("figure8", "figure-8"),
        parameters=(
            Parameter("delay", 0.1, "typical time a leader is left alone, in seconds", 0.001, 60.0),
            Parameter("patience", 1.5, "seconds to wait for a leader", 0.01, 600.0),
            Parameter(
                "means",
                "mixed",
                "how a leader goes: killed, cut off from all servers, or either by lot",
                choices=("mixed", "kill", "isolate"),
            ),
        ),
        targets=WHOEVER_LEADS,
        nodes_down=True,
    ),
    Kind(
        "scenario.rollback",
        "The leader is cut off from the other servers while clients still reach it, until another "
        "has led for a while; then it returns, with what it took in. Repeated.",
        aliases=("rollback",),
        parameters=(
            Parameter("linger", 0.3, "typical time that two lead at once, in seconds", 0.001, 60.0),
        ),
        targets=WHOEVER_LEADS,
    ),
    Kind(
        "scenario.split_vote_storm",
        "Messages between servers are slow, so that several candidates stand in one term; whenever "
        "one is elected, some of the others restart at once, and the leader a while later.",
        aliases=("split-vote-storm", "split_vote_storm"),
        parameters=(
            Parameter("delay", 0.1, "mean additional delay of messages, in seconds", 0.001, 60.0),
            Parameter("tenure", 0.1, "typical time a leader leads, in seconds", 0.001, 60.0),
        ),
        targets=WHOEVER_LEADS,
        nodes_down=True,
    ),
)

BY_ID: Mapping[str, Kind] = {kind.id: kind for kind in KINDS}

FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(kind.family for kind in KINDS))

_FAMILY_ALIASES = {"network": "net", "scenarios": "scenario", "processes": "process"}


def resolve(names: str | Iterable[str | Kind]) -> tuple[Kind, ...]:
    """The kinds that people mean by e.g. ``"partition,clock"``, in the catalogue's order.

    A name is an id, an alias, a family, ``all`` or ``none``.

    Raises:
        InvalidPlan: a name means nothing; the message gives the nearest ones.
    """
    parts = names.split(",") if isinstance(names, str) else names
    chosen: list[str] = []
    for part in parts:
        chosen += [part.id] if isinstance(part, Kind) else _meaning(part.strip())
    return tuple(kind for kind in KINDS if kind.id in chosen)


def _meaning(name: str) -> list[str]:
    if name in ("", "none"):
        return []
    if name == "all":
        return [kind.id for kind in KINDS]
    family = _FAMILY_ALIASES.get(name, name)
    meant = [k.id for k in KINDS if name == k.id or name in k.aliases or family == k.family]
    if not meant:
        words = [w for k in KINDS for w in (k.id, *k.aliases)] + [*FAMILIES, "all", "none"]
        raise InvalidPlan(
            f"unknown fault {name!r}: {suggestion(name, words)} "
            f"(families: {', '.join(FAMILIES)}, or all)"
        )
    return meant


def check_fault(fault: Fault, servers: Sequence[str]) -> tuple[Kind, dict[str, Any]]:
    """The fault's kind and its options, defaults filled in.

    Raises:
        InvalidPlan: the fault can't be performed on these servers, and why.
    """
    kind, options = check_form(fault)
    for name in [] if fault.target in GROUPS else fault.target.split(","):
        if name not in servers:
            raise InvalidPlan(
                f"{_label(fault)}: target {fault.target!r} names no server of this plan: "
                f"give one of {', '.join(servers)}, or {', '.join(kind.targets)}"
            )
    return kind, options


def check_form(fault: Fault) -> tuple[Kind, dict[str, Any]]:
    """As `check_fault`, before it is known which servers there are.

    Raises:
        InvalidPlan: kind, times, options or target make no sense, and why.
    """
    kind = BY_ID.get(fault.kind)
    if kind is None:
        raise InvalidPlan(
            f"{_label(fault)}: there is no such kind of fault: "
            f"{suggestion(fault.kind, [kind.id for kind in KINDS])}"
        )
    for name in ("at", "duration"):
        value = getattr(fault, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise InvalidPlan(f"{_label(fault)}: {name} is {value!r}: give seconds as a number")
        if value < 0:
            raise InvalidPlan(f"{_label(fault)}: {name} is {value}: it can't be negative")
    if fault.target not in kind.targets and (fault.target in GROUPS or kind.names_own_targets):
        raise InvalidPlan(
            f"{_label(fault)}: it can't strike {fault.target!r}: give {', '.join(kind.targets)}"
        )
    return kind, _check_options(fault, kind)


def _check_options(fault: Fault, kind: Kind) -> dict[str, Any]:
    parameters = {parameter.name: parameter for parameter in kind.parameters}
    for name, value in fault.options.items():
        if name not in parameters:
            known = f"it has {', '.join(parameters)}" if parameters else "it has none"
            raise InvalidPlan(f"{_label(fault)}: unknown option {name!r}: {known}")
        problem = parameters[name].problem(value)
        if problem is not None:
            raise InvalidPlan(f"{_label(fault)}: option {name} is {value!r}: {problem}")
    return {name: p.default for name, p in parameters.items()} | dict(fault.options)


def _label(fault: Fault) -> str:
    return f"fault {fault.id or '(unnamed)'} ({fault.kind})"
