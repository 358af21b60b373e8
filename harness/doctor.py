"""Is this installation sound? Versions, where packages come from, and a run done twice. And is a
system a function of its plan?

Two installations on one ``sys.path``, or a checkout whose links were not checked out as links, mix
versions; the first thing that would show it is where each package was imported from.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import trio

import splitbrain
from splitbrain.harness.node import Node
from splitbrain.harness.plan import Plan
from splitbrain.harness.processes import pids, vdso
from splitbrain.harness.processes.files import questions, rooms
from splitbrain.harness.processes.network import networks
from splitbrain.harness.searching.elsewhere import Source
from splitbrain.harness.searching.repeating import HASH_SEEDS, Told, repeat
from splitbrain.harness.simulation.trace import first_difference
from splitbrain.harness.simulation.trio_direct import DirectRun
from splitbrain.harness.simulation.trio_hooks import UnsupportedTrio, check_trio
from splitbrain.harness.simulation.trio_runs import GuestRun
from splitbrain.harness.simulation.world import MakeRun, World


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    good: bool
    text: str


def diagnose() -> Iterator[Finding]:
    """Everything that is worth checking, one finding at a time."""
    try:
        yield Finding(
            True, f"splitbrain {version('splitbrain')} on Python {platform.python_version()}"
        )
    except PackageNotFoundError:
        yield Finding(False, "splitbrain is not installed: pip install -e . in its folder")
    home = Path(splitbrain.__path__[0])
    yield Finding(True, f"splitbrain comes from {home}")
    for name in ("checkers", "harness", "systems", "reports"):
        place = Path(str(import_module(f"splitbrain.{name}").__file__)).parent
        if place.resolve() != (home / name).resolve():
            yield Finding(
                False,
                f"splitbrain.{name} comes from {place}, which is another installation: "
                "uninstall one of them",
            )
    try:
        check_trio()
        yield Finding(True, f"trio {trio.__version__} has what the simulator needs")
    except UnsupportedTrio as error:
        yield Finding(False, str(error))
        return
    yield from _real_processes()
    yield _same_trace_twice()


def _real_processes() -> Iterator[Finding]:
    """What a plan may have on real processes here; what is missing is no fault of ours."""
    if sys.platform != "linux":
        yield Finding(True, f"real processes need Linux; this is {sys.platform}")
        return
    wanted = {
        "clocks of their own": vdso.unavailable(),
        "full disks": rooms.unavailable(),
        "slow disks and power losses": questions.unavailable(),
        "networks of their own (--ground namespaces)": networks.unavailable(),
    }
    there = [what for what, why in wanted.items() if why is None]
    yield Finding(True, f"real processes can have {', '.join(there) or 'no faults but signals'}")
    for what, why in wanted.items():
        if why is not None:
            yield Finding(True, f"real processes cannot have {what}: {why}")
    if (why := pids.unavailable()) is None:
        text = "real processes end with their run whatever is killed: they have a pid namespace"
    else:
        text = (
            "real processes end with their run, but for one that has left its session while "
            f"keeper and warden are killed at once: {why}"
        )
    yield Finding(True, text)


def examine(name: str, source: Source, plans: Sequence[Plan]) -> Finding:
    """Whether a system gives the same run for the same plan, wherever it is run.

    Args:
        name: the system's.
        source: where another process finds the function that makes an experiment of a plan.
        plans: what is run.

    Raises:
        Unnameable: another process cannot run it.
    """
    found = repeat(source, plans)
    if found.departure is None:
        return Finding(
            True,
            f"{name} gives the same run for the same plan: {len(plans)} plans, each done twice in "
            f"{len(HASH_SEEDS)} processes with {len(set(HASH_SEEDS))} hash seeds, "
            f"{found.events:,} events",
        )
    departure = found.departure
    lines = [
        f"{name} is not a function of its plan: seed {departure.plan.seed} gives different runs in "
        f"{departure.which}, from event {departure.position} on",
        *_event("one", departure.one),
        *_event("other", departure.other),
        f"  likely cause: {departure.cause}",
    ]
    return Finding(False, "\n".join(lines))


def _event(which: str, told: Told) -> list[str]:
    by_itself = "(the simulator by itself: what differs began before, unseen)"
    stack = told.stack or ((by_itself,) if told.event else ())
    return [f"  {which}: {told.event or 'it has ended'}", *(f"      {frame}" for frame in stack)]


def _same_trace_twice() -> Finding:
    """A small world under both ways of driving nodes; its traces must be equal."""
    traces = [_small_world(make_run).trace for make_run in (DirectRun, DirectRun, GuestRun)]
    for other in traces[1:]:
        difference = first_difference(traces[0].events, other.events)
        if difference is not None:
            return Finding(
                False, f"the same plan gave another trace, from event {difference[0]} on"
            )
    return Finding(True, f"the same plan gives the same trace ({len(traces[0].events)} events)")


def _small_world(make_run: MakeRun) -> World:
    world = World("doctor", make_run=make_run)
    names = ("n1", "n2", "n3")
    for name in names:
        world.add_server(name, _gossip, tuple(other for other in names if other != name))
    world.heap.at(0.5, world.kill, "n2")
    world.heap.at(0.6, world.start, "n2")
    with world.booted():
        world.run_until(2.0)
    return world


async def _gossip(this: Node) -> None:
    async def talk() -> None:
        while True:
            await trio.sleep(0.05 * (1 + this.random.random()))
            for peer in this.peers:
                this.network.send(peer, ("count", this.disk.size("count")))

    this.disk.append("count", b"")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk)
        while True:
            await this.network.receive()
            this.disk.append("count", b"x")
            await this.disk.fsync("count")
