"""From which event on a failure is certain: continuations of a run, and the search among them."""

import random

import pytest
from small_register import Client, Durable, Forgetful

from splitbrain.harness import Fault, Plan, PlannedOperation, run
from splitbrain.harness.ground import Turn
from splitbrain.harness.plan import When
from splitbrain.harness.planning import draw
from splitbrain.harness.shrinking.chances import Chance
from splitbrain.harness.shrinking.turning_point import MANY, _Bisection, certainty, told
from splitbrain.harness.workloads import register
from splitbrain.systems import registry

KILL = Fault("process.kill", 0.5, 0.1, "n1", id="f1")
OPERATIONS = (
    PlannedOperation(0.2, 0, "write", ["x", 1]),
    PlannedOperation(1.0, 0, "read", ["x", None]),
)
PLAN = Plan("", "", nodes=1, clients=1, time_limit=1.5, faults=(KILL,), operations=OPERATIONS)


def until(trace, time):
    return [event for event in trace.events if event[0] <= time]


@pytest.mark.parametrize("after", [0.3, 0.9, 1.7])
def test_a_continuation_is_the_same_up_to_its_moment_and_then_another_one(after):
    experiment = registry.experiment(draw(Plan("raft", "register", time_limit=2.0), "kill,net"))
    whole = run(experiment)
    moment = max(event[0] for event in whole.trace.events if event[0] < after)
    turned = [run(experiment, turn=Turn(moment, number)) for number in (1, 2)]
    for one in turned:
        assert until(one.trace, moment) == until(whole.trace, moment)
    assert len({r.trace.digest() for r in (whole, *turned)}) == 3
    again = run(experiment, turn=Turn(moment, 1))
    assert again.trace.digest() == turned[0].trace.digest()


@pytest.mark.parametrize(
    "fault", [KILL, Fault("process.kill", 0.0, 0.1, "n1", {}, "f1", When("acknowledged"))]
)
def test_no_fault_begins_after_the_moment(fault):
    experiment = PLAN.with_(faults=(fault,)).using(Durable, register(Client))
    kills = [
        sum(e[1] == "kill" for e in run(experiment, turn=t).trace.events)
        for t in (None, Turn(0.1, 1))
    ]
    assert kills == [1, 0]


def test_what_memory_alone_held_is_lost_once_the_server_is_killed():
    experiment = PLAN.using(Forgetful, register(Client))
    found = certainty(experiment, run(experiment))
    assert (found.time, found.event) == (0.5, "n1 is killed")
    assert (found.before, found.after) == (Chance(0, 30), Chance(30, 30))


class Liar(Durable):
    """Has forgotten everything whenever it is asked."""

    saves = False

    async def run(self):
        while True:
            source, (_, identity, f, *_) = await self.node.network.receive()
            self.node.network.send(source, ("reply", identity, None if f == "read" else True))


def test_what_needs_neither_luck_nor_fault_is_certain_from_the_start():
    experiment = PLAN.with_(faults=()).using(Liar, register(Client))
    found = certainty(experiment, run(experiment))
    assert (found.time, found.event, found.after) == (None, "", Chance(30, 30))


def test_with_too_few_continuations_nothing_is_said():
    experiment = PLAN.using(Forgetful, register(Client))
    assert certainty(experiment, run(experiment), most=5) is None


@pytest.mark.parametrize("seed", range(60))
def test_the_search_finds_where_the_chance_becomes_one(seed):
    """Against the chances themselves: a martingale that ends at one, cut into moments."""
    draw = random.Random(seed)
    chances = [draw.uniform(0, 0.8)]
    while chances[-1] < 1:
        up = draw.uniform(chances[-1], 1)
        chances.append(1.0 if up > 0.85 else up * draw.choice([0.3, 1]))
    first = len(chances) - 1
    chances += [1.0] * draw.randrange(40)

    def fails(turn):
        return random.Random(f"{seed}/{turn}").random() < chances[int(turn.after)]

    moments = [float(number) for number in range(len(chances))]
    events = [(moment, "kill", "n1") for moment in moments]
    found = _Bisection(moments, fails, 10_000).find(events)
    assert found.after == Chance(MANY, MANY)
    assert found.time == (first if first else None) or (first == 0 and found.time in (None, 0.0))
    assert found.time is None or found.before.failed < MANY


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ((1.0, "power-loss", "n2", 1, 0, 0), "n2 loses power"),
        ((1.0, "receive", "n1", "n2", 7), "n2 receives (vote, 3) from n1"),
        ((1.0, "send", "n1", "n2", 9, ("x", 1 << 50)), "n1 sends (x) to n2"),
        ((1.0, "announce", "n1", "leader", {"term": 2}), "n1: leader of term 2"),
        ((1.0, "compacted", "n3", 5), "n3: compacted 5"),
    ],
)
def test_an_event_in_words(event, words):
    sent = (0.5, "send", "n1", "n2", 7, ("vote", 3))
    assert told([sent, event], 1.0) == words
