"""A program's wall clock is set while it runs, whatever it is written in."""

import os
import signal
import subprocess
import sys
import time
from shutil import which

import pytest

from splitbrain.harness.processes import vdso

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or vdso.unavailable() is not None,
    reason=f"clocks cannot be set here: {sys.platform == 'linux' and vdso.unavailable()}",
)

PYTHON = "import sys, time\nfor line in sys.stdin: print(time.time(), time.monotonic(), flush=True)"
NODE = """
require("readline").createInterface({input: process.stdin}).on("line", () =>
  console.log(Date.now() / 1000, Number(process.hrtime.bigint()) / 1e9))
"""
PROGRAMS = {"python": (sys.executable, "-c", PYTHON), "node": ("node", "-e", NODE)}


class Asked:
    """A program that tells its two clocks whenever it is asked."""

    def __init__(self, command):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def ahead(self):
        """By how many seconds each of its clocks is ahead of ours, at least and at most."""
        before = time.time(), time.monotonic()
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        told = [float(word) for word in self.process.stdout.readline().split()]
        after = time.time(), time.monotonic()
        return [(t - a, t - b) for t, a, b in zip(told, after, before, strict=True)]

    def set(self, seconds):
        os.kill(self.process.pid, signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)
        vdso.set_offset(self.process.pid, seconds)
        vdso.forget(self.process.pid)
        os.kill(self.process.pid, signal.SIGCONT)


@pytest.fixture(params=PROGRAMS)
def program(request):
    command = PROGRAMS[request.param]
    if which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    asked = Asked(command)
    yield asked
    asked.process.kill()
    asked.process.communicate()


def test_the_wall_clock_is_as_wrong_as_it_is_set_and_no_other_clock_is(program):
    for seconds in (0.0, 3600.25, -7.5, 0.75, 0.0):
        program.set(seconds)
        (least, most), (least_monotonic, most_monotonic) = program.ahead()
        assert least - 0.002 <= seconds <= most + 0.002  # Node tells milliseconds
        assert least_monotonic - 0.002 <= 0.0 <= most_monotonic + 0.002


def test_that_a_clock_was_asked_is_seen(program):
    program.set(5.0)
    program.ahead()
    assert vdso.asked_since(program.process.pid)


def test_what_is_no_vdso_is_not_touched():
    with pytest.raises(vdso.NoClock, match="no 64-bit ELF image"):
        vdso._Layout(b"\0" * 8192)
