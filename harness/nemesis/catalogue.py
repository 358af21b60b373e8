"""The faults there are, by name, and whether one makes sense.

Names are ``family.verb``, as in the literature's catalogues of faults (Jepsen, FoundationDB's
simulator, TigerBeetle's VOPR): ``process.kill``, ``net.partition``, ``clock.bump``. People may also
write an alias (``partition``), a family (``clock``), ``all`` (but those that must be asked for,
`Kind.by_name`), or several with commas in between.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

from splitbrain.checkers.entries import Entries
from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.nemesis.kind import Kind
from splitbrain.harness.nemesis.kinds import PATHS
from splitbrain.harness.nemesis.targets import GROUPS
from splitbrain.harness.nemesis.triggers import check_servers, check_when
from splitbrain.harness.plan import ITSELF, Fault, InvalidPlan

ENTRIES = Entries("fault", Kind, PATHS, "splitbrain.faults", error=InvalidPlan)
"""Kinds by the name that a plan gives them: an id, or ``package.module:NAME``."""

KINDS: tuple[Kind, ...] = tuple(ENTRIES[name] for name in PATHS)
"""The kinds that come with the harness."""

_FAMILY_ALIASES = {"network": "net", "scenarios": "scenario", "processes": "process"}

_OWN = {kind.id: kind for kind in KINDS}

_words: tuple[object, dict[str, tuple[Kind, ...]]] = (None, {})
"""`_by_word`, and whose entries it was made of."""

_outside: dict[str, Kind] = {}  # other packages' kinds that were asked for, by id


def every_kind() -> tuple[Kind, ...]:
    """Our kinds and those of installed packages.

    Raises:
        InvalidPlan: an installed package's kind cannot be used, and why.
    """
    return (*KINDS, *(named(name) for name in ENTRIES if name not in PATHS))


def named(name: str) -> Kind:
    """The kind that a plan gives this name.

    Raises:
        InvalidPlan: there is none, or it cannot be imported; the message says why.
    """
    kind = _OWN.get(name)
    return kind if kind is not None else _checked(name, ENTRIES.named(name))


def _checked(name: str, kind: Kind) -> Kind:
    """An outside kind, of which we ask that it can be told from others."""
    if _OWN.get(kind.id, kind) is not kind or _outside.setdefault(kind.id, kind) is not kind:
        raise InvalidPlan(f"fault {name!r}: there is another kind with its id {kind.id!r}")
    if ":" not in name and name != kind.id:
        raise InvalidPlan(f"fault {name!r}: the entry point must have the kind's id {kind.id!r}")
    return kind


def known(id: str) -> Kind | None:
    """The kind with this id, if it is at hand: nothing is imported for a name out of a file."""
    return _OWN.get(id) or _outside.get(id)


def plan_name(kind: Kind) -> str:
    """What a plan calls the kind: its id if it is ours or installed, else where it can be imported.

    Raises:
        InvalidPlan: no plan can name it, and so no run could be repeated.
    """
    if _OWN.get(kind.id) is kind:
        return kind.id
    if kind.id in ENTRIES and ENTRIES[kind.id] is kind:
        return kind.id
    for attribute, value in vars(sys.modules[kind.module]).items():
        if value is kind:
            name = f"{kind.module}:{attribute}"
            _checked(name, kind)
            return name
    raise InvalidPlan(
        f"fault {kind.id}: {kind.module} has no global with it: plans name it by "
        "package.module:NAME, so that runs can be repeated"
    )


def resolve(names: str | Iterable[str | Kind]) -> tuple[Kind, ...]:
    """The kinds that people mean by e.g. ``"partition,clock"``, in the catalogue's order.

    A name is an id, an alias, a family, ``all``, ``none``, or ``package.module:NAME``.

    Raises:
        InvalidPlan: a name means nothing; the message gives the nearest ones.
    """
    chosen: dict[str, Kind] = {}
    for part in names.split(",") if isinstance(names, str) else names:
        meant = (part,) if isinstance(part, Kind) else _meaning(part.strip())
        chosen.update((kind.id, kind) for kind in meant)
    ours = [kind for kind in KINDS if kind.id in chosen]
    return (*ours, *(chosen[id] for id in sorted(chosen) if id not in _OWN))


def _by_word() -> Mapping[str, tuple[Kind, ...]]:
    """What each word means, but for the ids of single kinds of ours.

    Looked up some forty times for each plan that a hunt draws.
    """
    global _words
    if _words[0] is not ENTRIES:
        kinds = every_kind()
        usual = {kind.family for kind in kinds if not kind.apart}
        meant: dict[str, list[Kind]] = {}
        for kind in kinds:
            by_family = not kind.apart or kind.family not in usual
            families = (kind.family, *_other_names(kind.family)) if by_family else ()
            for word in dict.fromkeys((kind.id, *kind.aliases, *families)):
                meant.setdefault(word, []).append(kind)
        meant["all"] = [kind for kind in kinds if not (kind.by_name or kind.apart)]
        _words = ENTRIES, {word: tuple(of_it) for word, of_it in meant.items()}
    return _words[1]


def _other_names(family: str) -> list[str]:
    return [name for name, meant in _FAMILY_ALIASES.items() if meant == family]


def _meaning(name: str) -> tuple[Kind, ...]:
    if name in ("", "none"):
        return ()
    if ":" in name:
        return (named(name),)
    if name in _OWN:
        return (_OWN[name],)
    meant = _by_word().get(name)
    if meant is None:
        kinds = every_kind()
        families = tuple(dict.fromkeys(kind.family for kind in kinds))
        words = [w for k in kinds for w in (k.id, *k.aliases)] + [*families, "all", "none"]
        raise InvalidPlan(
            f"unknown fault {name!r}: {suggestion(name, words)} "
            f"(families: {', '.join(families)}, or all)"
        )
    return meant


def check_fault(
    fault: Fault, servers: Sequence[str], clients: Sequence[str] = ()
) -> tuple[Kind, dict[str, Any]]:
    """The fault's kind and its options, defaults filled in.

    Raises:
        InvalidPlan: the fault can't be performed on these servers and clients, and why.
    """
    kind, options = check_form(fault)
    if fault.when is not None:
        try:
            check_servers(fault.when, tuple(servers))
        except InvalidPlan as error:
            raise InvalidPlan(f"{_label(fault)}: {error}") from None
    hosts = clients if kind.strikes == "clients" else servers
    for name in [] if fault.target in (*GROUPS, ITSELF) else fault.target.split(","):
        if name not in hosts:
            raise InvalidPlan(
                f"{_label(fault)}: target {fault.target!r} names no {kind.strikes[:-1]} of this "
                f"plan: give one of {', '.join(hosts)}, or {', '.join(kind.targets)}"
            )
    return kind, options


def check_form(fault: Fault) -> tuple[Kind, dict[str, Any]]:
    """As `check_fault`, before it is known which servers there are.

    Raises:
        InvalidPlan: kind, times, options or target make no sense, and why.
    """
    try:
        kind = named(fault.kind)
    except InvalidPlan as error:
        raise InvalidPlan(f"{_label(fault)}: {error}") from None
    for name in ("at", "duration"):
        value = getattr(fault, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise InvalidPlan(f"{_label(fault)}: {name} is {value!r}: give seconds as a number")
        if value < 0:
            raise InvalidPlan(f"{_label(fault)}: {name} is {value}: it can't be negative")
    if fault.when is not None:
        problem = check_when(fault.when, fault.target, kind.composite)
        if problem is not None:
            raise InvalidPlan(f"{_label(fault)}: {problem}")
    if fault.target == ITSELF:
        if fault.when is None or kind.strikes != "servers":
            raise InvalidPlan(f"{_label(fault)}: only what waits for a server can strike itself")
    elif fault.target not in kind.targets and (fault.target in GROUPS or kind.composite):
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
