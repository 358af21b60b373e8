"""A node that runs on without end is ended, and named with its line."""

# ruff: noqa: BLE001, SIM105 - the bad habits are what is tested

from __future__ import annotations

import inspect
import itertools
import signal
import statistics
import subprocess
import sys
import textwrap
import time

import pytest
import trio

from splitbrain.harness import Plan
from splitbrain.harness.client import request
from splitbrain.harness.runs.interruption import Interruption
from splitbrain.harness.runs.investigating import investigate
from splitbrain.harness.runs.running import run
from splitbrain.harness.simulation import watchdog
from splitbrain.harness.simulation.watchdog import Runaway, RunStopped
from splitbrain.harness.simulation.world import World
from splitbrain.harness.workloads import register


async def checkpoints(node):
    while True:
        await trio.lowlevel.checkpoint()


async def sleeps_for_too_little(node):
    while True:
        await trio.sleep(1e-9)


async def sleeps_for_nothing_that_shows(node):
    while True:
        await trio.sleep(1e-18)


async def sleeps_until_the_past(node):
    while True:
        await trio.sleep_until(trio.current_time() - 1)


async def waits_for_the_clock_without_sleeping(node):
    deadline = node.clock.monotonic() + 1
    while node.clock.monotonic() < deadline:
        pass


async def traces(node):
    while True:
        node.trace("again")


async def sends(node):
    while True:
        node.network.send("n1", ("again",))


async def writes(node):
    while True:
        node.disk.write("file", 0, b"again")


async def spawns(node):
    async with trio.open_nursery() as nursery:
        while True:
            nursery.start_soon(trio.sleep_forever)
            await trio.sleep(1e-4)


async def traces_and_catches_everything(node):
    while True:
        try:
            node.trace("again")
        except Exception:
            await trio.sleep(10)


def world_of(program) -> tuple[World, list]:
    world = World(3)
    told: list = []
    world.on_announcement = lambda *event: told.append(event)
    world.add_server("n1", program, ())
    return world, told


COUNTED = (
    checkpoints,
    sleeps_for_too_little,
    sleeps_for_nothing_that_shows,
    sleeps_until_the_past,
    waits_for_the_clock_without_sleeping,
    traces,
    sends,
    writes,
)


@pytest.fixture
def _small(monkeypatch):
    monkeypatch.setattr("splitbrain.harness.simulation.incarnation.ACTS_A_SECOND", 2_000)
    monkeypatch.setattr("splitbrain.harness.simulation.incarnation.ROUNDS_AT_ONCE", 2_000)
    monkeypatch.setattr("splitbrain.harness.simulation.incarnation.TASKS", 500)


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("program", COUNTED)
def test_a_loop_that_waits_for_nothing_ends_its_node_and_is_named_with_its_line(program):
    world, told = world_of(program)
    with world.booted():
        world.run_until(5.0)

    (_, name, error), *_ = world.failures
    lines, first = inspect.getsourcelines(program)
    places = [f"test_watchdog.py:{first + n} in {program.__name__}" for n in range(len(lines))]
    assert (name, type(error)) == ("n1", Runaway)
    assert any(place in str(error) for place in places)
    assert told[0][:2] == ("n1", "tripwire")


@pytest.mark.usefixtures("_small")
def test_it_strikes_at_the_same_moment_in_every_run():
    def told():
        world, _ = world_of(sleeps_for_too_little)
        with world.booted():
            world.run_until(5.0)
        return list(world.trace.lines())

    assert told() == told()


@pytest.mark.usefixtures("_small")
def test_spawning_without_end_is_told_with_the_newest_task():
    world, _ = world_of(spawns)
    with world.booted():
        world.run_until(5.0)

    assert "has 501 tasks, the newest is trio.sleep_forever" in str(world.failures[0][2])


@pytest.mark.usefixtures("_small")
def test_a_node_that_catches_the_error_is_told_all_the_same():
    world, told = world_of(traces_and_catches_everything)
    with world.booted():
        world.run_until(5.0)

    assert world.failures == []
    assert [kind for _, kind, _ in told] == ["tripwire"]


@pytest.mark.usefixtures("_small")
def test_much_is_allowed_over_much_time():
    async def busy(node):
        for _ in range(5_000):
            node.trace("step")
            await trio.sleep(0.002)

    world, told = world_of(busy)
    with world.booted():
        world.run_until(20.0)

    assert told == []


# Code that cannot be counted from outside


async def never_yields(node):
    await trio.sleep(1)
    while True:
        pass


async def never_yields_and_catches_everything(node):
    while True:
        try:
            sum(range(100))
        except BaseException:
            pass


async def is_kept_by_the_standard_library(node):
    statistics.mean(itertools.count())


async def fills_the_memory(node):
    await trio.sleep(1)
    taken = []
    while True:
        taken.append(bytearray(1 << 20))


@pytest.fixture
def _strict(monkeypatch):
    monkeypatch.setattr(watchdog, "_TICK_S", 0.02)
    monkeypatch.setattr(watchdog, "limits", watchdog.Limits(0.3, 100 << 20))


@pytest.mark.usefixtures("_strict")
@pytest.mark.parametrize(
    "program",
    [
        never_yields,
        never_yields_and_catches_everything,
        is_kept_by_the_standard_library,
        fills_the_memory,
    ],
)
def test_code_that_never_yields_ends_the_run_with_its_line(program):
    world, _ = world_of(program)
    line = rf"n1 .* at test_watchdog.py:\d+ in {program.__name__}"
    with pytest.raises(RunStopped, match=line), world.booted():
        world.run_until(5.0)


@pytest.mark.usefixtures("_strict")
def test_a_world_that_nobody_runs_may_stand_as_long_as_it_likes():
    world, told = world_of(checkpoints_now_and_then)
    with world.booted():
        world.run_until(1.0)
        sum(range(20_000_000))
        world.run_until(2.0)

    assert told == []


def test_what_the_process_did_before_a_run_is_not_the_runs(monkeypatch):
    monkeypatch.setattr(watchdog, "process_time", lambda: 1000.0)
    world, _ = world_of(checkpoints_now_and_then)
    dog = watchdog.Watchdog(world, Interruption(ours=False))
    dog._look()
    assert dog.problem is None


async def checkpoints_now_and_then(node):
    while True:
        await trio.sleep(0.1)


class Client:
    def __init__(self, node, server):
        self.node, self.server = node, server

    async def read(self, key):
        return (await request(self.node, self.server, "read", key))[0]

    async def write(self, key, value):
        await request(self.node, self.server, "write", key, value)


class Hangs:
    def __init__(self, node):
        self.node = node

    async def run(self):
        await never_yields(self.node)


@pytest.mark.usefixtures("_strict")
def test_such_a_run_is_invalid_and_not_made_smaller(tmp_path):
    """Each attempt would have to wait for the watchdog, and could end at another line."""
    experiment = Plan("", "", nodes=1, time_limit=2.0).using(Hangs, register(Client))
    found = investigate(experiment, tmp_path)

    assert found.run.validity == "invalid"
    assert "unhandled-exceptions/run-stopped" in {v.signature for v in found.run.verdicts}
    assert found.shrunk is None
    assert "real time" in (found.problem or "")


class Strays(Hangs):
    async def run(self):
        time.time()


def test_a_run_that_does_what_is_refused_is_not_made_smaller(tmp_path):
    """The line is named, and nothing smaller would say more."""
    experiment = Plan("", "", nodes=1, time_limit=0.1).using(Strays, register(Client))
    found = investigate(experiment, tmp_path)

    refused = [v.reason for v in found.run.verdicts if v.validity == "invalid"]
    assert any("test_watchdog.py:" in reason for reason in refused), refused
    assert found.shrunk is None
    assert "refuses to the code at the line" in (found.problem or "")


# Tasks that refuse to end


async def catches_cancellation(node):
    while True:
        try:
            await trio.sleep(1)
        except BaseException:
            pass


def test_a_task_that_refuses_to_end_is_named_with_its_line():
    world, told = world_of(catches_cancellation)
    with world.booted():
        world.run_until(5.0)

    ((name, kind, what),) = told
    assert (name, kind) == ("n1", "tripwire")
    assert "test_watchdog.py" in what["error"]
    assert "catches_cancellation" in what["error"]


PRELUDE = """
import trio
from splitbrain.harness.simulation.world import World
def world_of(program):
    world = World(8)
    world.add_server("n1", program, ())
    return world
"""


def started(program: str) -> subprocess.Popen[str]:
    text = PRELUDE + textwrap.dedent(program)
    return subprocess.Popen(
        [sys.executable, "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that starts jobs in the background has them ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@pytest.mark.slow
def test_such_a_task_does_not_spin_when_the_interpreter_exits():
    process = started("""
        async def stubborn(node):
            while True:
                try:
                    await trio.sleep(1)
                except BaseException:
                    pass
        world = world_of(stubborn)
        with world.booted():
            world.run_until(5)
        print("done")
    """)
    out, errors = process.communicate(timeout=60)

    assert (out, errors, process.returncode) == ("done\n", "", 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "while True: await trio.sleep(0.01)",
        "import re; re.match('(a+)+$', 'a' * 60 + 'b')",
    ],
    ids=["never yields", "goes on for ever", "stays in C code"],
)
def test_the_first_ctrl_c_ends_a_run(body):
    process = started(f"""
        async def endless(node):
            print("running", flush=True)
            {body}
        world = world_of(endless)
        with world.booted():
            world.run_until(1e9)
    """)
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    assert process.returncode != 0
    assert "CtrlC" in errors


def test_an_interrupt_that_a_nodes_own_code_raises_ends_that_node_alone():
    async def rude(node):
        await trio.sleep(1)
        raise KeyboardInterrupt

    world, _ = world_of(rude)
    with world.booted():
        world.run_until(5.0)

    assert [type(error) for _, _, error in world.failures] == [KeyboardInterrupt]
    assert world.now == 5.0


class InterruptedClient(Client):
    async def read(self, key):
        raise KeyboardInterrupt


class Server:
    def __init__(self, node):
        self.node = node

    async def run(self):
        values = {}
        while True:
            source, (_, number, f, key, *value) = await self.node.network.receive()
            if f == "write":
                values[key] = value[0]
            self.node.network.send(source, ("reply", number, values.get(key)))


def test_an_interrupt_that_a_clients_code_raises_is_that_operations_doubt():
    plan = Plan("", "", nodes=1, time_limit=1.0)
    result = run(plan.using(Server, register(InterruptedClient)))

    assert any("KeyboardInterrupt" in text for text in result.client_bugs)
