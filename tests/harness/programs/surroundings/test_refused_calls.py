"""What leaves the simulation is refused in a sentence with the call and the program's line."""

from __future__ import annotations

import _thread
import asyncio
import importlib
import mmap
import os
import selectors
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import pytest
import trio
from worlds import world_of

from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.programs import program
from splitbrain.harness.programs.network.descriptors import Blocking, RealDescriptor
from splitbrain.harness.simulation.trio_direct import RealIO
from splitbrain.harness.simulation.wires import Nondeterminism


def refusal(ask, library="asyncio"):
    """What the program is told."""
    told = []

    async def main():
        try:
            await ask()
        except (Nondeterminism, Blocking, RealDescriptor, RealIO) as error:
            told.append(str(error))

    world = world_of(main, library=library)
    with world.booted():
        world.run_until(1.0)
    return told[0]


async def a_pool_of_threads():
    ThreadPoolExecutor(1).submit(print)


async def a_thread():
    threading.Thread(target=print).start()


async def a_bare_thread():
    _thread.start_new_thread(print, ())


async def a_process():
    subprocess.Popen(["true"])


async def a_database():
    sqlite3.connect(":memory:")


async def a_signal():
    os.kill(os.getpid(), signal.SIGUSR1)


async def an_alarm():
    signal.alarm(1)


async def a_blocking_client():
    def connect_in_a_blocking_client():
        socket.create_connection(("localhost", 80))

    await asyncio.to_thread(connect_in_a_blocking_client)


async def a_pipe():
    os.pipe()


async def a_named_pipe():
    os.mkfifo("/tmp/pipe")


async def output_of_a_process():
    subprocess.run(["true"], capture_output=True, check=True)


async def standard_input():
    await asyncio.get_running_loop().connect_read_pipe(asyncio.Protocol, sys.stdin)


async def sleeping_in_a_thread():
    await asyncio.to_thread(time.sleep, 1.0)


async def a_link():
    os.symlink("here", "there")


async def another_loop():
    asyncio.new_event_loop()


async def a_selector():
    selectors.DefaultSelector()


async def a_mapped_file():
    with open("pages", "w+b") as file:
        file.write(b"page")
        file.flush()
        mmap.mmap(file.fileno(), 0)


@pytest.mark.parametrize(
    ("ask", "call"),
    [
        (a_pool_of_threads, "Thread.start()"),
        (a_thread, "Thread.start()"),
        (a_bare_thread, "_thread.start_new_thread()"),
        (a_process, "subprocess.Popen"),
        (a_database, "sqlite3.connect"),
        (a_signal, "os.kill was used"),
        (an_alarm, "signal.alarm() was used"),
        (a_blocking_client, "socket.connect() would wait"),
        (a_pipe, "os.pipe() was used"),
        (a_named_pipe, "os.mkfifo() was used"),
        (output_of_a_process, "no pipes, nor processes to share them with"),
        (standard_input, "connect_read_pipe() was used"),
        (sleeping_in_a_thread, "time.sleep() was used"),
        (a_link, "the simulated disk has no links"),
        (another_loop, "new_event_loop() was used"),
        (a_selector, "selectors.DefaultSelector() was used"),
        (a_mapped_file, "mmap.__new__ was used"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_call_and_the_line_are_named(ask, call):
    told = refusal(ask)
    assert call in told
    assert told.startswith("test_refused_calls.py:")
    assert f"{ask.__name__}: " in told


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_a_descriptor_that_a_c_extension_has_opened_is_not_waited_for(library):
    reading, writing = os.pipe()

    async def waits():
        if library == "asyncio":
            asyncio.get_running_loop().add_reader(reading, print)
        else:
            await trio.lowlevel.wait_readable(reading)

    told = refusal(waits, library)
    os.close(reading)
    os.close(writing)
    assert "real socket or file" in told or (
        told.startswith("test_refused_calls.py:")
        and f"wait for descriptor {reading}, which is no simulated socket" in told
    )


def test_another_loop_in_a_program_of_trio_is_refused():
    async def nested():
        async def inner():
            pass

        coroutine = inner()
        try:
            asyncio.run(coroutine)
        finally:
            coroutine.close()

    assert "one event loop" in refusal(nested, "trio")


@pytest.mark.parametrize("name", ["grpc", "grpc.aio"])
def test_grpc_whose_core_is_c_is_refused_before_it_begins(name, monkeypatch):
    library = ModuleType(name)
    vars(library)["insecure_channel"] = lambda target: pytest.fail("it connects")
    monkeypatch.setitem(sys.modules, name, library)

    async def connects():
        library.insecure_channel("n1:7000")

    told = refusal(connects)
    assert told.startswith("test_refused_calls.py:")
    assert f"{name}.insecure_channel() was used" in told
    assert "grpclib" in told


def test_what_real_memory_and_files_are_mapped_for_stays_possible():
    found = []

    async def main():
        found.append(len(mmap.mmap(-1, 4096)))
        with open(__file__, "rb") as file:
            found.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)[:3])

    world = world_of(main)
    with world.booted():
        world.run_until(1.0)
    assert found == [4096, b'"""']


def test_trio_asyncio_is_refused_wherever_it_is_imported(monkeypatch):
    async def imports():
        importlib.import_module("trio_asyncio")

    assert "trio-asyncio puts a loop of its own" in refusal(imports, "trio")
    monkeypatch.setitem(sys.modules, "trio_asyncio", sys)
    with pytest.raises(InvalidPlan, match="can't be simulated: trio-asyncio puts a loop"):
        program("trio_store:main")
