"""Names of faults, and what each takes."""

import pytest

from splitbrain.harness.nemesis.catalogue import KINDS, check_fault, named, resolve
from splitbrain.harness.plan import Fault, InvalidPlan
from splitbrain.harness.streams import stream

SERVERS = ("n1", "n2", "n3")


def ids(names):
    return [kind.id for kind in resolve(names)]


@pytest.mark.parametrize(
    ("names", "meant"),
    [
        ("partition,bump,drift", ["net.partition", "clock.bump", "clock.drift"]),
        ("drift , bump, partition", ["net.partition", "clock.bump", "clock.drift"]),
        ("clock", [kind.id for kind in KINDS if kind.family == "clock"]),
        ("crash", ["process.kill"]),
        ("power-loss", ["process.power_loss"]),
        ("process.pause", ["process.pause"]),
        ("oneway", ["net.partition_oneway"]),
        ("delay,loss,duplicate", ["net.latency", "net.loss", "net.duplicate"]),
        ("clock-jump,clock-drift", ["clock.bump", "clock.drift"]),
        ("figure8,rollback", ["scenario.figure8", "scenario.rollback"]),
        ("scenario", [kind.id for kind in KINDS if kind.family == "scenario"]),
        ("network", [kind.id for kind in KINDS if kind.family == "net" and not kind.apart]),
        ("all", [kind.id for kind in KINDS if not (kind.by_name or kind.apart)]),
        ("kill,all", [kind.id for kind in KINDS if not (kind.by_name or kind.apart)]),
        ("disk", [kind.id for kind in KINDS if kind.family == "disk" and not kind.real]),
        (
            "disk,version,service,member,leader,shard,change,lease,stamp,all",
            [kind.id for kind in KINDS if not kind.apart],
        ),
        ("net,slicer,reset-connections", [k.id for k in KINDS if k.family == "net" and not k.real]),
        ("program", ["program.reorder", "program.buggify"]),
        ("bandwidth,sigterm", ["process.terminate", "net.bandwidth"]),
        ("none", []),
        ("", []),
        (("kill", "pause"), ["process.kill", "process.pause"]),
    ],
)
def test_people_name_faults_by_id_alias_or_family(names, meant):
    assert ids(names) == meant


def test_kinds_stand_for_themselves():
    assert resolve(resolve("clock")) == resolve("clock")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("partitoin", "partition"),
        ("net.partion", "net.partition"),
        ("clok", "clock"),
        (
            "earthquake!",
            "families: member, leader, shard, process, change, lease, stamp, version, service, "
            "net, program, clock, disk, client, scenario",
        ),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest_ones(name, hint):
    with pytest.raises(InvalidPlan) as raised:
        resolve(f"kill,{name}")

    assert name in str(raised.value)
    assert hint in str(raised.value)


def test_no_name_means_two_things():
    words = [word for kind in KINDS for word in (kind.id, *kind.aliases)] + [
        *{kind.family for kind in KINDS},
        "all",
    ]

    assert len(words) == len(set(words))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_a_kind_is_complete(kind):
    assert named(kind.id) is kind
    assert kind.description.endswith(".")
    assert set(kind.weights) <= set(kind.targets)
    for seed in range(50):
        options = kind.draw(stream(seed, "options"))
        check_fault(Fault(kind.id, 1.0, 1.0, kind.targets[0], options), SERVERS)


def test_defaults_are_within_their_own_bounds():
    for kind in KINDS:
        for parameter in kind.parameters:
            assert parameter.problem(parameter.default) is None, (kind.id, parameter.name)


def test_options_left_out_have_their_defaults():
    kind, options = check_fault(Fault("net.latency", 1.0, 1.0, options={"delay": 0.2}), SERVERS)

    assert kind.id == "net.latency"
    assert options == {"delay": 0.2, "scope": "all"}


def test_a_fault_may_name_servers():
    check_fault(Fault("process.kill", 1.0, target="n1,n3"), SERVERS)


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        (Fault("net.partion", 1.0), "did you mean net.partition"),
        (Fault("process.kill", -1.0), "at is -1.0: it can't be negative"),
        (Fault("process.kill", 1.0, float("inf")), "duration is inf"),
        (Fault("process.kill", "soon"), "at is 'soon': give seconds"),
        (Fault("process.kill", 1.0, target="n4"), "target 'n4' names no server"),
        (Fault("process.kill", 1.0, target="n1,n9"), "target 'n1,n9' names no server"),
        (Fault("process.kill", 1.0, target="c1"), "give one of n1, n2, n3, or one, leader"),
        (Fault("process.kill", 1.0, options={"policy": "x"}), "unknown option 'policy'"),
        (Fault("net.partition", 1.0, options={"shap": "one"}), "it has shape"),
        (Fault("net.partition", 1.0, options={"shape": "cube"}), "one of halves, one, leader"),
        (Fault("net.loss", 1.0, options={"probability": 1.5}), "between 0 and 1"),
        (Fault("net.loss", 1.0, options={"probability": "0.5"}), "it is a number"),
        (Fault("net.loss", 1.0, options={"probability": True}), "it is a number"),
        (Fault("clock.drift", 1.0, options={"rate": 0}), "between 0.01 and 100"),
        (Fault("scenario.figure8", 1.0, target="n1"), "can't strike 'n1': give one, leader"),
        (Fault("scenario.rollback", 1.0, target="all"), "can't strike 'all'"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_with_the_reason(fault, complaint):
    with pytest.raises(InvalidPlan) as raised:
        check_fault(fault, SERVERS)

    assert complaint in str(raised.value)
