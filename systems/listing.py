"""What there is, as tables: systems, workloads, faults, checkers, planted bugs, grounds.

Each table imports what it lists: faults need neither numpy nor trio.
"""

from __future__ import annotations

Table = tuple[list[str], list[list[str]]]
"""Headers and rows."""


def catalogue(what: str) -> Table:
    """The table of ``systems``, ``settings``, ``workloads``, ``faults``, ``checkers``, ``bugs`` or
    ``grounds``."""
    return {
        "systems": _systems,
        "settings": _settings,
        "workloads": _workloads,
        "faults": _faults,
        "checkers": _checkers,
        "bugs": _bugs,
        "grounds": _grounds,
    }[what]()


def _systems() -> Table:
    from splitbrain.systems import registry

    rows = [[n, s.form, s.title, ", ".join(s.workloads)] for n, s in registry.SYSTEMS.items()]
    return ["system", "form", "what", "workloads"], rows


def _settings() -> Table:
    from splitbrain.systems import registry

    rows = [
        [name, k.name, f"{k.default(s.server):g}", f"{k.low:g} to {k.high:g}", k.meaning]
        for name, s in registry.SYSTEMS.items()
        for k in s.knobs
    ]
    return ["system", "setting", "default", "range", "what"], rows


def _workloads() -> Table:
    from splitbrain.harness.workloads import WORKLOADS

    rows = [
        [name, ", ".join(option.name for option in kind.options), kind.description]
        for name, kind in WORKLOADS.items()
    ]
    return ["workload", "options", "what"], rows


def _faults() -> Table:
    from splitbrain.harness.nemesis.catalogue import every_kind

    rows = [[kind.id, ", ".join(kind.aliases), kind.description] for kind in every_kind()]
    return ["fault", "also", "what"], rows


def _checkers() -> Table:
    from splitbrain.checkers.registry import CHECKERS

    return ["model", "what"], [[name, entry.description] for name, entry in CHECKERS.items()]


def _grounds() -> Table:
    from splitbrain.harness.ground import GROUNDS

    rows = [
        [name, "yes" if ground.deterministic else "no", ", ".join(ground.faults)]
        for name, ground in GROUNDS.items()
    ]
    return ["ground", "deterministic", "faults"], rows


def _bugs() -> Table:
    from splitbrain.systems import registry

    rows = [
        [b.id, s.name, b.title, f"{b.workload}; {', '.join(b.faults)}; {b.seeds} seeds"]
        for s, b in registry.bugs().values()
    ]
    return ["bug", "system", "what is wrong", "found by"], rows
