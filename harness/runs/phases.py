"""The phases of a run, on any ground: load, heal, settle, final reads.

    load ------------> heal --> settle ------> final --> done
    clients invoke,     all      no faults,    every     checkers judge
    faults strike       faults   no clients    replica   the recorded history
                        end                    is read

Healing, settling and final reads happen by themselves: what was acknowledged must be readable in
the end, and replicas that are connected and idle must become equal. The load ends at the plan's
time limit, or earlier when the workload has nothing more to invoke and every fault has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, nextafter
from typing import Any

from splitbrain.checkers.vocabulary import (
    COST,
    DONE,
    FINAL,
    GOALS,
    HEAL,
    LOAD,
    PHASE,
    REST,
    SETTLE,
    TRAFFIC,
)
from splitbrain.harness.generators import time_limit, validate
from splitbrain.harness.generators.base import Generator
from splitbrain.harness.generators.lists import listed
from splitbrain.harness.ground import (
    Counting,
    Listening,
    Turn,
    Turning,
    World,
    ground_named,
)
from splitbrain.harness.invariants import Watch
from splitbrain.harness.nemesis.holds import Loads, Requests
from splitbrain.harness.nemesis.nemesis import Nemesis
from splitbrain.harness.nemesis.versions import Versions
from splitbrain.harness.node import Node, Program
from splitbrain.harness.plan import Fault
from splitbrain.harness.plan_options import follows, operation_timeout
from splitbrain.harness.runs.clients import Clients
from splitbrain.harness.runs.finals import Finals, longest_seconds
from splitbrain.harness.runs.interruption import interruptible
from splitbrain.harness.runs.judging import must_answer
from splitbrain.harness.runs.recorder import Recorder, Sink
from splitbrain.harness.runs.refusals import check_recordable
from splitbrain.harness.runs.rest import measurement
from splitbrain.harness.workloads.workload import Experiment

SETTLE_SECONDS = 3.0
"""Virtual seconds without faults and load before the final reads."""

QUARTERS = 4
"""Parts of an undisturbed load whose costs are compared."""

Progress = Callable[[float, str], None]
"""Called now and then with the fraction of virtual time that has passed, and the phase."""


def _latest_end(fault: Fault) -> float:
    """When a fault is over at the latest; one that waits for something may begin at any time."""
    return inf if fault.when is not None else fault.at + fault.duration


def load_of(experiment: Experiment) -> Generator:
    """The operations to invoke under load: the plan's own, or else the workload's."""
    plan = experiment.plan
    if plan.operations is None:
        return validate(time_limit(plan.time_limit, experiment.workload.generator(plan)))
    check_recordable(plan.operations)
    return time_limit(plan.time_limit, listed(plan.operations, plan.clients, follows(plan)))


class Phases:
    """A world with clients, nemesis and recorder, and the phases of a run."""

    def __init__(self, experiment: Experiment, world: World, sink: Sink | None) -> None:
        plan = experiment.plan
        self.plan = plan
        self.world = world
        self.workload = experiment.workload
        self._must_answer = must_answer(experiment)
        self.recorder = Recorder(lambda: world.now, sink)
        world.on_announcement = self.recorder.announcement
        world.on_nemesis = self.recorder.nemesis
        self.servers: dict[str, Any] = {}
        self._costs: list[dict[str, Any]] = []
        versions = Versions(experiment.configured)
        for name in plan.servers:
            peers = tuple(other for other in plan.servers if other != name)
            world.add_server(name, self._program(versions), peers)
        if isinstance(world, Listening):
            world.open_ports(getattr(experiment.server, "ports", ()))
        loads, requests = Loads(), Requests(self.workload.offers(plan))
        self.clients = Clients(
            world,
            self.recorder,
            self.workload,
            load_of(experiment),
            plan.clients,
            timeout=operation_timeout(plan),
            loads=loads,
            requests=requests,
        )
        self.nemesis = Nemesis(plan.faults, world.control, versions, loads, requests)
        if any(fault.when is not None for fault in plan.faults):
            self.recorder.on_ok = self.nemesis.acknowledged
        self.recorder.on_invoke = self.nemesis.invoked
        self.phase = LOAD
        self._watch: Watch | None = None
        if experiment.invariants is not None:
            self._watch = Watch(experiment.invariants(), self.servers, self._breached)
            world.on_step = self._watch.stepped

    def _program(self, versions: Versions) -> Program:
        async def program(node: Node) -> None:
            server = self.servers[node.name] = versions.server(node.name)(node)
            await server.run()

        return program

    def turn_after(self, turn: Turn) -> None:
        """Have the run go on otherwise from a moment on."""
        world = self.world
        assert isinstance(world, Turning), f"{self.plan.ground} has no other continuations"

        def turned() -> None:
            self.nemesis.rest()
            world.turn(turn.number)

        self.world.at(nextafter(turn.after, inf), turned)

    def _breached(self, name: str, f: str, told: Mapping[str, Any]) -> None:
        """An invariant is broken: the run ends here, where the cause is near."""
        self.world.trace.add(self.world.now, f, name, told)
        self.recorder.announcement(name, f, told)
        self.world.stop()

    def drive(self, progress: Progress) -> None:
        """All phases, from boot to the last final read."""
        world, expected = self.world, self.plan.time_limit + SETTLE_SECONDS
        with interruptible(world.stop) as interruption:

            def watch() -> None:
                world.trace.flush()
                interruption.check()
                progress(min(0.99, world.now / expected), self.phase)

            world.run(self._begin, watch, every=max(0.5, expected / 100))
        progress(1.0, DONE)

    def _begin(self) -> None:
        self._enter(LOAD)
        self.world.disturb(self.nemesis.schedule, self._start)

    def _start(self) -> None:
        self.clients.start(self._exhausted)
        self.world.at(self.plan.time_limit, self._heal)
        if not self.plan.faults:
            for quarter in range(QUARTERS):
                self.world.at(self.plan.time_limit * quarter / QUARTERS, self._measure_costs)

    def _enter(self, phase: str) -> None:
        self.phase = phase
        self.recorder.nemesis(PHASE, phase)

    def _exhausted(self) -> None:
        """The workload has nothing more to invoke: heal once the last fault is over."""
        over = max(map(_latest_end, self.plan.faults), default=0.0)
        if over < self.plan.time_limit:
            self.world.at(over, self._heal)

    def _heal(self) -> None:
        if self.phase != LOAD:
            return
        self.clients.stop()
        self._measure_costs()
        if len(self._costs) == QUARTERS + 1:  # the load lasted to its end
            self.recorder.nemesis(COST, self._costs)
        if isinstance(self.world, Counting):
            self.recorder.nemesis(TRAFFIC, dict(self.world.traffic()))
        self._enter(HEAL)
        self.world.disturb(self.nemesis.heal, self._settle)

    def _settle(self) -> None:
        self._enter(SETTLE)
        after = self.world.after
        self._measure()
        for second in range(1, int(SETTLE_SECONDS) + 1):
            after(second, self._measure)
        after(SETTLE_SECONDS, lambda: self.clients.when_idle(self._final))
        # Every operation has a timeout, but a client's code can refuse to be cancelled.
        finals = longest_seconds(self.workload.final(self.plan), self.plan.servers)
        after(SETTLE_SECONDS + self.clients.timeout + finals + 1.0, self._overrun)

    def _measure_costs(self) -> None:
        counted = self.world.count()
        if counted is not None and self.phase == LOAD and not self.plan.faults:
            costs = measurement(counted, self.servers)
            self._costs.append({"time": round(self.world.now * 1e9), **costs})

    def _measure(self) -> None:
        counted = self.world.count()
        if counted is not None:
            self.recorder.nemesis(REST, measurement(counted, self.servers))

    def _final(self) -> None:
        self._enter(FINAL)
        plan = self.plan
        finals = Finals(
            self.clients,
            self.recorder,
            self.workload.final(plan),
            plan.servers,
            self.nemesis.gone,
            real_time=not ground_named(plan.ground).deterministic,
            now=None if self._must_answer else lambda: self.world.now,
        )
        finals.ask(plan.clients, lambda: self.clients.when_idle(self._done))

    def _overrun(self) -> None:
        if self.phase != DONE:
            self.clients.abandon()
            self._done()

    def _done(self) -> None:
        goals = None if self._watch is None else self._watch.goals()
        if goals is not None:
            self.recorder.nemesis(GOALS, goals)
        self._enter(DONE)
        self.world.stop()
