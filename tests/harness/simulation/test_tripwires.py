"""A simulated node that reaches past its node gets an error that names its line."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import inspect
import logging
import os
import random
import secrets
import socket
import subprocess
import threading
import time
import uuid
from random import choice as chosen
from time import time as by_name

import pytest
import trio

from splitbrain.harness.simulation.wires import Nondeterminism
from splitbrain.harness.simulation.world import World


def failure_of(function) -> BaseException | None:
    async def program(node):
        await trio.sleep(0.1)
        result = function()
        if inspect.isawaitable(result):
            await result

    world = World(1)
    world.add_server("n1", program, ())
    with world.booted():
        world.run_until(1.0)
    return world.failures[0][2] if world.failures else None


TRIPS = {
    "wall time": lambda: time.time(),
    "monotonic time": lambda: time.monotonic(),
    "sleep": lambda: time.sleep(1),
    "shared randomness": lambda: random.random(),
    "choice": lambda: random.choice([1, 2]),
    "system randomness": lambda: os.urandom(4),
    "random ids": lambda: uuid.uuid4(),
    "secrets": lambda: secrets.token_hex(4),
    "socket": lambda: socket.socket(),
    "name lookup": lambda: socket.getaddrinfo("localhost", 80),
    "thread": lambda: threading.Thread(target=print).start(),
    "trio's thread": lambda: trio.to_thread.run_sync(print),
    "file": lambda: open("/dev/null"),  # noqa: SIM115
    "file by descriptor": lambda: os.open("/dev/null", os.O_RDONLY),
    "folder": lambda: os.listdir("."),
    "local time": lambda: time.localtime(),
    "text of the time": lambda: time.strftime("%H"),
    "CPU time": lambda: time.process_time(),
    "generator without a seed": lambda: random.Random(),
    "the system's generator": lambda: random.SystemRandom().random(),
    "ids of time and host": lambda: uuid.uuid1(),
    "process number": lambda: os.getpid(),
    "bare thread": lambda: _thread.start_new_thread(print, ()),
    "the process's end": lambda: os._exit(0),
    "asyncio": lambda: asyncio.sleep(1),
    "time by name": lambda: by_name(),
    "randomness by name": lambda: chosen([1, 2]),
    "process": lambda: subprocess.run(["true"], check=False),
}


@pytest.mark.parametrize("what", TRIPS)
def test_it_is_an_error_that_names_the_line(what):
    error = failure_of(TRIPS[what])

    assert isinstance(error, Nondeterminism)
    line = inspect.getsourcelines(TRIPS[what])[1]
    assert f"test_tripwires.py:{line} in <lambda>: " in str(error) or what == "trio's thread"
    assert "n1" in str(error)


def test_a_function_imported_by_name_is_caught_too():
    from socket import socket as imported_by_name

    assert isinstance(failure_of(lambda: imported_by_name()), Nondeterminism)


def harmless():
    logging.getLogger("node").warning("logging reads the clock")
    try:
        raise ValueError
    except ValueError:
        import traceback

        traceback.format_exc()
    random.Random(7).random()
    time.strftime("%H", time.gmtime(0))
    import colorsys

    return colorsys


@pytest.mark.parametrize(
    "function", [harmless], ids=["logging, tracebacks, imports, own generators"]
)
def test_what_nothing_depends_on_is_left_alone(function):
    assert failure_of(lambda: function() and None) is None


def test_nothing_is_guarded_after_the_run():
    failure_of(lambda: None)

    assert time.time() > 0
    assert 0 <= random.random() < 1
    threading.Thread(target=lambda: None).start()
    assert "guarded" not in repr(time.time)


def announcements_of(program) -> list:
    announced = []
    world = World(1)
    world.on_announcement = lambda *event: announced.append(event)
    world.add_server("n1", program, ())
    with world.booted():
        world.run_until(1.0)
    return announced


async def careless(node):
    for _ in range(3):
        with contextlib.suppress(Exception):
            time.time()
        await trio.sleep(0.1)


def test_a_tripwire_is_in_the_history_even_if_the_code_catches_the_error_once_a_line():
    ((name, kind, told),) = announcements_of(careless)
    line = inspect.getsourcelines(careless)[1] + 3

    assert (name, kind) == ("n1", "tripwire")
    assert told["error"].startswith(f"Nondeterminism: test_tripwires.py:{line} in careless: ")
