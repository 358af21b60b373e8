"""Copies of messages that come late all along, while servers restart."""

from __future__ import annotations

import pytest

from splitbrain.harness.hunting.coincidence import resent
from splitbrain.harness.hunting.drawing import target_of
from splitbrain.harness.hunting.selecting import (
    COPYING,
    RESENT,
    RESTARTS,
    copies_all_along,
    kinds_for,
)
from splitbrain.harness.nemesis.catalogue import check_fault
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.plan import Plan
from splitbrain.systems import registry

ALL = ("all",)
SEEDS = range(2000)


def test_one_plan_in_ten_has_copies_all_along_while_servers_restart():
    chosen = [seed for seed in SEEDS if copies_all_along(ALL, None, seed)]

    assert abs(len(chosen) / len(SEEDS) - RESENT) < 0.02
    for seed in chosen:
        kinds = kinds_for(ALL, None, seed)
        assert kinds == "none" or set(kinds) & set(RESTARTS)
        assert kinds == "none" or len(kinds) <= 2


@pytest.mark.parametrize(
    "faults", [("none",), ("net.duplicate",), ("process.kill", "clock.bump"), ("process.pause",)]
)
def test_where_nothing_is_copied_or_nothing_restarts_there_are_none(faults):
    assert not any(copies_all_along(faults, None, seed) for seed in SEEDS)


def test_what_a_system_assumes_away_is_never_copied():
    claims = Claims(kinds=("process.kill",), assumes=("net.duplicate",))
    found = [copies_all_along(ALL, claims, seed) for seed in SEEDS]

    assert ["client.duplicate"] in found
    assert not any("net.duplicate" in kinds for kinds in found)


def test_copies_last_from_the_beginning_to_the_end_of_the_load():
    before = Plan("raft", "register", nodes=3, seed=5, time_limit=6.0)
    after = resent(before, COPYING, within=None)

    assert [fault.kind for fault in after.faults] == list(COPYING)
    for fault in after.faults:
        check_fault(fault, before.servers, ["c1"])
        assert (fault.at, fault.duration, fault.target) == (0.0, 6.0, "all")
        assert 0.3 <= fault.options["later"] <= 3.0


def test_copies_are_soon_there_where_restarts_are_hasty():
    before = Plan("raft", "register", nodes=3, seed=5, time_limit=6.0)
    for fault in resent(before, COPYING, within=None, hasty=True).faults:
        assert 0.02 <= fault.options["later"] <= 0.5


def test_within_claims_only_what_is_claimed_is_copied():
    before = Plan("raft", "register", nodes=3, seed=5, time_limit=6.0)
    after = resent(before, COPYING, within=Claims(kinds=("client.duplicate",)))

    assert [fault.kind for fault in after.faults] == ["client.duplicate"]


def test_a_hunted_plan_has_them():
    target = target_of(registry.SYSTEMS["records"])
    plans = [target.plan(seed) for seed in range(100)]
    ids = [{fault.id for fault in plan.faults} for plan in plans]

    assert sum("client_duplicate-copies" in each for each in ids) > 3
    assert all(len(set(each)) == len(plan.faults) for each, plan in zip(ids, plans, strict=True))
