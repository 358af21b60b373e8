"""Faults that ask for something: an operator's change of the cluster, at a time of the plan's.

The change is an operation of the workload (`splitbrain.harness.workloads.workload.Change`), which
the next client that is free invokes, so that it is on record and judged as all others are. A fault
asks when it begins, and no longer asks when it ends; where the workload or its client offers no
such change it does nothing, and says so. What shrinks is the fault: the operation is not one of the
plan's (`splitbrain.harness.shrinking.descent.listed_operations`).
"""

from __future__ import annotations

from splitbrain.checkers.vocabulary import ASKED
from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.holds import Request
from splitbrain.harness.nemesis.injection import Context, Injection, Prepare, Strike

TIMES = "times"
"""The option of how often a fault asks, where it has one."""


def asking(f: str) -> Prepare:
    """Performs a fault that asks for an operation, as often as its option says."""

    def prepare(context: Context) -> Injection:
        asked: list[Request | None] = []
        times = int(context.options.get(TIMES, 1))

        def begin() -> None:
            asked.extend(context.requests.ask(f, context.rng) for _ in range(times))

        def end() -> Effect:
            requests = [request for request in asked if request is not None]
            for request in requests:
                context.requests.drop(request)
            begun = [each.operation for each in requests if each.operation is not None]
            return {ASKED: begun}

        return Strike((), dict(context.options), begin, end)

    return prepare
