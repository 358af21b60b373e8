"""The generator is asked at the rate of the plan, however late the world wakes whoever asks."""

import heapq
from random import Random

import pytest

from splitbrain.checkers.history.operation import INVOKE, OK
from splitbrain.harness.client import Outcome
from splitbrain.harness.generators import delay, repeat, stagger, time_limit
from splitbrain.harness.runs.clients import Clients
from splitbrain.harness.runs.recorder import Recorder

SECONDS = 1.0
RATE = 1000.0


class LateWorld:
    """Whatever is to happen happens later than that; answers take their time."""

    servers = ("n1",)

    def __init__(self, late, latency):
        self.late, self.latency = late, latency
        self.now, self.count = 0.0, 0
        self.to_do = []
        self.answer = None

    def stream(self, *name):
        return Random(repr(name))

    def add_client(self, name, program, peers):
        pass

    def at(self, time, action, *arguments):
        self.count += 1
        errand = (max(time, self.now) + self.late, self.count, action, arguments)
        heapq.heappush(self.to_do, errand)

    def after(self, delay, action, *arguments):
        self.at(self.now + delay, action, *arguments)

    def command(self, client, command):
        ended = Outcome(OK, command.value)
        self.after(self.latency, self.answer, int(client[1:]) - 1, command, ended)

    def run(self):
        while self.to_do:
            self.now, _, action, arguments = heapq.heappop(self.to_do)
            action(*arguments)


def invoked(late, latency=0.0, clients=50, spaced=stagger):
    """The times of invocations, in seconds."""
    world = LateWorld(late, latency)
    recorder = Recorder(lambda: world.now)
    source = time_limit(SECONDS, spaced(1 / RATE, repeat({"f": "read"})))
    asking = Clients(world, recorder, None, source, clients)
    world.answer = asking._complete
    asking.start(lambda: None)
    world.run()
    return [event.time / 1e9 for event in recorder.history() if event.type == INVOKE]


@pytest.mark.parametrize("late", [0.0, 0.0005, 0.002])
def test_who_is_woken_late_keeps_the_rate(late):
    assert len(invoked(late)) == pytest.approx(SECONDS * RATE, rel=0.1)


def test_a_world_that_has_no_time_is_not_kept_longer():
    assert invoked(0.3)[-1] < SECONDS + 1.0
    assert len(invoked(0.3)) < SECONDS * RATE / 2


def test_nothing_is_invoked_before_it_is_due():
    times = invoked(0.0005, spaced=delay)
    assert all(time >= number / RATE for number, time in enumerate(times))


def test_what_finds_all_clients_busy_is_not_made_up_for():
    (few, many) = (len(invoked(0.0, latency=0.01, clients=n)) for n in (5, 50))
    assert few < 0.6 * SECONDS * RATE < many
