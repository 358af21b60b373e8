"""asyncio's own tests of streams, from the installed Python, on the loop of a simulated process.

They are run as they are, as code of that process: `asyncio.new_event_loop` gives them its loop,
whose `run_until_complete` lets virtual time pass until the future is done. Where a test's other
side is a web server in a thread, it is one on another simulated host, `serve_message`. Left out is
what `LEFT_OUT` names, each with its reason; where Python comes without its tests, all are skipped.
"""

from __future__ import annotations

import asyncio
import inspect
import ssl
import unittest
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest
import trio
from worlds import world_of

from splitbrain.harness.programs import program

streams = pytest.importorskip("test.test_asyncio.test_streams")
supports = pytest.importorskip("test.test_asyncio.utils")

LEFT_OUT = {
    "os.pipe": "a simulated process has no pipes (os.pipe is refused)",
    "subprocess": "a simulated process starts no others",
    "assert_python_ok": "runs in a process of its own, on that one's loop",
    "threading": "a blocking server in a thread, which would stop every node",
    "socket.create_connection": "a blocking client, which would stop every node",
    "asyncio.run(": "begins a loop of its own inside of the process",
    "_basetest_unhandled_exceptions": "expects a loopback that is faster than a round of the loop",
    "def test_unhandled_exceptions": "expects a loopback that is faster than a round of the loop",
    "is_closed()": "closes its loop, which drives all of the simulated process",
}
"""What the code of a test has if it is left out, with the reason."""

LIMIT_S = 60.0

PLAIN, SECURE = 80, 443
UNIX, SECURE_UNIX = "/run/plain.sock", "/run/secure.sock"
MESSAGE = b"HTTP/1.0 200 OK\r\nContent-type: text/plain\r\n\r\nTest message"


async def answer(reader, writer):
    """What the tests' `run_test_unix_server` does, in the tested process."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(MESSAGE)
    writer.close()


async def serve_message():
    """What the tests' `run_test_server` does, as a program of its own."""
    context = supports.simple_server_sslcontext()

    async def answer(stream):
        request = b""
        while b"\r\n\r\n" not in request:
            chunk = await stream.receive_some()
            if not chunk:
                return
            request += chunk
        await stream.send_all(MESSAGE)

    async def plain(stream):
        async with stream:
            await answer(stream)

    async def secure(stream):
        async with trio.SSLStream(stream, context, server_side=True) as secured:
            with suppress(trio.BrokenResourceError, ssl.SSLError):  # the test has gone
                await answer(secured)

    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_tcp, plain, PLAIN)
        await nursery.start(trio.serve_tcp, secure, SECURE)


class Driven:
    """A world with a process whose loop the tests are given, and a server for them to talk to."""

    def __init__(self):
        self.loop = None

        async def main():
            self.loop = asyncio.get_running_loop()
            await asyncio.start_unix_server(answer, UNIX)
            secure = supports.simple_server_sslcontext()
            await asyncio.start_unix_server(answer, SECURE_UNIX, ssl=secure)
            await asyncio.Event().wait()

        self.world = world_of(main, library="asyncio")
        web = program(serve_message, library="trio")
        self.world.add_server("n2", lambda node: web(node).run(), ("n1",))

    def run(self, case, patch):
        """The result of a test, whose code runs as the process's."""
        result = unittest.TestResult()
        with self.world.booted(), patch.context() as patched:
            self.world.run_until(0.1)
            patched.setattr(asyncio, "new_event_loop", lambda: self.loop)
            patched.setattr(supports, "run_test_server", server_of)
            patched.setattr(supports, "run_test_unix_server", unix_server_of)
            self.loop.run_until_complete = self.run_until_complete
            self.loop.close = lambda: None
            with self.as_the_process():
                case.run(result)
        return result

    @contextmanager
    def as_the_process(self):
        self.world.current = self.world.hosts["n1"].incarnation
        try:
            yield
        finally:
            self.world.current = None

    def run_until_complete(self, awaitable):
        process, self.world.current = self.world.current, None
        try:
            future = self.loop.call(asyncio.ensure_future, awaitable)
            end = self.world.now + LIMIT_S
            while not future.done() and self.world.now < end:
                self.world.run_until(self.world.now + 0.05)
        finally:
            self.world.current = process
        assert future.done(), f"not done after {LIMIT_S} s of virtual time"
        return future.result()


@contextmanager
def server_of(*, use_ssl=False, **rest):
    yield SimpleNamespace(address=("n2", SECURE if use_ssl else PLAIN))


@contextmanager
def unix_server_of(*, use_ssl=False):
    yield SimpleNamespace(address=SECURE_UNIX if use_ssl else UNIX)


def sorted_out():
    """The tests that are run, and those that are left out, with their reasons."""
    kept, left_out = [], {}
    for case in (case for suite in SUITE for case in suite):
        code = inspect.getsource(getattr(case, case._testMethodName))
        reasons = [reason for sign, reason in LEFT_OUT.items() if sign in code]
        if reasons:
            left_out[case._testMethodName] = reasons[0]
        else:
            kept.append(case)
    return kept, left_out


SUITE = unittest.defaultTestLoader.loadTestsFromModule(streams)
KEPT, GONE = sorted_out()


@pytest.mark.parametrize("case", KEPT, ids=[case._testMethodName for case in KEPT])
def test_streams_do_what_the_standard_library_asks_of_them(case, monkeypatch):
    driven = Driven()
    result = driven.run(case, monkeypatch)
    assert result.testsRun == 1
    assert result.errors + result.failures == []


def test_nearly_all_of_them_are_run():
    assert len(KEPT) >= 8 * len(GONE)
