"""Crash states: after every crash that is possible, anywhere in a short run, the system starts.

    a short run ──► before each change of a disk: all that a crash may leave
                         │
                         ▼ for each of these states
    servers on it ──► final reads ──► the workload's checkers: is what was acknowledged there?
         │
         └─► before each change of a disk: all that another crash may leave ──► ...

A run under the fault ``process.power_loss`` meets a few of these states; this meets all of them, as
far as they can be counted (`splitbrain.harness.simulation.disks_after_a_crash`), and says where it
was not all. The idea is that of ALICE (Pillai et al., OSDI 2014) and CrashMonkey (Mohan et al.,
OSDI 2018); crashes while a system recovers from one are those of "Torturing Databases for Fun and
Profit" (Zheng et al., OSDI 2014), section 5.

Left out: crashes of some servers while others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from splitbrain.checkers.history import OK, History, Operation
from splitbrain.checkers.verdict import INVALID, Anomaly, Verdict
from splitbrain.harness.crashes.grounds import CrashGround, Disks
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.runs.judging import judge
from splitbrain.harness.runs.running import run
from splitbrain.harness.workloads.workload import Experiment

MOST = 2_000
"""The most states of one moment that are tried, unless told otherwise."""

AFTERWARDS = 10_000_000
"""Added to the numbers of the processes that read after each crash."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Crash:
    """What a crash may leave: the disks, when it last may, and what clients saw before it."""

    at: float
    disks: Disks
    before: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A state from which the system does not recover.

    Attributes:
        at: the last moment at which a crash may leave it, in virtual seconds; of a crash that
            followed another one, since the servers started after that.
        crash: which crash in a row it was, from 1.
        disks: the files of each server.
        verdicts: what is wrong.
    """

    at: float
    crash: int
    disks: Disks
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Explored:
    """What came of all crash states.

    Attributes:
        states: how many different ones were tried, after one crash, after two, and so on.
        moments: at how many moments there were crashes.
        bounded: at how many of these there were more.
        failures: those that are not right.
    """

    states: tuple[int, ...]
    moments: int
    bounded: int
    failures: tuple[Failure, ...]

    def __str__(self) -> str:
        some = f"{sum(self.states):,} crash states at {self.moments:,} moments"
        if self.failures:
            said = f"{len(self.failures):,} of {some} do not recover"
        else:
            said = f"all {some} recover"
        again = (f"{count:,} after crash {n}" for n, count in enumerate(self.states, 1))
        if len(self.states) > 1:
            said += f" ({', '.join(again)})"
        if self.bounded:
            said += f" (at {self.bounded:,} moments there are more, which were not tried)"
        return said


def explore(
    experiment: Experiment, *, most: int = MOST, crashes: int = 1, progress: Progress | None = None
) -> Explored:
    """Crash an experiment everywhere: all its servers at once.

    Args:
        experiment: its plan has no faults.
        most: the most states of one moment that are tried.
        crashes: how many in a row: with 2, each recovery is crashed everywhere, too.
        progress: told how far it is.

    Raises:
        InvalidPlan: the plan has faults.
    """
    plan = experiment.plan
    if plan.faults:
        raise InvalidPlan("crash states are those of a system without any other faults")
    told = progress or (lambda text: None)
    watched = CrashGround(most=most)
    instant = plan.with_(options={**plan.options, "network": {"latency": [0.0, 0.0], "late": 0.0}})
    whole = run(
        experiment.with_plan(instant), ground=watched, tracing=False, sink=watched.recorded
    ).history
    found = {
        disks: _Crash(at, disks, tuple(_of_clients(whole[:events])))
        for disks, (at, events) in watched.states.items()
    }
    waiting = list(found.values())
    states, moments, bounded = [], watched.moments, watched.bounded
    failures: list[Failure] = []
    for crash in range(1, crashes + 1):
        states.append(len(waiting))
        following: dict[tuple[Disks, int], _Crash] = {}
        for number, each in enumerate(waiting):
            told(f"crash {crash}: {number:,} of {len(waiting):,} states")
            ground = CrashGround(each.disks, most if crash < crashes else 0)
            wrong, after = _recovered(experiment, each, ground, crash)
            if wrong:
                failures.append(Failure(each.at, crash, each.disks, wrong))
                continue
            moments, bounded = moments + ground.moments, bounded + ground.bounded
            for disks, (at, events) in ground.states.items():
                seen = _joined(each.before, after[:events], crash)
                following[disks, len(seen)] = _Crash(at, disks, seen)
        waiting = list(following.values())
    return Explored(tuple(states), moments, bounded, tuple(failures))


def _recovered(
    experiment: Experiment, crash: _Crash, ground: CrashGround, number: int
) -> tuple[tuple[Verdict, ...], History]:
    """What is wrong when the system starts on what a crash has left; what is seen of it then."""
    idle = experiment.plan.with_(operations=(), time_limit=0.001, clients=1)
    after = run(experiment.with_plan(idle), ground=ground, tracing=False, sink=ground.recorded)
    own = [v for v in after.verdicts if v.checker in ("progress", "unhandled-exceptions")]
    own += _silence(after.history)
    events = _joined(crash.before, after.history, number)
    judged = judge(History.from_operations(events), experiment.workload.checkers)
    wrong = tuple(verdict for verdict in (*judged, *own) if verdict.validity is INVALID)
    return wrong, after.history


def _silence(after: History) -> list[Verdict]:
    """A verdict if nothing can be read after the crash."""
    events = _of_clients(after)
    if any(event.type == OK for event in events):
        return []
    why = next((event.error for event in events if event.error), "nobody answers")
    said = f"nothing can be read after the crash: {why}"
    asked = [event.index for event in events]
    found = Anomaly("not-recovered", said, tuple(asked), {"why": why})
    return [Verdict("recovers", INVALID, said, (found,))]


def _of_clients(events: Sequence[Operation]) -> list[Operation]:
    return [event for event in events if type(event.process) is int]


def _joined(
    before: Sequence[Operation], after: Sequence[Operation], crash: int
) -> tuple[Operation, ...]:
    """What clients saw up to a crash, and then what they read afterwards, as one."""
    shift = before[-1].time + 1 if before else 0
    moved = (
        replace(event, process=int(event.process) + crash * AFTERWARDS, time=event.time + shift)
        for event in _of_clients(after)
    )
    return tuple(replace(event, index=n) for n, event in enumerate((*before, *moved)))


def sized(disks: Disks) -> str:
    """The files of a state, for people."""
    several = len(disks) > 1
    told = [
        (f"{server}: " if several else "")
        + (", ".join(f"{name} ({len(content):,} bytes)" for name, content in files) or "no files")
        for server, files in disks
    ]
    return "; ".join(told)
