"""Running a plan: its ground makes a world, the run goes through its phases, checkers judge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO

from splitbrain.checkers.history import History
from splitbrain.checkers.verdict import INVALID, UNKNOWN, Validity, Verdict, worst
from splitbrain.harness.ground import (
    Ground,
    Turn,
    check_ground,
    ground_named,
)
from splitbrain.harness.hosttime import seconds, timestamp
from splitbrain.harness.nemesis.catalogue import check_fault
from splitbrain.harness.nemesis.nemesis import with_ids
from splitbrain.harness.plan import Plan
from splitbrain.harness.plan_options import operation_timeout
from splitbrain.harness.runs.judging import checkers_of, judge
from splitbrain.harness.runs.looking import Look
from splitbrain.harness.runs.phases import Phases, Progress, load_of
from splitbrain.harness.runs.recorder import Sink
from splitbrain.harness.runs.refusals import check_server
from splitbrain.harness.runs.sweeping import swept_afterwards
from splitbrain.harness.simulation.trace import Trace
from splitbrain.harness.workloads.workload import Experiment


@dataclass(frozen=True, slots=True)
class Run:
    """A plan that was run: what happened, and what the checkers say of it.

    Attributes:
        plan: the plan.
        history: what clients, nodes and the nemesis recorded.
        verdicts: one for each checker; invalid ones first, the most telling of them before all.
        trace: every event of the simulation (empty if it was not traced).
        virtual_seconds: how much virtual time passed.
        client_bugs: errors that look like mistakes in the client's code, with how often.
        broken: the first of them that no answer of a server excuses, with file and line; None if
            there is none. Such a run is not valid.
        deterministic: whether the ground promises the same run for the same plan.
        started: when it was run, by the real machine's calendar.
        wall_seconds: how long that took.
    """

    plan: Plan
    history: History
    verdicts: tuple[Verdict, ...]
    trace: Trace
    virtual_seconds: float
    client_bugs: dict[str, int] = field(default_factory=dict)
    broken: str | None = None
    deterministic: bool = True
    started: str = ""
    wall_seconds: float = 0.0

    @property
    def validity(self) -> Validity:
        """All verdicts together: invalid over unknown over valid."""
        return worst(self.verdicts)

    @property
    def signature(self) -> str:
        """What makes two failures the same, by the most telling verdict; empty unless invalid."""
        return next((v.signature for v in self.verdicts if v.validity is INVALID), "")


def run(
    experiment: Experiment,
    *,
    sink: Sink | None = None,
    tracing: bool = True,
    trace_file: BinaryIO | None = None,
    progress: Progress | None = None,
    ground: Ground | None = None,
    turn: Turn | None = None,
    look: Look | None = None,
) -> Run:
    """Run an experiment on its plan's ground and judge it.

    Args:
        experiment: what to run.
        sink: called with each event of the history as it is recorded.
        tracing: whether to keep the trace; nothing else changes.
        trace_file: where to write the trace while the run goes on, in place of keeping it in
            memory.
        progress: told how far the run is.
        ground: what to run it on, in place of the plan's.
        turn: let it go on otherwise from some moment on; only where worlds can turn.
        look: what looks at the servers while it runs.

    Raises:
        InvalidPlan: the plan cannot run, as `check_plan` would have said.
        KeyboardInterrupt: Ctrl-C was pressed; `sink` has had every event until then.
    """
    with swept_afterwards():
        return _run(
            experiment,
            sink,
            Trace(recording=tracing, file=trace_file),
            progress or (lambda fraction, phase: None),
            ground or ground_named(experiment.plan.ground),
            turn,
            look,
        )


def _run(
    experiment: Experiment,
    sink: Sink | None,
    trace: Trace,
    progress: Progress,
    chosen: Ground,
    turn: Turn | None,
    look: Look | None,
) -> Run:
    started, start = timestamp(), seconds()
    plan = experiment.plan
    world = chosen.world(plan, trace)
    running = Phases(experiment, world, sink)  # the nemesis has checked the faults by themselves
    check_ground(plan, chosen)
    check_server(experiment)
    if turn is not None:
        running.turn_after(turn)
    if look is not None:
        look.begin(world, running.servers)
    running.drive(progress)
    history = running.recorder.history()
    verdicts = judge(history, checkers_of(experiment))
    return Run(
        plan,
        history,
        (*verdicts, *_of_client(running.clients.broken)),
        world.trace,
        world.now,
        running.clients.bugs,
        running.clients.broken,
        chosen.deterministic,
        started,
        round(max(0.0, seconds() - start), 3),  # the real machine's clock can go back
    )


def _of_client(broken: str | None) -> tuple[Verdict, ...]:
    """What is said of the client's own code: nothing, unless it is broken."""
    if broken is None:
        return ()
    return (Verdict("client", UNKNOWN, f"the client's own code is broken: {broken}"),)


def check_plan(experiment: Experiment) -> None:
    """Find out, without running anything, whether the experiment's plan can run.

    Raises:
        InvalidPlan: it cannot; the message names the fault, operation or option.
    """
    plan = experiment.plan
    for fault in with_ids(plan.faults):
        check_fault(fault, plan.servers, plan.client_hosts)
    check_ground(plan, ground_named(plan.ground))
    check_server(experiment)
    operation_timeout(plan)
    _ = experiment.configured
    load_of(experiment)
