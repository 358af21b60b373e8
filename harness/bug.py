"""A planted bug: a system with one thing wrong, and what finds it.

Planted bugs show that the harness sees what it claims to see. Each is a small subclass of the
system as it should be, made from outside; the system itself has no hooks for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from splitbrain.harness.node import ServerFactory


@dataclass(frozen=True, slots=True)
class Bug:
    """One planted bug.

    Attributes:
        id: its name in the catalogue, e.g. ``CON-01``.
        system: the system's registered name.
        title: what is wrong, in one line.
        server: the system with the bug.
        workload: the workload that shows it.
        faults: the kinds of faults that provoke it, by catalogue id.
        nodes: how many servers it takes.
        seeds: the budget: so many runs under different seeds must find it.
        shows: what it looks like: signatures or kinds of anomalies, any of which is right.
        source: where the bug comes from: paper and section, report, or issue.
    """

    id: str
    system: str
    title: str
    server: ServerFactory
    workload: str
    faults: tuple[str, ...]
    nodes: int
    seeds: int
    shows: tuple[str, ...]
    source: str
