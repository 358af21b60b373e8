"""What there is, as tables: systems, workloads, faults, checkers, planted bugs, grounds."""

from __future__ import annotations

from splitbrain.checkers.registry import CHECKERS
from splitbrain.harness.ground import GROUNDS
from splitbrain.harness.nemesis.catalogue import every_kind
from splitbrain.harness.workloads import WORKLOADS
from splitbrain.systems import registry

Table = tuple[list[str], list[list[str]]]
"""Headers and rows."""


def catalogue(what: str) -> Table:
    """The table of ``systems``, ``workloads``, ``faults``, ``checkers``, ``bugs``, ``grounds``."""
    return {
        "systems": _systems,
        "workloads": _workloads,
        "faults": _faults,
        "checkers": _checkers,
        "bugs": _bugs,
        "grounds": _grounds,
    }[what]()


def _systems() -> Table:
    rows = [[s.name, s.form, s.title, ", ".join(s.workloads)] for s in registry.SYSTEMS.values()]
    return ["system", "form", "what", "workloads"], rows


def _workloads() -> Table:
    rows = [
        [name, ", ".join(option.name for option in kind.options), kind.description]
        for name, kind in WORKLOADS.items()
    ]
    return ["workload", "options", "what"], rows


def _faults() -> Table:
    rows = [[kind.id, ", ".join(kind.aliases), kind.description] for kind in every_kind()]
    return ["fault", "also", "what"], rows


def _checkers() -> Table:
    return ["model", "what"], [[name, entry.description] for name, entry in CHECKERS.items()]


def _grounds() -> Table:
    rows = [
        [name, "yes" if ground.deterministic else "no", ", ".join(ground.faults)]
        for name, ground in GROUNDS.items()
    ]
    return ["ground", "deterministic", "faults"], rows


def _bugs() -> Table:
    rows = [
        [b.id, s.name, b.title, f"{b.workload}; {', '.join(b.faults)}; {b.seeds} seeds"]
        for s, b in registry.bugs().values()
    ]
    return ["bug", "system", "what is wrong", "found by"], rows
