"""Verdicts are proved by other code than that which found them, and forgeries are refused."""

import copy
import random

import pytest
from isolation_twin import HISTORIES, random_history

from splitbrain.checkers.certificate import CertificateError, NoCertificate
from splitbrain.checkers.isolation.lists.checker import list_append
from splitbrain.checkers.isolation.notation import transactions
from splitbrain.checkers.isolation.recheck.cycles import kind_of
from splitbrain.checkers.isolation.recheck.verdicts import verify
from splitbrain.checkers.isolation.registers.checker import rw_register
from splitbrain.checkers.verdict import UNKNOWN, VALID, Verdict

APPEND_LEVELS = (None, "serializable", "strong-session-serializable", "snapshot-isolation")


@pytest.mark.parametrize("level", APPEND_LEVELS)
def test_every_verdict_on_list_append_is_proved(level):
    rng = random.Random(f"certificates {level}")
    proved = {"order": 0, "schedule": 0, "anomalies": 0}
    for _ in range(HISTORIES // 6):
        history = random_history(rng)
        verdict = list_append(level).check(history)
        if verdict.validity is UNKNOWN:
            continue
        read_back = Verdict.from_json(verdict.to_json())
        sentence = verify(history, read_back)
        proved[next(word for word in proved if word[:5] in sentence)] += 1
    assert proved["order"] > 50
    assert proved["anomalies"] > 50


OPTIONS = {
    "initial": {"initial": True},
    "follow": {"initial": True, "writes_follow_reads": True},
    "sequential": {"sequential_keys": True},
    "linearizable": {"initial": True, "linearizable_keys": True},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_refutation_of_registers_is_proved(name):
    rng = random.Random(f"register certificates {name}")
    proved = 0
    for _ in range(HISTORIES // 20):
        history = random_history(rng, registers=True)
        verdict = rw_register(**OPTIONS[name]).check(history)
        if verdict.anomalies:
            verify(history, verdict)
            proved += 1
    assert proved > 50


@pytest.mark.parametrize("level", ["strong-serializable", "snapshot-isolation"])
def test_orders_of_the_complete_search_are_proved(level):
    pytest.importorskip("pysat")
    rng = random.Random(f"complete certificates {level}")
    proved = 0
    for _ in range(HISTORIES // 12):
        history = random_history(rng, registers=True)
        verdict = rw_register(level, complete=True).check(history)
        if verdict.validity is VALID:
            verify(history, verdict)
            proved += 1
    assert proved > 50


def test_write_skew_is_snapshot_isolated_by_a_schedule():
    history = transactions("T1: rx ay1 | T2: ry ax1")
    verdict = list_append("snapshot-isolation").check(history)
    assert (
        sorted(what for _, what in verdict.certificate["schedule"])
        == ["begin"] * 2 + ["commit"] * 2
    )
    verify(history, verdict)


@pytest.mark.parametrize(
    ("types", "kind"),
    [
        (["ww", "ww"], "G0"),
        (["ww", "wr"], "G1c"),
        (["rw", "ww"], "G-single"),
        (["rw", "wr", "rw", "ww"], "G-nonadjacent"),
        (["rw", "wr", "rw"], "G2-item"),
        (["rw", "rw"], "G2-item"),
        (["ww", "process"], "G0-process"),
        (["wr", "realtime"], "G1c-realtime"),
        (["rw", "realtime", "process"], "G-single-realtime"),
    ],
)
def test_a_cycle_is_named_by_its_steps(types, kind):
    assert kind_of(types) == kind


def forged(verdict, change):
    data = copy.deepcopy(verdict.to_json())
    change(data)
    return Verdict.from_json(data)


CYCLE = "T1: ax1 ay1 | T2: ax2 ay2 | T3: rx12 ry21"

FORGERIES = [
    (CYCLE, lambda d: d["anomalies"][0]["details"]["cycle"][0].update(next=7)),
    (CYCLE, lambda d: d["anomalies"][0]["details"]["cycle"][0].update(key="z")),
    (CYCLE, lambda d: d["anomalies"][0]["details"]["cycle"][0].update({"to operation": 2})),
    (CYCLE, lambda d: d["anomalies"][0]["details"]["cycle"].pop()),
    (CYCLE, lambda d: d["anomalies"][0].update(kind="G1c")),
    (CYCLE, lambda d: d["anomalies"][0]["details"]["cycle"][0].update({"from operation": 99})),
    ("T1!: ax1 | T2: rx1", lambda d: d["anomalies"][0].update(kind="G1b")),
    ("T1!: ax1 | T2: rx1", lambda d: d["anomalies"][0]["details"].update(key="y")),
    ("T1: ax1 rx", lambda d: d["anomalies"][0].update(kind="future-read")),
    ("T1: ax1 | T2: rx1 | T3: rx", lambda d: d["certificate"]["order"].reverse()),
    ("T1: ax1 | T2: rx1 | T3: rx", lambda d: d["certificate"]["order"].pop()),
    ("T1: ax1 | T2: rx1 | T3: rx", lambda d: d["certificate"]["order"].append(0)),
    (CYCLE, lambda d: d.update(checker="list-append(serializable)")),
    ("T1: ax1 || T2: ay1 rx1", lambda d: d["certificate"]["order"].reverse()),
    ("T1: ax1 || T2: ay1 ry1", lambda d: d["certificate"]["order"].reverse()),
    ("T1: ax1 | T2: rx1", lambda d: d["certificate"].pop("order")),
]


@pytest.mark.parametrize(("text", "change"), FORGERIES)
def test_forgeries_are_refused(text, change):
    history = transactions(text)
    verdict = list_append().check(history)
    verify(history, verdict)
    with pytest.raises(CertificateError):
        verify(history, forged(verdict, change))


VERSIONS = "T1: wx1 || T2: wx2 || T3: rx1"


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["certificate"].update(assumptions=[]),
        lambda d: d["anomalies"][0]["details"]["versions"].pop(),
        lambda d: d["anomalies"][0]["details"]["versions"][0].update(value=3),
        lambda d: d["anomalies"][0]["details"]["versions"][0].update({"first operation": 2}),
    ],
)
def test_versions_that_do_not_contradict_each_other_are_refused(change):
    history = transactions(VERSIONS, registers=True)
    verdict = rw_register(linearizable_keys=True).check(history)
    assert verdict.anomalies[0].kind == "cyclic-versions"
    verify(history, verdict)
    with pytest.raises(CertificateError):
        verify(history, forged(verdict, change))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["certificate"].pop("order"),
        lambda d: d["certificate"].pop("consistency"),
        lambda d: d.update(validity="unknown"),
        lambda d: d.update(checker="set"),
    ],
)
def test_what_is_no_certificate_is_told_from_a_wrong_one(change):
    history = transactions("T1: ax1 | T2: rx1")
    with pytest.raises(NoCertificate):
        verify(history, forged(list_append().check(history), change))


def test_a_cycle_without_a_witness_is_no_verdict():
    verdict = list_append().check(transactions(CYCLE))
    with pytest.raises(ValueError, match="without a witness"):
        forged(verdict, lambda d: d["anomalies"].clear())


@pytest.mark.parametrize("order", [[[1]], 3])
def test_an_order_of_what_is_no_operation_is_no_verdict(order):
    history = transactions("T1: ax1 | T2: rx1")
    with pytest.raises(TypeError, match="order"):
        forged(list_append().check(history), lambda d: d["certificate"].update(order=order))
