"""Some faults come together, where and when another one strikes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from splitbrain.harness.hunting.coincidence import (
    AFTER_S,
    BEFORE_S,
    HASTE_S,
    MOST_PROLONGED,
    coinciding,
    hastily,
    prolonged,
    unmended,
)
from splitbrain.harness.hunting.drawing import target_of
from splitbrain.harness.nemesis.catalogue import check_fault, named
from splitbrain.harness.plan import Fault, Plan
from splitbrain.harness.planning import draw
from splitbrain.systems import registry

KINDS = ("net.partition_oneway", "clock.backward", "process.pause", "process.kill", "member.dead")


def drawn(seed, kinds=KINDS):
    return draw(Plan("raft", "register", nodes=5, seed=seed, time_limit=10.0), list(kinds))


def meet(one, other):
    """Whether two faults strike the same server, the one about when the other begins."""
    near = -BEFORE_S - 0.001 <= one.at - other.at <= AFTER_S + 0.001
    return near and one.kind != other.kind and one.target == other.target not in ("one", "all")


def meetings(plan):
    return sum(any(meet(one, other) for other in plan.faults) for one in plan.faults)


@pytest.mark.parametrize("survivable", [False, True])
def test_the_faults_are_those_that_there_were(survivable):
    for seed in range(30):
        before = drawn(seed)
        after = coinciding(before, survivable=survivable)
        was = {fault.id: fault for fault in before.faults}

        assert sorted(was) == sorted(fault.id for fault in after.faults)
        assert after == coinciding(before, survivable=survivable)
        assert [f.at for f in after.faults] == sorted(f.at for f in after.faults)
        for fault in after.faults:
            old = was[fault.id]
            check_fault(fault, before.servers, ["c1"])
            assert (fault.kind, fault.duration, fault.options) == (
                old.kind,
                old.duration,
                old.options,
            )
            assert fault.at + fault.duration <= before.time_limit + 0.001
            assert fault.target in (old.target, "leader", *before.servers)


def test_many_more_of_them_meet():
    plans = [drawn(seed) for seed in range(30)]
    before = sum(meetings(plan) for plan in plans)
    after = sum(meetings(coinciding(plan, survivable=False)) for plan in plans)

    assert after > 2 * before


def test_within_claims_no_fault_moves_that_takes_servers_down():
    for seed in range(30):
        before = drawn(seed)
        after = {f.id: f for f in coinciding(before, survivable=True).faults}
        for fault in before.faults:
            if named(fault.kind).nodes_down:
                assert after[fault.id].at == fault.at


def test_a_kind_that_cannot_strike_one_server_keeps_its_targets():
    kinds = ("service.load_spike", "process.pause", "net.partition_oneway")
    for seed in range(60):
        after = coinciding(drawn(seed, kinds), survivable=False)
        for fault in after.faults:
            check_fault(fault, after.servers, ["c1"])
            assert fault.kind != "service.load_spike" or fault.target == "all"


def test_clients_faults_come_when_servers_do_and_keep_their_targets():
    moved = 0
    for seed in range(30):
        before = drawn(seed, ("client.pause", "process.kill"))
        was = {fault.id: fault for fault in before.faults}
        after = coinciding(before, survivable=True).faults
        kills = [fault.at for fault in after if fault.kind == "process.kill"]
        for fault in after:
            check_fault(fault, before.servers, ["c1"])
            if fault.kind == "client.pause":
                assert fault.target == was[fault.id].target
            if fault.at != was[fault.id].at:
                last = fault.at + fault.duration > before.time_limit - 0.002
                near = any(-BEFORE_S <= fault.at - at <= AFTER_S + 0.001 for at in kills)
                assert near or last
                moved += 1

    assert moved > 10


def test_what_has_no_other_beside_it_stays():
    plan = drawn(1, ("clock.backward",))
    alone = plan.with_(faults=(Fault("process.kill", at=1.0, duration=0.5, target="one", id="a"),))

    assert coinciding(plan, survivable=False) == plan
    assert coinciding(alone, survivable=False) == alone


@pytest.mark.parametrize("survivable", [False, True])
def test_a_few_faults_last_longer_and_few_others_are_left(survivable):
    for seed in range(30):
        before = drawn(seed)
        after = prolonged(before, survivable=survivable)
        was = {fault.id: fault for fault in before.faults}
        longer = [fault for fault in after.faults if fault.duration > was[fault.id].duration]

        assert after == prolonged(before, survivable=survivable)
        assert len(longer) <= MOST_PROLONGED
        assert all(fault.at + fault.duration <= before.time_limit + 0.001 for fault in longer)
        down = [fault for fault in longer if named(fault.kind).nodes_down]
        assert not (survivable and down)
    left = [len(prolonged(drawn(seed), survivable=False).faults) for seed in range(30)]
    assert sum(left) < sum(len(drawn(seed).faults) for seed in range(30)) / 2


def test_hasty_restarts_are_over_soon_and_nothing_else_is_changed():
    for seed in range(30):
        before = drawn(seed)
        after = hastily(before, ["process.kill"])

        assert after == hastily(before, ["process.kill"])
        for old, new in zip(before.faults, after.faults, strict=True):
            if old.kind != "process.kill":
                assert new == old
                continue
            assert new == replace(old, duration=new.duration)
            assert HASTE_S[0] <= new.duration <= HASTE_S[1]


def test_hunts_restart_servers_faster_than_messages_travel():
    target = target_of(registry.SYSTEMS["raft"])
    plans = [target.plan(seed) for seed in range(300)]
    hasty = [plan for plan in plans if restarts_within_a_message(plan)]

    assert len(hasty) >= 6


def test_hunts_lose_power_as_something_gets_ahead_of_what_it_rests_on():
    target = target_of(registry.SYSTEMS["raft"])
    faults = [fault for seed in range(150) for fault in target.plan(seed).faults]
    ahead = [fault for fault in faults if fault.when and fault.when.event == "unsynced-send"]

    assert len(ahead) >= 5
    assert {(fault.kind, fault.target) for fault in ahead} == {("process.power_loss", "itself")}


def restarts_within_a_message(plan):
    """Whether a server of it is up again before a message that was under way need have arrived."""
    _, most = plan.options.get("network", {}).get("latency", (0.0005, 0.002))
    restarts = [f for f in plan.faults if f.kind in ("process.kill", "process.power_loss")]
    return any(fault.duration < most for fault in restarts)


def test_some_clocks_stay_wrong_and_nothing_else_is_changed():
    plans = [drawn(seed, ["clock.bump", "process.kill"]) for seed in range(30)]
    for before in plans:
        for old, new in zip(before.faults, unmended(before).faults, strict=True):
            assert new == old or (new.kind, new.duration) == ("clock.bump", 0.0)
    clocks = [f for plan in plans for f in unmended(plan).faults if f.kind == "clock.bump"]
    assert 0.2 < sum(fault.duration == 0 for fault in clocks) / len(clocks) < 0.6
