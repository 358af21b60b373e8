"""Servers with networks of their own: real packets, and what faults do to them."""

import sys

import pytest
from forwarding_system import Client, store
from small_register import Client as NodeClient
from small_register import Durable

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness import Fault, InvalidPlan, Plan, run
from splitbrain.harness.processes.network import networks
from splitbrain.harness.runs.running import check_plan
from splitbrain.harness.workloads import register

WHY = networks.unavailable() if sys.platform == "linux" else "the ground needs Linux"
needs_networks = pytest.mark.skipif(WHY is not None, reason=str(WHY))

PLAN = Plan("", "", nodes=3, clients=4, time_limit=2.5, rate=60.0, ground="namespaces")
CUT = Fault("net.partition", 0.4, 0.5, "n1", id="cut")
FAULTS = (
    CUT,
    Fault("net.loss", 0.4, 1.6, "n1", options={"probability": 0.3}, id="loss"),
    Fault("net.latency", 1.0, 0.6, "n1", options={"delay": 0.02}, id="delay"),
    Fault("net.bandwidth", 1.0, 0.6, "n1", options={"rate": 20000.0}, id="narrow"),
    Fault("net.duplicate", 0.4, 1.6, "n1", options={"probability": 0.5}, id="twice"),
)


def effects(result):
    return {e.value["id"]: e.value["effect"] for e in result.history if "effect" in str(e.value)}


@pytest.mark.slow
@needs_networks
def test_faults_act_on_packets_and_who_counts_requests_is_right():
    result = run(PLAN.with_(faults=FAULTS).using(store(), register(Client)))
    assert result.validity is not INVALID, [(v.checker, v.reason) for v in result.verdicts]
    seen = effects(result)
    assert seen.keys() == {fault.id for fault in FAULTS}
    assert all(seen.values())
    packets = {event[5][1] for event in result.trace.events if event[1] == "send" and event[5]}
    assert {"udp", "tcp"} <= packets


@pytest.mark.nightly
@needs_networks
def test_who_does_twice_what_a_network_repeats_is_found():
    twice = {"probability": 0.5, "later": 0.2}
    fault = Fault("net.duplicate", 0.2, 2.0, "n1", options=twice, id="twice")
    plan = PLAN.with_(faults=(fault,), options={"keys": 1})
    result = run(plan.using(store("careless"), register(Client)))
    assert result.signature.startswith("linearizable")


def test_a_machine_without_such_networks_refuses_with_the_reason(monkeypatch):
    monkeypatch.setattr(networks, "unavailable", lambda: "nobody may have one here")
    with pytest.raises(InvalidPlan, match="a network for each server, and nobody may have one"):
        check_plan(PLAN.using(store(), register(Client)))


def test_a_program_without_ports_needs_no_network(monkeypatch):
    monkeypatch.setattr(networks, "unavailable", lambda: None)
    with pytest.raises(
        InvalidPlan, match=r"networks for programs with ports, and .* asks for none"
    ):
        check_plan(PLAN.using(Durable, register(NodeClient)))


def test_what_does_nothing_to_streams_is_refused_where_there_are_only_these():
    plan = PLAN.with_(faults=(Fault("net.duplicate", 0.1, 0.1),), ground="processes")
    with pytest.raises(InvalidPlan, match="TCP delivers once what comes twice"):
        check_plan(plan.using(store(), register(Client)))
