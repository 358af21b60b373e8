"""What rules do to messages that go through the switch, without any process."""

from functools import partial

import pytest

from splitbrain.harness.nemesis.rules import LinkRule
from splitbrain.harness.processes.network.switch import Switch
from splitbrain.harness.processes.network.wire import packed
from splitbrain.harness.simulation.trace import Trace
from splitbrain.harness.streams import stream

LINK = frozenset({("n1", "n2")})


class Bench:
    """A switch with two hosts, and a clock that the test moves."""

    def __init__(self, room=True):
        self.now, self.waiting, self.arrived = 0.0, [], []
        self.trace = Trace()
        self.switch = Switch(self.trace, partial(stream, 0), lambda: self.now, self.after)
        for name in ("n1", "n2"):
            self.switch.doors[name] = partial(self.door, name)
        self.room = room

    def door(self, name, source, data):
        self.arrived.append((source, name, self.now))
        return self.room

    def after(self, delay, action, *arguments):
        self.waiting.append((self.now + delay, action, arguments))

    def send(self, times=1, source="n1", destination="n2"):
        for number in range(times):
            self.switch.send(source, destination, packed((number,)))

    def pass_time(self):
        for time, action, arguments in sorted(self.waiting, key=lambda entry: entry[0]):
            self.now = time
            action(*arguments)
        self.waiting = []

    def kinds(self):
        return [event[1] for event in self.trace.events]


def test_without_rules_all_arrives_at_once_and_the_trace_tells_it():
    bench = Bench()
    bench.send(3)
    assert bench.arrived == [("n1", "n2", 0.0)] * 3
    assert bench.trace.events[:2] == [
        (0.0, "send", "n1", "n2", 1, (0,)),
        (0.0, "receive", "n1", "n2", 1),
    ]


def test_a_cut_link_loses_what_is_sent_and_the_way_back_works():
    bench = Bench()
    rule = LinkRule("f1", LINK, block=True)
    bench.switch.add_rule(rule)
    bench.send(4)
    bench.send(1, "n2", "n1")
    bench.switch.remove_rule(rule)
    bench.send(1)
    assert rule.affected == 4
    assert [(a, b) for a, b, _ in bench.arrived] == [("n2", "n1"), ("n1", "n2")]
    assert (0.0, "drop", "n1", "n2", 1, "f1") in bench.trace.events


def test_a_delay_has_its_mean_and_a_cut_meanwhile_loses_what_is_under_way():
    bench = Bench()
    slow = LinkRule("f1", LINK, delay=0.05)
    bench.switch.add_rule(slow)
    bench.send(1000)
    delays = [time for time, *_ in bench.waiting]
    assert sum(delays) / 1000 == pytest.approx(0.05, rel=0.15)
    cut = LinkRule("f2", LINK, block=True)
    bench.switch.add_rule(cut)
    bench.pass_time()
    assert not bench.arrived
    assert (slow.affected, cut.affected) == (1000, 1000)


@pytest.mark.parametrize(
    ("rule", "least", "most"), [({"loss": 0.3}, 600, 800), ({"duplicate": 0.3}, 1200, 1400)]
)
def test_loss_and_duplication_strike_as_often_as_they_should(rule, least, most):
    bench = Bench()
    bench.switch.add_rule(LinkRule("f1", LINK, **rule))
    bench.send(1000)
    bench.pass_time()
    assert least <= len(bench.arrived) <= most


def test_second_copies_may_come_much_later():
    bench = Bench()
    bench.switch.add_rule(LinkRule("f1", LINK, duplicate=1.0, later=0.5))
    bench.send(1000)
    bench.pass_time()
    late = sorted(time for _, _, time in bench.arrived)[1000:]
    assert 0.4 <= sum(late) / len(late) <= 0.6


def test_what_is_for_a_host_that_is_down_or_reads_nothing_is_lost_and_said_so():
    bench = Bench(room=False)
    bench.send()
    del bench.switch.doors["n2"]
    bench.send()
    assert [event[-1] for event in bench.trace.events if event[1] == "drop"] == [
        "too many wait",
        "down",
    ]


def test_messages_of_a_slow_link_take_their_time_and_are_counted_by_link():
    bench = Bench()
    bench.switch.latency = lambda source, destination: 0.1 if destination == "n2" else 0.0
    bench.send(2)
    bench.send(source="n2", destination="n1")
    assert bench.arrived == [("n2", "n1", 0.0)]
    bench.pass_time()
    assert bench.arrived[1:] == [("n1", "n2", 0.1)] * 2
    assert bench.switch.sent == {("n1", "n2"): 2, ("n2", "n1"): 1}


def test_a_narrow_link_passes_on_so_many_bytes_a_second_and_loses_what_would_wait_too_long():
    bench = Bench()
    size = len(packed((1,)))
    narrow = LinkRule("f1", LINK, bandwidth=size * 10.0)
    bench.switch.add_rule(narrow)
    bench.send(30)
    assert narrow.affected == 30
    dues = [time for time, *_ in bench.waiting]
    assert dues == pytest.approx([number / 10 for number in range(1, 12)])
    assert [event[-1] for event in bench.trace.events if event[1] == "drop"] == ["f1"] * 19
    bench.pass_time()
    bench.send()
    assert [time for time, *_ in bench.waiting] == pytest.approx([dues[-1] + 0.1])
