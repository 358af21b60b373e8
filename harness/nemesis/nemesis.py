"""The nemesis: performs a plan's faults on a world, and puts them on record.

Each fault gives two events of process ``nemesis`` in the history, with the kind's id as ``f``::

    {"id": "f3", "phase": "start", "targets": ["n1"], "detail": {"shape": "one", ...}}
    {"id": "f3", "phase": "stop", ..., "effect": {"messages_dropped": 12}, "observed": true}

A fault that strikes each time that something happens has an id of its own for each strike after the
first: ``f3#2``, ``f3#3``.

What counts is what a fault was *seen* to do: a partition of links that nobody used has an empty
effect and ``observed`` false, and a run whose faults all have none has tested nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from splitbrain.harness.nemesis.catalogue import check_fault
from splitbrain.harness.nemesis.control import Control
from splitbrain.harness.nemesis.holds import Changes, ClockHolds, Loads, ProcessHolds, Requests
from splitbrain.harness.nemesis.injection import Context, Injection, seen
from splitbrain.harness.nemesis.rules import Healing
from splitbrain.harness.nemesis.triggers import ACKNOWLEDGED, Trigger, words
from splitbrain.harness.nemesis.versions import Versions
from splitbrain.harness.plan import ITSELF, Fault, InvalidPlan

MOST_STRIKES = 20
"""How often a fault strikes that waits for the same again and again."""


class Nemesis:
    """Performs faults: `schedule` them before the run, `heal` when load is over.

    Args:
        faults: the faults.
        control: the world's levers.
        versions: which version of its code each server runs; there is one, unless given.
        loads: how often clients are to invoke operations; nobody asks, unless given.
        requests: what faults ask of clients; they offer nothing, unless given.

    Raises:
        InvalidPlan: a fault can't be performed on this world's servers, or two have the same id.
    """

    def __init__(
        self,
        faults: Sequence[Fault],
        control: Control,
        versions: Versions | None = None,
        loads: Loads | None = None,
        requests: Requests | None = None,
    ) -> None:
        self._faults = with_ids(faults)
        self._control = control
        self._processes = ProcessHolds(control)
        self._clocks = ClockHolds(control)
        self._versions = versions or Versions(None)
        self._loads = loads or Loads()
        self._changes = Changes()
        self._requests = requests or Requests()
        self._checked = {
            fault.id: check_fault(fault, control.servers, control.clients) for fault in self._faults
        }
        self._active: dict[str, tuple[Fault, Injection]] = {}
        self._triggers: list[Trigger] = []
        self._healing = Healing()
        self._resting = False

    @property
    def active(self) -> tuple[Fault, ...]:
        """The faults in force, by start."""
        return tuple(fault for fault, _ in self._active.values())

    @property
    def gone(self) -> tuple[str, ...]:
        """The servers that a fault has taken down for good."""
        return self._processes.gone

    def schedule(self) -> None:
        """Put every fault on the world's heap, relative to the start of the run."""
        for fault in self._faults:
            begin = self._start if fault.when is None else self._wait
            self._control.after(max(0.0, fault.at - self._control.now), begin, fault)

    def acknowledged(self) -> None:
        """An operation was acknowledged to a client: some faults wait for that."""
        for trigger in self._triggers:
            trigger.heard(ACKNOWLEDGED, "", None)

    def invoked(self, f: str, process: int) -> None:
        """A client invoked an operation: some faults wait for changes of the cluster."""
        clients = self._control.clients
        self._changes.invoked(f, clients[process % len(clients)])

    def rest(self) -> None:
        """Start nothing more; what is in force ends when its time is up."""
        self._resting = True
        for trigger in self._triggers:
            trigger.stop()

    def heal(self) -> None:
        """Undo everything now, and start nothing more; does nothing the second time.

        Also starts servers that died by themselves, as a supervisor would: what killed them is in
        the history and will be judged.
        """
        if self._healing.done:
            return
        self.rest()
        self._healing.done = True
        for fault in self.active:
            self._stop(fault)
        for name in self._control.servers:
            if not self._control.running(name) and name not in self.gone:
                self._control.start(name)

    def _wait(self, fault: Fault) -> None:
        """Let a fault wait for what it is to follow."""
        if self._resting:
            return
        when = fault.when
        assert when is not None, "a fault without a trigger has a time"
        strikes = 0

        def strike(node: str) -> None:
            nonlocal strikes
            strikes += 1
            struck = replace(fault, target=node) if fault.target == ITSELF else fault
            if strikes > 1:
                struck = replace(struck, id=f"{fault.id}#{strikes}")
                self._checked[struck.id] = self._checked[fault.id]
            self._start(struck)
            if when.every and strikes < MOST_STRIKES:
                self._control.after(fault.duration, trigger.again)
            else:
                trigger.stop()

        trigger = Trigger(when, self._control, strike)
        self._triggers.append(trigger)

    def _start(self, fault: Fault) -> None:
        if self._resting:
            return
        kind, options = self._checked[fault.id]
        rng = self._control.stream("fault", fault.id)
        control = self._control
        hosts = control.clients if kind.strikes == "clients" else control.servers
        context = Context(
            control,
            self._processes,
            self._clocks,
            self._versions,
            self._loads,
            self._changes,
            self._requests,
            fault,
            options,
            rng,
            hosts,
            self._healing,
        )
        injection = kind.prepare(context)
        self._active[fault.id] = (fault, injection)
        self._record(fault, "start", injection)
        injection.begin()
        if fault.duration > 0 or not kind.lasting:
            self._control.after(fault.duration, self._stop, fault)

    def _stop(self, fault: Fault) -> None:
        if fault.id not in self._active:
            return  # healed in the meantime
        _, injection = self._active.pop(fault.id)
        effect = seen(injection.end())
        self._record(fault, "stop", injection, effect=effect, observed=bool(effect))

    def _record(self, fault: Fault, phase: str, injection: Injection, **more: Any) -> None:
        # A copy, since a scenario goes on adding to its detail.
        detail = copy.deepcopy(dict(injection.detail))
        if fault.when is not None:
            detail["when"] = words(fault.when)
        value = {"id": fault.id, "phase": phase, "targets": list(injection.targets)}
        self._control.record(self._checked[fault.id][0].id, {**value, "detail": detail, **more})


def with_ids(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """The faults, those without an id named ``f1``, ``f2``, ... by position.

    Raises:
        InvalidPlan: two faults have the same id.
    """
    named = tuple(
        fault if fault.id else replace(fault, id=f"f{number}")
        for number, fault in enumerate(faults, start=1)
    )
    ids = [fault.id for fault in named]
    for number, name in enumerate(ids, start=1):
        if name in ids[: number - 1]:
            raise InvalidPlan(f"fault {number} of the plan has the id {name!r} of an earlier one")
    return named
