"""Crash states: after every crash that is possible, anywhere in a short run, a server starts.

    a short run ──► before each change of the disk: all that a crash may leave
                         │
                         ▼ for each of these states
    a new server on it ──► final reads ──► the workload's checkers: is what was acknowledged there?

A run under the fault ``process.power_loss`` meets a few of these states; this meets all of them, as
far as they can be counted (`splitbrain.harness.simulation.disks_after_a_crash`), and says where it
was not all. The idea is that of ALICE (Pillai et al., OSDI 2014) and CrashMonkey (Mohan et al.,
OSDI 2018).

Left out: systems of several servers; a second crash while the server recovers from the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from splitbrain.checkers.history import OK, History, Operation
from splitbrain.checkers.verdict import INVALID, Anomaly, Verdict
from splitbrain.harness.node import Program
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.runs.judging import judge
from splitbrain.harness.runs.running import run
from splitbrain.harness.simulation.disk import PendingSync, SimulatedDisk
from splitbrain.harness.simulation.disks_after_a_crash import State, crash_states
from splitbrain.harness.simulation.ground import Simulation
from splitbrain.harness.simulation.platter import Fate
from splitbrain.harness.simulation.trace import Trace
from splitbrain.harness.simulation.world import World
from splitbrain.harness.streams import stream
from splitbrain.harness.workloads.workload import Experiment

MOST = 2_000
"""The most states of one moment that are tried, unless told otherwise."""

AFTERWARDS = 10_000_000
"""Added to the numbers of the processes that read after the crash."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Failure:
    """A state from which the system does not recover.

    Attributes:
        at: the last moment at which a crash may leave it, in virtual seconds.
        state: the files.
        verdicts: what is wrong.
    """

    at: float
    state: State
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Explored:
    """What came of all crash states.

    Attributes:
        states: how many different ones were tried.
        moments: at how many moments.
        bounded: at how many of these there were more.
        failures: those that are not right.
    """

    states: int
    moments: int
    bounded: int
    failures: tuple[Failure, ...]

    def __str__(self) -> str:
        some = f"{self.states:,} crash states at {self.moments:,} moments"
        if self.failures:
            said = f"{len(self.failures):,} of {some} do not recover"
        else:
            said = f"all {some} recover"
        if self.bounded:
            said += f" (at {self.bounded:,} moments there are more, which were not tried)"
        return said


def explore(
    experiment: Experiment, *, most: int = MOST, progress: Progress | None = None
) -> Explored:
    """Crash an experiment everywhere.

    Args:
        experiment: its plan has one server and no faults.
        most: the most states of one moment that are tried.
        progress: told how far it is.

    Raises:
        InvalidPlan: the plan has several servers, or faults.
    """
    plan = experiment.plan
    if plan.nodes != 1 or plan.faults:
        raise InvalidPlan("crash states are those of one server, without any other faults")
    told = progress or (lambda text: None)
    watched = _Watched(most)
    instant = plan.with_(options={**plan.options, "network": {"latency": [0.0, 0.0], "late": 0.0}})
    changed = experiment.with_plan(instant)
    before = run(changed, ground=watched, tracing=False, sink=watched.recorded)
    failures = []
    for number, (state, (at, events)) in enumerate(watched.states.items()):
        told(f"{number:,} of {len(watched.states):,} crash states")
        if wrong := _wrong(experiment, before.history[:events], dict(state)):
            failures.append(Failure(at, dict(state), wrong))
    return Explored(len(watched.states), watched.moments, watched.bounded, tuple(failures))


def _wrong(
    experiment: Experiment, before: Sequence[Operation], state: State
) -> tuple[Verdict, ...]:
    """What is wrong when a server starts on the state that a crash has left."""
    idle = experiment.plan.with_(operations=(), time_limit=0.001, clients=1)
    after = run(experiment.with_plan(idle), ground=_Restored(state), tracing=False)
    own = [v for v in after.verdicts if v.checker in ("progress", "unhandled-exceptions")]
    own += _silence(after.history)
    judged = judge(_joined(before, after.history), experiment.workload.checkers)
    return tuple(verdict for verdict in (*judged, *own) if verdict.validity is INVALID)


def _silence(after: History) -> list[Verdict]:
    """A verdict if nothing can be read after the crash."""
    events = [event for event in after if type(event.process) is int]
    if any(event.type == OK for event in events):
        return []
    why = next((event.error for event in events if event.error), "nobody answers")
    said = f"nothing can be read after the crash: {why}"
    return [Verdict("recovers", INVALID, said, (Anomaly("not-recovered", said),))]


def _joined(before: Sequence[Operation], after: History) -> History:
    """One history: what clients saw up to the crash, and what they read afterwards."""
    events = [event for event in before if type(event.process) is int]
    shift = events[-1].time + 1 if events else 0
    for event in after:
        if type(event.process) is int:
            moved = replace(event, process=event.process + AFTERWARDS, time=event.time + shift)
            events.append(moved)
    return History.from_operations(
        replace(event, index=index) for index, event in enumerate(events)
    )


class _WatchedDisk(SimulatedDisk):
    """A disk that tells before it changes."""

    def __init__(self, seed: int, tell: Callable[[_WatchedDisk], None]) -> None:
        super().__init__(stream(seed, "disk", "watched"))
        self._tell = tell

    def write(self, path: str, offset: int, data: bytes) -> int:
        self._tell(self)
        return super().write(path, offset, data)

    def append(self, path: str, data: bytes) -> int:
        self._tell(self)
        return super().append(path, data)

    def truncate(self, path: str, size: int) -> None:
        self._tell(self)
        super().truncate(path, size)

    def rename(self, old: str, new: str) -> None:
        self._tell(self)
        super().rename(old, new)

    def remove(self, path: str) -> None:
        self._tell(self)
        super().remove(path)

    def end_sync(self, pending: PendingSync, fate: Fate | None = None) -> None:
        self._tell(self)
        super().end_sync(pending, fate)


class _OtherDisk(World):
    """A world whose server has a disk of another make."""

    disk_of: Callable[[World], SimulatedDisk]

    def add_server(self, name: str, program: Program, peers: tuple[str, ...]) -> None:
        """See `World.add_server`."""
        super().add_server(name, program, peers)
        self.hosts[name].disk = self.disk_of(self)


def _world(plan: Plan, trace: Trace, disk_of: Callable[[World], SimulatedDisk]) -> World:
    made = Simulation().world(plan, trace)
    made.__class__ = _OtherDisk
    made.disk_of = disk_of  # type: ignore[attr-defined]
    return made


@dataclass
class _Watched(Simulation):
    """Notes what a crash may leave before each change of the disk, when it last may, and how many
    events the history has then."""

    most: int
    states: dict[tuple[tuple[str, bytes], ...], tuple[float, int]] = field(default_factory=dict)
    moments: int = 0
    bounded: int = 0
    events: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def world(self, plan: Plan, trace: Trace) -> Any:
        """See `splitbrain.harness.ground.Ground.world`."""

        def disk_of(world: World) -> SimulatedDisk:
            return _WatchedDisk(plan.seed, lambda disk: self._note(disk, world.now))

        return _world(plan, trace, disk_of)

    def _note(self, disk: SimulatedDisk, now: float) -> None:
        found = crash_states(disk.directory, self.most)
        self.moments += 1
        self.bounded += not found.complete
        for state in found.states:
            self.states[tuple(sorted(state.items()))] = (now, self.events)

    def recorded(self, event: Operation) -> None:
        """The history has one event more."""
        self.events += 1


class _Restored(Simulation):
    """Begins on a disk with these files."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state

    def world(self, plan: Plan, trace: Trace) -> Any:
        """See `splitbrain.harness.ground.Ground.world`."""

        def disk_of(world: World) -> SimulatedDisk:
            disk = SimulatedDisk(stream(plan.seed, "disk", "restored"))
            for name, content in self._state.items():
                disk.append(name, content)
                disk.end_sync(disk.begin_sync(name))
            return disk

        return _world(plan, trace, disk_of)


def sized(state: State) -> str:
    """The files of a state, for people."""
    files: Sequence[str] = [f"{name} ({len(content):,} bytes)" for name, content in state.items()]
    return ", ".join(files) or "no files"
