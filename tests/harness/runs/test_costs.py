"""Undisturbed, operations go on costing the same: each bug here makes one cost grow, and is found.

The same run without the bug is valid, and so is a cost that is high from the beginning.
"""

import json
import random
from statistics import mean

import pytest
import trio
from small_register import Client, Durable

from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.invariants import costs
from splitbrain.checkers.invariants.costs import FEW, quarters, steady_costs
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID
from splitbrain.checkers.vocabulary import COST
from splitbrain.harness import Fault, Plan, run
from splitbrain.harness.workloads import register


def judged(server, *, time_limit=12.0, rate=24.0, faults=(), nodes=2):
    plan = Plan("", "", nodes=nodes, clients=3, time_limit=time_limit, rate=rate, faults=faults)
    result = run(plan.using(server, register(Client)))
    found = [v for v in result.verdicts if v.checker == "steady-costs"]
    return result, (found[0] if found else None)


class Handling(Durable):
    """Does something more for each request."""

    def __init__(self, node):
        super().__init__(node)
        self.requests = 0
        outer, receive = self, node.network.receive

        class Network:
            send = node.network.send

            async def receive(self):
                while True:
                    source, message = await receive()
                    if message[0] == "request":
                        outer.requests += 1
                        await outer.handle()
                        return source, message

        class Seen:
            network = Network()

            def __getattr__(self, name):
                return getattr(node, name)

        self.node = Seen()

    async def handle(self):
        raise NotImplementedError


class SendsItsWholeLog(Handling):
    async def handle(self):
        for number in range(self.requests // 4):
            self.node.network.send("n2", ("entry", number))


class LooksThroughEverything(Handling):
    async def handle(self):
        await trio.sleep(0.0001 * self.requests)


class WritesItsStateAnew(Handling):
    async def handle(self):
        state = json.dumps(["an entry of some hundred bytes " * 15] * self.requests)
        self.node.disk.append("states", state.encode())


class RemembersEveryPair(Handling):
    def __init__(self, node):
        super().__init__(node)
        self.pairs = []

    async def handle(self):
        self.pairs += [(number, self.requests) for number in range(self.requests)]


class ElectedAgainAndAgain(Durable):
    async def run(self):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.elections)
            await super().run()

    async def elections(self):
        for term in range(1, 29):  # as long as there is load
            if self.node.name == "n1":
                self.node.announce("leader", {"term": term})
            await trio.sleep(0.4)


class CostlyFromTheBeginning(Handling):
    async def handle(self):
        for number in range(60):
            self.node.network.send("n2", ("entry", number))
        self.node.disk.append("states", b"x" * 5_000)


class FewerElections(ElectedAgainAndAgain):
    async def elections(self):
        for term in (1, 2, 3):
            self.node.announce("leader", {"term": 10 * term + int(self.node.name[1:])})
            await trio.sleep(0.4)


@pytest.mark.parametrize(
    ("server", "kind"),
    [
        (SendsItsWholeLog, "message-cost-growth"),
        (LooksThroughEverything, "latency-growth"),
        (WritesItsStateAnew, "disk-cost-growth"),
        (RemembersEveryPair, "memory-cost-growth"),
        (ElectedAgainAndAgain, "needless-elections"),
    ],
)
def test_what_grows_is_found(server, kind):
    # What waits for its turn behind slow ones takes long to become slow itself.
    result, verdict = judged(server, time_limit=30.0 if kind == "latency-growth" else 12.0)
    assert verdict.validity is INVALID
    assert [anomaly.kind for anomaly in verdict.anomalies] == [kind]
    assert result.signature == f"steady-costs/{kind}"


@pytest.mark.parametrize("server", [Durable, CostlyFromTheBeginning, FewerElections])
def test_what_does_not_grow_is_valid(server):
    result, verdict = judged(server)
    assert verdict.validity is VALID
    assert result.signature == ""
    assert "cost the same" in verdict.reason


def test_a_run_with_faults_is_not_judged_by_its_costs():
    pause = Fault("process.pause", 3.0, 0.1, "n2", id="f1")
    _, verdict = judged(SendsItsWholeLog, faults=(pause,))
    assert verdict is None


def test_too_few_operations_are_not_compared_and_it_says_so():
    _, verdict = judged(SendsItsWholeLog, rate=5.0)
    assert verdict.validity is VALID
    assert "too few" in verdict.reason


def test_what_cannot_be_read_is_unknown():
    history = History.from_operations([Operation(0, 0, "nemesis", "info", COST, [1, 2])])
    assert steady_costs().check(history).validity is UNKNOWN


# Against a brute-force twin on random histories


def random_history(rng):
    """Quarters of a second, with random operations, messages, disks and leaderships."""
    events, measured, sent, held = [], [], 0, 0
    growth = rng.choice([1, 1, 1.5, 3, 4])
    times = sorted(rng.sample(range(4_000), rng.choice([30, 100, 400, 500])))
    for quarter in range(5):
        server = {"disk": held, "memory": held // 100}
        measured.append({"time": quarter * 1000, "messages": sent, "servers": {"n1": server}})
        here = sum(quarter * 1000 <= t < (quarter + 1) * 1000 for t in times)
        sent += round(here * rng.choice([3, 4]) * growth**quarter)
        held += round(here * rng.choice([0, 900, 9000]) * growth**quarter)
    for time in times:
        took = min(999 - time % 1000, rng.randrange(1, 20))
        events += [(time, 0, "invoke"), (time + took, 0, rng.choice(["ok", "ok", "ok", "fail"]))]
    events += [(rng.randrange(4_000), "n1", "info") for _ in range(rng.choice([0, 2, 6, 9]))]
    events.sort(key=lambda event: event[0])
    return events, measured, rng.choice([0, 0, 1, 3])


def as_history(events, measured, slope=0):
    """Reads give more and more values, if there is a slope."""
    scale, made = 1_000_000, []
    processes = 0
    open_ = []
    for time, who, type_ in events:
        if who == "n1":
            made.append((time, "n1", "info", "leader", {"term": len(made)}))
        elif type_ == "invoke":
            open_.append(processes)
            made.append((time, processes, "invoke", "read", None))
            processes += 1
        else:
            made.append((time, open_.pop(0), type_, "read", [["x"], [0] * (slope * time // 500)]))
    told = [{**m, "time": m["time"] * scale} for m in measured]
    made.append((4_000, "nemesis", "info", COST, told))
    return History.from_operations(
        [Operation(i, t * scale, *rest) for i, (t, *rest) in enumerate(made)]
    )


def brutally(history):
    """The kinds of anomalies, from the definition, operation by operation."""
    measured = history.events(COST)[-1].value
    ends = [m["time"] for m in measured]
    invoked, ok = {}, []
    for event in history:
        if event.type == "invoke":
            invoked[event.process] = event.time
        elif event.type == "ok":
            took = (event.time - invoked[event.process]) / 1e9
            ok.append((event.time, took, 1 + max(1, len(event.value[1]))))
    kinds = set()
    leaders = sum(e.f == "leader" and ends[1] <= e.time < ends[4] for e in history)
    if leaders >= 5 and leaders >= (ends[4] - ends[1]) / 1e9:
        kinds.add("needless-elections")
    inside = [[d for t, d, _ in ok if ends[q] <= t < ends[q + 1]] for q in (1, 2, 3)]
    if min(map(len, inside)) < 50:
        return kinds
    given = [mean(n for t, _, n in ok if ends[q] <= t < ends[q + 1]) for q in (1, 2, 3)]
    held = {
        w: [sum(s[w] for s in m["servers"].values()) for m in measured] for w in ("disk", "memory")
    }
    sent = [m["messages"] for m in measured]
    middle = [sorted(d) for d in inside]
    series = {
        "message-cost-growth": (
            [(sent[q + 1] - sent[q]) / len(inside[q - 1]) for q in (1, 2, 3)],
            10,
        ),
        "latency-growth": (
            [(d[(len(d) - 1) // 2] + d[len(d) // 2]) / 2 for d in middle],
            0.1,
        ),
    }
    for what, kind, least in (
        ("disk", "disk-cost-growth", 20000),
        ("memory", "memory-cost-growth", 50),
    ):
        n = held[what]
        series[kind] = ([(n[q + 1] - n[q]) / len(inside[q - 1]) for q in (1, 2, 3)], least)
    for kind in ("message-cost-growth", "latency-growth"):
        costs, least = series[kind]
        for_as_much = [
            cost / max(1, gives / given[0]) for cost, gives in zip(costs, given, strict=True)
        ]
        series[kind] = for_as_much, least
    for kind, ((a, b, c), least) in series.items():
        a, b = max(a, 0), max(b, 0)
        if b >= 1.25 * a and c >= 1.25 * b and c >= 2 * a and c - a >= least:
            kinds.add(kind)
    return kinds


def test_reading_all_that_there_ever_was_may_cost_more_and_more():
    """Fewer histories show growth when what is read grows along with what it costs."""
    drawn = [random_history(random.Random(seed)) for seed in range(60)]
    flat, growing = (
        sum(not steady_costs().check(as_history(e, m, slope)).anomalies for e, m, _ in drawn)
        for slope in (0, 8)
    )
    assert flat < growing


def test_it_agrees_with_its_definition_on_random_histories():
    seen = set()
    for seed in range(200):
        history = as_history(*random_history(random.Random(seed)))
        verdict = steady_costs().check(history)
        kinds = {anomaly.kind for anomaly in verdict.anomalies}
        assert kinds == brutally(history), seed
        assert (verdict.validity is INVALID) == bool(kinds)
        seen |= kinds or {"none"}
    assert {"none", "needless-elections", "message-cost-growth", "disk-cost-growth"} <= seen


def test_the_limits_are_those_that_the_twin_and_the_docs_name():
    assert (costs.FACTOR, costs.STEP, FEW, costs.LEADERSHIPS) == (2.0, 1.25, 50, 5)
    assert (costs.MESSAGES, costs.SECONDS, costs.BYTES, costs.ITEMS) == (10.0, 0.1, 20000.0, 50.0)
    assert quarters(History.from_operations([]), []) == []
