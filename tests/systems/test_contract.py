"""What every registered system owes: quiet without faults, silent within its claims, deterministic;
and its planted bugs found, each under the seed that is pinned for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.nemesis.catalogue import resolve
from splitbrain.harness.planning import draw
from splitbrain.harness.searching.seeds import search
from splitbrain.systems import registry

SYSTEMS = {name: registry.SYSTEMS[name] for name in registry.SYSTEMS.ours}
BUGS = {bug.id: (system, bug) for system in SYSTEMS.values() for bug in system.bugs}
REFERENCES = [name for name, system in SYSTEMS.items() if system.form == "reference"]
WORKLOADS = [(name, workload) for name, each in SYSTEMS.items() for workload in each.workloads]

NEED_NO_FAULT = (
    "transactions-summary",
    "b-tree-summary",
    "partitioned-database-summary",
    "ring-store-summary",
    "cache-aside-summary",
    "load-balancer-summary",
    "graph-summary",
    "sharded-database-summary",
    "overload-summary",
)
"""Other operations are enough for these to fail."""

SILENT_SEEDS = range(500)
CHUNK = 25

PINNED = Path(__file__).with_name("pinned_seeds.json")
"""By bug, a seed under which its hunt finds it; `test_hunt` writes it with ``--pin-seeds``."""


def plan_of(
    name: str, workload: str, seed: int, faults: str = "all", *, seconds: float = 8.0
) -> Plan:
    """With all faults, among them those that only some systems claim to survive, and without those
    that this one doesn't."""
    system = SYSTEMS[name]
    if faults == "all" and system.claims is not None:
        kinds = resolve(("all", *system.claims.kinds))
        faults = ",".join(kind.id for kind in kinds if system.claims.tolerates(kind.id))
    plan = Plan(name, workload, nodes=system.nodes, seed=seed, time_limit=seconds, rate=30.0)
    # Who claims a number of servers loses everything with more, and there is nothing left to judge.
    counts = system.claims is not None and isinstance(system.claims.max_down, int)
    return draw(plan, faults, within=system.claims if counts and faults != "none" else None)


def rotated(name: str, seed: int, faults: str = "all") -> Plan:
    """The plan of a seed, with each of the system's workloads in its turn."""
    workloads = SYSTEMS[name].workloads
    # Long enough that operations of a rare kind succeed, too.
    return plan_of(name, workloads[seed // CHUNK % len(workloads)], seed, faults, seconds=12.0)


@pytest.mark.parametrize(("name", "workload"), [w for w in WORKLOADS if w[0] not in NEED_NO_FAULT])
def test_a_system_works_when_nothing_fails(name, workload):
    """The summary forms too, whose weaknesses show under faults only."""
    result = run(registry.experiment(plan_of(name, workload, 1, "none")), tracing=False)

    assert (result.validity, result.client_bugs) == (VALID, {}), result.verdicts


@pytest.mark.nightly(one_in=24)
@pytest.mark.parametrize(("name", "workload"), [(n, w) for n, w in WORKLOADS if n in REFERENCES])
def test_a_reference_is_silent_under_a_few_seeds_with_all_faults_on(name, workload):
    plans = [plan_of(name, workload, seed) for seed in range(4)]
    results = [run(registry.experiment(plan), tracing=False) for plan in plans]

    assert [r.plan.seed for r in results if r.validity is INVALID] == []
    assert [r.client_bugs for r in results if r.client_bugs] == []
    assert sum(result.validity is VALID for result in results) >= 2


@pytest.mark.nightly
@pytest.mark.parametrize("first", SILENT_SEEDS[::CHUNK])
@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_is_silent_over_hundreds_of_seeds_with_all_faults_on(name, first):
    seeds = range(first, first + CHUNK)
    found = search(lambda seed: registry.experiment(rotated(name, seed)), seeds)

    assert found.failure is None, found.failure and found.failure.verdicts
    # Under everything at once it happens that no operation of a rare kind succeeds.
    assert found.valid >= 2 * CHUNK // 3, f"nothing could be said of seeds {found.unknown}"


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_same_plan_gives_the_same_trace(name):
    plan = plan_of(name, SYSTEMS[name].workloads[0], 5)
    one, other = (run(registry.experiment(plan)) for _ in range(2))

    assert one.trace.digest() == other.trace.digest()
    assert one.history == other.history


def test_every_bug_has_a_pinned_seed():
    assert set(json.loads(PINNED.read_text())) == set(BUGS)


@pytest.mark.nightly(one_in=32)
@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found_under_its_pinned_seed_and_nothing_without_it(name):
    system, bug = BUGS[name]
    hunt = system.hunt(bug, json.loads(PINNED.read_text())[name])

    reference = registry.experiment(hunt.plan.with_(bug=None))
    with_bug, without = (run(each, tracing=False) for each in (hunt, reference))

    found = bug.shown_by(with_bug.verdicts)
    assert found, "not found: run this file with --pin-seeds, see CONTRIBUTING.md"
    assert without.validity is not INVALID, without.verdicts


@pytest.mark.nightly
@pytest.mark.parametrize("name", BUGS)
def test_hunt(name, request):
    """A planted bug is found within its budget; with ``--pin-seeds``, the seed is noted."""
    system, bug = BUGS[name]
    found = search(
        lambda seed: system.hunt(bug, seed),
        range(bug.seeds),
        wanted=lambda result: bug.shown_by(result.verdicts),
    )

    assert found.failure is not None, f"not found in {found.tried} runs"
    if request.config.getoption("--pin-seeds"):
        pin(name, found.failure.plan.seed)


def pin(name: str, seed: int) -> None:
    pinned = json.loads(PINNED.read_text()) if PINNED.exists() else {}
    pinned[name] = seed
    PINNED.write_text(json.dumps(dict(sorted(pinned.items())), indent=1) + "\n")
