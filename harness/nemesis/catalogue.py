"""The faults there are, by name, and whether one makes sense.

Names are ``family.verb``, as in the literature's catalogues of faults (Jepsen, FoundationDB's
simulator, TigerBeetle's VOPR): ``process.kill``, ``net.partition``, ``clock.bump``. People may also
write an alias (``partition``), a family (``clock``), ``all``, or several with commas in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.nemesis.kind import Kind
from splitbrain.harness.nemesis.kinds import KINDS as KINDS
from splitbrain.harness.nemesis.targets import GROUPS
from splitbrain.harness.plan import Fault, InvalidPlan

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
    if fault.target not in kind.targets and (fault.target in GROUPS or kind.composite):
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
