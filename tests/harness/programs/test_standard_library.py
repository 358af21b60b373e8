"""asyncio's own tests of streams, from the installed Python, on the loop of a simulated process.

They are run as they are: `asyncio.new_event_loop` gives them the simulated process's loop, whose
`run_until_complete` lets virtual time pass until the future is done. Left out is what `LEFT_OUT`
names, each with its reason; where Python comes without its tests, all are skipped.
"""

from __future__ import annotations

import asyncio
import inspect
import unittest

import pytest
from worlds import world_of

streams = pytest.importorskip("test.test_asyncio.test_streams")

LEFT_OUT = {
    "run_test_server": "the other side is a server in a thread, over a real socket",
    "run_test_unix_server": "the other side is a server in a thread, over a real socket",
    "start_unix_server": "a simulated process has no Unix sockets",
    "os.pipe": "pipes are the real machine's",
    "subprocess": "a simulated process starts no others",
    "assert_python_ok": "runs in a process of its own, on that one's loop",
    "threading": "a blocking client in a thread",
    "socket.create_server": "makes its socket outside of the process",
    "socket.create_connection": "a blocking client",
    "def test_unhandled_exceptions": "expects a network without latency",
    "_basetest_unhandled_exceptions": "expects a network without latency",
}
"""What the code of a test has if it is left out, with the reason."""

LIMIT_S = 60.0


class Driven:
    """A world with one process, whose loop the tests are given."""

    def __init__(self):
        self.loop = None

        async def main():
            self.loop = asyncio.get_running_loop()
            await asyncio.Event().wait()

        self.world = world_of(main, library="asyncio")

    def prepare(self):
        self.world.run_until(0.1)
        self.loop.run_until_complete = self.run_until_complete
        self.loop.close = lambda: None
        return self.loop

    def run_until_complete(self, awaitable):
        future = asyncio.ensure_future(awaitable, loop=self.loop)
        self.loop.poke()
        end = self.world.now + LIMIT_S
        while not future.done() and self.world.now < end:
            self.world.run_until(self.world.now + 0.05)
        assert future.done(), f"not done after {LIMIT_S} s of virtual time"
        return future.result()


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
    result = unittest.TestResult()
    with driven.world.booted():
        monkeypatch.setattr(asyncio, "new_event_loop", driven.prepare)
        case.run(result)
    assert result.testsRun == 1
    assert result.errors + result.failures == []


def test_most_of_them_are_run():
    assert len(KEPT) > 2 * len(GONE)
