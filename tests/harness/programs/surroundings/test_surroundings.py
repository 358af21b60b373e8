"""What an unmodified program is told of time, randomness, identity and its machine."""

from __future__ import annotations

import asyncio
import concurrent.futures
import datetime
import fcntl
import os
import platform
import queue
import random
import resource
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from datetime import datetime as by_another_name
from os import environ
from random import randrange
from time import monotonic

import pytest
import trio
from worlds import run, world_of

from splitbrain.harness.programs import program
from splitbrain.harness.programs.network.descriptors import Blocking
from splitbrain.harness.simulation.wires import Nondeterminism
from splitbrain.harness.simulation.world import World


def told(ask, *, seed=1, restart=False, hosts=1):
    """What `ask()` returns on each host, in each life."""
    answers = []

    async def main():
        await trio.sleep(1.0)
        answers.append(ask())
        await trio.sleep_forever()

    world = world_of(*[main] * hosts, seed=seed)
    if restart:
        world.at(2.0, world.kill, "n1")
        world.at(3.0, world.start, "n1")
    run(world)
    return answers


RANDOM = {
    "random.random": lambda: random.random(),
    "imported by name": lambda: randrange(1 << 60),
    "a generator without a seed": lambda: random.Random().random(),
    "SystemRandom": lambda: random.SystemRandom().random(),
    "secrets": lambda: secrets.token_hex(),
    "secrets.choice": lambda: secrets.choice(range(1 << 60)),
    "uuid4": lambda: uuid.uuid4(),
    "uuid1": lambda: uuid.uuid1(),
    "os.urandom": lambda: os.urandom(16),
}


@pytest.mark.parametrize("ask", RANDOM.values(), ids=RANDOM)
def test_what_is_random_is_the_hosts_own_and_the_seeds(ask):
    first = told(ask, restart=True, hosts=2)

    assert len(set(first)) == 3  # each host, each life
    assert told(ask, restart=True, hosts=2) == first
    assert told(ask, restart=True, hosts=2, seed=2) != first


def test_time_is_the_hosts_and_passes_as_it_sleeps():
    (answer,) = told(
        lambda: (
            time.time(),
            time.time_ns() / 1e9,
            datetime.datetime.now(datetime.UTC).timestamp(),
            by_another_name.now().replace(tzinfo=datetime.UTC).timestamp(),  # noqa: DTZ005
            datetime.datetime.utcnow().replace(tzinfo=datetime.UTC).timestamp(),  # noqa: DTZ003
        )
    )

    assert answer == pytest.approx((1_600_000_001.0,) * 5, abs=0.2)
    ((one, two),) = told(lambda: (time.monotonic(), monotonic()))
    assert one == two


def test_dates_are_ordinary_dates():
    def look():
        today = datetime.date.today()  # noqa: DTZ011
        made = by_another_name(2020, 1, 2, tzinfo=datetime.UTC)
        assert isinstance(made, by_another_name)
        assert isinstance(made, datetime.date)
        assert issubclass(by_another_name, datetime.date)
        return type(today), type(made), by_another_name.fromisoformat("2020-01-02").year

    assert told(look) == [(datetime.date, datetime.datetime, 2020)]


def test_a_class_of_ones_own_that_derives_from_a_date_is_told_too():
    class Meta(type):
        pass

    class Moment(by_another_name, metaclass=Meta):
        pass

    assert told(lambda: (type(Moment.now()) is Moment, Moment.today().year)) == [(True, 2020)]
    assert Moment.now().year > 2020


def test_the_environment_is_the_tests_and_not_the_machines(monkeypatch):
    monkeypatch.setenv("SECRET", "of the machine")
    seen = []

    async def main(greeting, *, others):
        seen.append((greeting, others, dict(environ), os.getenv("SECRET"), socket.gethostname()))

    made = program(
        main, "I am {name}", others="{peers}", library="trio", env={"ME": "{name}", "N": 3}
    )
    world = World(1)
    for name, peers in (("n1", ("n2", "n3")), ("n2", ("n1", "n3"))):
        world.add_server(name, lambda node: made(node).run(), peers)
    run(world)

    assert seen == [
        ("I am n1", "n2,n3", {"ME": "n1", "N": "3"}, None, "n1"),
        ("I am n2", "n1,n3", {"ME": "n2", "N": "3"}, None, "n2"),
    ]
    assert os.environ["SECRET"] == "of the machine"


HOST_FACTS = {
    "os.getppid": lambda: os.getppid(),
    "os.cpu_count": lambda: os.cpu_count(),
    "os.sched_getaffinity": lambda: sorted(os.sched_getaffinity(0)),
    "os.getloadavg": lambda: os.getloadavg(),
    "os.uname": lambda: tuple(os.uname()),
    "platform.node": lambda: platform.node(),
    "platform.uname": lambda: tuple(platform.uname()),
}


@pytest.mark.parametrize("ask", HOST_FACTS.values(), ids=HOST_FACTS)
def test_the_machine_is_the_same_on_whatever_machine_the_test_runs(ask, monkeypatch):
    here = told(ask, hosts=2)
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("HAL", "9000", "", "", "")))
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert told(ask, hosts=2) == here
    assert "9000" not in here[0] if isinstance(here[0], tuple) else here[0] != "9000"


def test_each_host_has_its_own_name_and_the_same_cores():
    assert told(lambda: (platform.node(), os.uname().nodename, os.cpu_count()), hosts=2) == [
        ("n1", "n1", 4),
        ("n2", "n2", 4),
    ]
    assert os.uname().nodename != "n1"


def test_its_disk_its_memory_and_its_terminal_are_the_same_on_any_machine():
    def look():
        return (
            shutil.disk_usage("/").free,
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            shutil.get_terminal_size((80, 24)),
        )

    assert told(look) == [(100 << 30, 64 << 10, (80, 24))]
    assert shutil.disk_usage("/").free != 100 << 30


def test_the_time_that_a_process_took_follows_its_hosts_clock():
    async def main():
        begun = os.times().elapsed
        await trio.sleep(2.0)
        assert os.times().elapsed - begun == pytest.approx(2.0)

    run(world_of(main))


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_what_works_in_place_of_a_thread_may_call_back(library):
    anyio = pytest.importorskip("anyio")
    pytest.importorskip("anyio.from_thread")

    async def main():
        own = trio if library == "trio" else anyio
        assert await anyio.to_thread.run_sync(anyio.from_thread.run_sync, int, "7") == 7
        assert await own.to_thread.run_sync(own.from_thread.run_sync, int, "7") == 7
        with pytest.raises(Nondeterminism, match=r"from_thread.run\(\) .* in place"):
            await own.to_thread.run_sync(own.from_thread.run, own.sleep, 1)

    run(world_of(main, library=library))


def waits_for_a_coroutine(loop):
    return asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), loop).result()


def waits_for_an_event(loop):
    event = threading.Event()
    loop.call_later(0.01, event.set)
    event.wait(5)


def waits_for_a_queue(loop):
    queue.Queue().get()


def waits_for_futures(loop):
    concurrent.futures.wait([concurrent.futures.Future()])


@pytest.mark.parametrize(
    "wait", [waits_for_a_coroutine, waits_for_an_event, waits_for_a_queue, waits_for_futures]
)
def test_what_works_in_place_of_a_thread_cannot_wait_for_another(wait):
    async def main():
        line = rf"test_surroundings.py:\d+ in {wait.__name__}: a wait for another thread .* await"
        with pytest.raises(Nondeterminism, match=line):
            await asyncio.to_thread(wait, asyncio.get_running_loop())

    run(world_of(main, library="asyncio"))


def test_who_asks_threads_without_waiting_is_answered():
    async def main():
        assert not threading.Event().wait(0)
        with pytest.raises(queue.Empty):
            queue.Queue().get(timeout=0)
        with pytest.raises(concurrent.futures.TimeoutError):
            concurrent.futures.Future().result(0)
        done = asyncio.run_coroutine_threadsafe(
            asyncio.sleep(0.01, "slept"), asyncio.get_running_loop()
        )
        assert await asyncio.wrap_future(done) == "slept"

    run(world_of(main, library="asyncio"))


def test_threads_of_trio_work_in_place():
    async def main():
        assert await trio.to_thread.run_sync(lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            await trio.to_thread.run_sync(lambda: 1 / 0)

    run(world_of(main))


def test_what_would_stop_every_node_or_leave_the_simulation_is_refused():
    async def main():
        with pytest.raises(Blocking, match=r"connect.*use asyncio's or trio's streams"):
            socket.create_connection(("n1", 7000))
        with pytest.raises(Nondeterminism, match="can't start processes"):
            subprocess.run([sys.executable, "-c", ""])
        with pytest.raises(Nondeterminism, match=r"time.sleep\(\)"):
            time.sleep(1)
        with pytest.raises(Nondeterminism, match=r"sqlite3.connect"):
            sqlite3.connect("data.db")

    run(world_of(main))


def test_a_simulated_socket_never_blocks_and_nobody_inherits_it():
    def look():
        with socket.socket() as made:
            fcntl.fcntl(made.fileno(), fcntl.F_SETFD, fcntl.FD_CLOEXEC)
            flags = fcntl.fcntl(made, fcntl.F_GETFL)
            return fcntl.fcntl(made.fileno(), fcntl.F_GETFD), bool(flags & os.O_NONBLOCK)

    assert told(look) == [(fcntl.FD_CLOEXEC, True)]


def test_handlers_of_signals_are_not_the_harness_own():
    async def main():
        signal.signal(signal.SIGTERM, lambda *_: None)

    before = signal.getsignal(signal.SIGTERM)
    run(world_of(main))
    assert signal.getsignal(signal.SIGTERM) is before


def test_everything_is_put_back():
    def names():
        return (
            socket.socket,
            socket.getaddrinfo,
            vars(by_another_name)["now"],
            vars(datetime.date)["today"],
            os.environ,
            signal.signal,
            by_another_name,
            environ,
        )

    before = names()
    run(world_of(trio.sleep_forever))
    assert all(one is other for one, other in zip(before, names(), strict=True))


def test_a_node_program_beside_them_is_told_nothing_and_stopped():
    async def plain(node):
        with pytest.raises(Nondeterminism, match=r"time.time\(\)"):
            time.time()
        with pytest.raises(Nondeterminism, match="socket"):
            socket.socket()
        for ask in (by_another_name.now, by_another_name.utcnow, datetime.date.today):
            with pytest.raises(Nondeterminism, match=r"test_surroundings.py:\d+ in plain: date"):
                ask()

    world = world_of(trio.sleep_forever)
    world.add_server("n2", plain, ())
    run(world)
