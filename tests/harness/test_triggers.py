"""Faults that wait for something to happen: counted exactly, replayed exactly, made small."""

import json
from itertools import pairwise

import pytest
from small_register import Client, Durable

from splitbrain.harness.hunting import drawing
from splitbrain.harness.nemesis.catalogue import check_fault
from splitbrain.harness.nemesis.claims import Claims, regime
from splitbrain.harness.nemesis.nemesis import MOST_STRIKES
from splitbrain.harness.nemesis.triggers import EVENTS, words
from splitbrain.harness.plan import Fault, InvalidPlan, Plan, When
from splitbrain.harness.runs.running import run
from splitbrain.harness.shrinking import shrink
from splitbrain.harness.workloads import register
from splitbrain.reports.wording import fault_text
from splitbrain.systems import registry


class Hasty(Durable):
    """Answers a write once its fsync has begun: wrong only if the power fails within it."""

    async def run(self):
        node, values = self.node, {}
        if node.disk.exists("log"):
            for line in node.disk.read("log").splitlines():
                values.update(json.loads(line))
        while True:
            source, (_, identity, f, key, *arguments) = await node.network.receive()
            answer = values.get(key) if f == "read" else True
            if f == "cas" and values.get(key) != arguments[0]:
                answer = False
            elif f != "read":
                values[key] = arguments[-1]
                node.disk.append("log", json.dumps({key: values[key]}).encode() + b"\n")
                node.network.send(source, ("reply", identity, answer))
                await node.disk.fsync("log")
                continue
            node.network.send(source, ("reply", identity, answer))


def power_loss(when, **more):
    options = {"policy": "drop_unsynced"}
    more = {"at": 0.5, "duration": 0.2, "target": "itself", **more}
    return Fault("process.power_loss", options=options, id="p", when=when, **more)


def experiment(*faults, server=Durable, seed=0):
    plan = Plan("kv", "register", nodes=1, rate=30.0, time_limit=4.0, seed=seed, faults=faults)
    return plan.using(server, register(Client))


def starts(result):
    return [
        event
        for event in result.history
        if event.process == "nemesis"
        and isinstance(event.value, dict)
        and event.value.get("phase") == "start"
    ]


def test_the_power_goes_in_the_third_fsync():
    result = run(experiment(power_loss(When("fsync-begin", "n1", 3))))

    kinds = [event[1] for event in result.trace.events if event[0] >= 0.5]
    assert kinds[: kinds.index("power-loss")].count("fsync") == 2
    (start,) = starts(result)
    assert start.value["targets"] == ["n1"]


def test_it_strikes_each_time_that_it_has_counted_so_far():
    made = experiment(power_loss(When("fsync-begin", "n1", 3, every=True)))
    result = run(made.with_plan(made.plan.with_(time_limit=16.0)))

    struck = starts(result)
    assert [start.value["id"] for start in struck[:3]] == ["p", "p#2", "p#3"]
    assert 3 <= len(struck) <= MOST_STRIKES
    assert struck[0].value["detail"]["when"] == "after every 3 begun fsyncs of n1"
    kinds = [event[1] for event in result.trace.events if event[0] >= 0.5]
    losses = [place for place, kind in enumerate(kinds) if kind == "power-loss"]
    assert len(losses) == len(struck)
    # Between two strikes as many fsyncs end as before the first: the third never does.
    between = [kinds[a:b].count("fsync") for a, b in pairwise(losses)]
    assert set(between) <= {2, 3}


def test_what_strikes_again_and_again_is_written_read_and_ended_with_the_load():
    when = When("acknowledged", None, 1, every=True)
    fault = Fault("process.pause", 0.5, 0.02, "n1", id="p", when=when)
    plan = experiment(fault).plan
    assert Plan.from_json(plan.to_json()) == plan
    result = run(plan.using(Durable, register(Client)))

    assert len(starts(result)) == MOST_STRIKES
    assert result.signature == ""
    assert "every" not in When("leader").to_json()


def test_an_operation_is_counted_when_it_is_acknowledged():
    result = run(experiment(power_loss(When("acknowledged", None, 5), target="n1")))

    (start,) = starts(result)
    done = [e for e in result.history if e.type == "ok" and 5e8 <= e.time <= start.time]
    assert len(done) == 5
    assert done[-1].time == start.time


def raft_plan(event, seed=1):
    fault = Fault("process.kill", 0.0, 0.3, "itself" if event != "acknowledged" else "leader")
    fault = Fault(fault.kind, 0.0, 0.3, fault.target, {}, "k", When(event))
    return Plan("raft", "register", nodes=3, seed=seed, time_limit=3.0, faults=(fault,))


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_of_a_server_can_be_waited_for_and_replayed(event):
    first = run(registry.experiment(raft_plan(event)))
    again = run(registry.experiment(Plan.from_json(raft_plan(event).to_json())))

    assert len(starts(first)) == 1
    assert first.trace.digest() == again.trace.digest()


def test_what_never_happens_strikes_nobody_and_changes_nothing():
    waiting = run(experiment(power_loss(When("fsync-begin", "n1", 100_000))))
    alone = run(experiment())

    assert starts(waiting) == []
    assert waiting.trace.digest() == alone.trace.digest()


def test_a_plan_without_triggers_is_written_as_before():
    fault = Fault("process.kill", 1.0, id="k")
    assert "when" not in fault.to_json()
    plan = experiment(power_loss(When("write", None, 2))).plan
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert "message" not in plan.faults[0].when.to_json()
    kinds = experiment(power_loss(When("receive", None, 2, message="request"))).plan
    assert Plan.from_json(json.loads(json.dumps(kinds.to_json()))) == kinds


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (power_loss(When("fsync-beginn")), "it waits for 'fsync-beginn': did you mean"),
        (power_loss(When("write", "n9")), "it waits for 'n9': give one of n1"),
        (power_loss(When("acknowledged")), "operations are acknowledged to clients"),
        (power_loss(When("write", None, 0)), "give 1 for the first"),
        (power_loss(When("write", message="read")), "only send and receive may count one kind"),
        (power_loss(None), "only what waits for a server can strike itself"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(fault, sentence):
    with pytest.raises(InvalidPlan, match=sentence):
        check_fault(fault, ("n1",), ("c1",))


def test_a_plan_with_a_strange_trigger_is_refused():
    plan = experiment(power_loss(When("write"))).plan.to_json()
    plan["faults"][0]["when"]["often"] = True
    with pytest.raises(InvalidPlan, match="when"):
        Plan.from_json(plan)


def test_a_fault_that_waits_may_be_under_way_at_any_time():
    faults = [
        Fault("process.kill", 0.0, 0.1, "itself", when=When("write"), id="a"),
        Fault("process.kill", 2.0, 0.1, "n1", id="b"),
    ]
    assert regime(faults, 3, Claims(("process",))) == "beyond"
    assert regime(faults[:1], 3, Claims(("process",))) == "survivable"


def test_what_times_alone_hardly_find_a_trigger_finds_at_once():
    def fails(fault, seed):
        return bool(run(experiment(fault, server=Hasty, seed=seed), tracing=False).signature)

    by_time = [fails(power_loss(None, at=1.0 + seed / 7, target="n1"), seed) for seed in range(12)]
    by_event = [fails(power_loss(When("fsync-begin", None, 7)), seed) for seed in range(12)]
    assert sum(by_time) <= 1
    assert sum(by_event) >= 4


def test_messages_beside_unsynced_data_are_counted_alone():
    # Hasty answers writes before its fsync has ended, and reads when there is nothing to sync.
    result = run(experiment(power_loss(When("unsynced-send", None, 3)), server=Hasty))
    (start,) = starts(result)
    before = [e for e in result.trace.events if round(e[0] * 1e9) <= start.time]
    begun = [e for e in before if round(e[0] * 1e9) >= 0.5e9]
    fsyncs = [e for e in begun if e[1] == "fsync" and e[2] == "n1"]
    answers = [e for e in begun if e[1] == "send" and e[2] == "n1"]
    assert len(fsyncs) in (2, 3)  # one may have been under way when the count began
    assert len(answers) > 3


def test_a_power_loss_that_waits_for_a_hasty_answer_finds_it():
    def fails(seed):
        fault = power_loss(When("unsynced-send", None, 7))
        return bool(run(experiment(fault, server=Hasty, seed=seed), tracing=False).signature)

    assert sum(map(fails, range(6))) >= 4


class Gossip(Durable):
    """Says something to itself at each write: each fifth time a secret, else small talk."""

    async def run(self):
        network, values, said = self.node.network, {}, 0
        while True:
            source, message = await network.receive()
            if message[0] in ("secret", "small talk"):
                continue
            (_, identity, f, key, *arguments), answer = message, True
            if f == "read":
                answer = values.get(key)
            elif f == "cas" and values.get(key) != arguments[0]:
                answer = False
            else:
                values[key] = arguments[-1]
                said += 1
                network.send("n1", ("secret" if said % 5 == 0 else "small talk", said))
            network.send(source, ("reply", identity, answer))


def sent_before(result, start):
    """What n1 sent itself before the fault struck, by kind."""
    return [
        event[5][0]
        for event in result.trace.events
        if event[1] == "send"
        and event[2] == event[3] == "n1"
        and round(event[0] * 1e9) <= start.time
    ]


def test_messages_of_one_kind_are_counted_alone():
    pause = Fault(
        "process.pause", 0.0, 0.1, "itself", {}, "p", When("send", "n1", 3, message="secret")
    )
    result = run(experiment(pause, server=Gossip))
    (start,) = starts(result)
    said = sent_before(result, start)
    assert said.count("secret") == 3
    assert said[-1] == "secret"


def test_messages_are_rare_as_long_as_few_of_their_kind_were_sent():
    # Eight small talks and eight replies are rare, and each secret is.
    pause = Fault("process.pause", 0.0, 0.1, "itself", {}, "p", When("rare-send", "n1", 20))
    result = run(experiment(pause, server=Gossip))
    (start,) = starts(result)
    said = sent_before(result, start)
    assert said.count("small talk") > 8
    assert said.count("secret") == 20 - 8 - 8
    assert said[-1] == "secret"


def test_what_strikes_again_and_again_strikes_once_if_that_is_enough():
    for seed in range(12):
        when = When("fsync-begin", None, 2, every=True)
        made = experiment(power_loss(when), server=Hasty, seed=seed)
        failing = run(made, tracing=False)
        if failing.signature:
            break
    (fault,) = shrink(made, failing, budget=200).run.plan.faults
    assert not fault.when.every


def test_shrinking_keeps_the_trigger_and_makes_its_count_smaller():
    for seed in range(12):
        made = experiment(power_loss(When("fsync-begin", None, 20)), server=Hasty, seed=seed)
        failing = run(made, tracing=False)
        if failing.signature:
            break
    small = shrink(made, failing, budget=200).run.plan

    (fault,) = small.faults
    assert fault.when.event == "fsync-begin"
    assert fault.when.count < 5
    assert len(small.operations) <= 6


def test_a_report_says_what_a_fault_waited_for():
    assert words(When("fsync-end", "n2", 3)) == "after the third ended fsync of n2"
    assert (
        words(When("send", "n2", 3, message="append")) == "after the third message 'append' from n2"
    )
    assert words(When("unsynced-send", "n2", 2)) == (
        "after the second message beside unsynced data from n2"
    )
    assert words(When("rare-send")) == "after the first rare message from any server"
    detail = {"when": words(When("leader"))}
    text = fault_text("process.kill", ["n1"], ["n1", "n2"], "start", detail)
    assert text.endswith(", after the first announcement of leadership by any server")


def test_hunts_draw_triggers_and_leave_all_else_of_the_faults_as_it_is(monkeypatch):
    target = drawing.target_of(registry.SYSTEMS["raft"])
    plans = [drawing.plan_for(target, seed) for seed in range(100)]
    monkeypatch.setattr(drawing, "TRIGGERS", 0.0)
    timed = [drawing.plan_for(target, seed) for seed in range(100)]

    events = {fault.when.event for plan in plans for fault in plan.faults if fault.when}
    assert events == set(EVENTS)
    assert 15 < sum(any(fault.when for fault in plan.faults) for plan in plans) < 45
    for plan, other in zip(plans, timed, strict=True):
        before = [(f.id, f.kind, f.at, f.duration, f.options) for f in other.faults]
        assert [(f.id, f.kind, f.at, f.duration, f.options) for f in plan.faults] == before
        for fault in plan.faults:
            check_fault(fault, plan.servers, plan.client_hosts)
