"""docs/node.md names all that a node has; docs/runs.md has the numbers that the code has."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from splitbrain.checkers.invariants import resting
from splitbrain.harness import plan
from splitbrain.harness.client import TIMEOUT_S
from splitbrain.harness.hunting.hunt import AGAIN_EVERY
from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.node import Clock, Disk, Network, Node
from splitbrain.harness.runs import finals, phases
from splitbrain.harness.searching.seeds import TWICE_EVERY
from splitbrain.harness.simulation import watchdog
from splitbrain.harness.simulation.disk import SECTOR
from splitbrain.harness.simulation.ground import FSYNC_LATENCY_S
from splitbrain.harness.simulation.network import NetworkParameters
from splitbrain.harness.workloads.parts.options import SHARED

DOCS = Path(__file__).parents[2] / "docs"
NODE = (DOCS / "node.md").read_text()
RUNS = (DOCS / "runs.md").read_text()
NETWORK = NetworkParameters()


def public(protocol):
    return [name for name in vars(protocol) if not name.startswith("_")]


@pytest.mark.parametrize("name", public(Node))
def test_every_part_of_a_node_is_told(name):
    assert f"node.{name}" in NODE


@pytest.mark.parametrize(
    ("protocol", "name"),
    [(protocol, name) for protocol in (Network, Disk, Clock) for name in public(protocol)],
)
def test_every_method_is_told_with_its_arguments(protocol, name):
    arguments = [
        parameter.name
        if parameter.default is inspect.Parameter.empty
        else f"{parameter.name}={parameter.default}"
        for parameter in inspect.signature(getattr(protocol, name)).parameters.values()
        if parameter.name != "self"
    ]

    assert f"{name}({', '.join(arguments)})" in NODE


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
def test_every_policy_of_a_power_loss_is_told(policy):
    assert f"| `{policy}` |" in NODE


@pytest.mark.parametrize(
    "said",
    [
        f"takes {1e3 * NETWORK.latency[0]:g} to {1e3 * NETWORK.latency[1]:g} ms",
        f"one in {1 / NETWORK.late:.0f} takes up to {1e3 * NETWORK.lateness:g} ms more",
        f"gives an operation up after {TIMEOUT_S:g} s",
        f"{SECTOR}-byte sectors",
        f"take {500 * FSYNC_LATENCY_S:g} to {1500 * FSYNC_LATENCY_S:g} ms",
    ],
)
def test_a_node_s_numbers_are_the_code_s(said):
    assert said in NODE


@pytest.mark.parametrize("field", plan.Plan.__dataclass_fields__)
def test_every_field_of_a_plan_is_told(field):
    assert f"`{field}`" in RUNS


@pytest.mark.parametrize("option", [name for name in SHARED if name != "ground"])
def test_every_option_that_is_no_workload_s_is_told(option):
    assert f"`{option}" in RUNS


@pytest.mark.parametrize(
    "said",
    [
        f"form {plan.FORMAT}",
        f"{plan.MOST_NODES} servers, {plan.MOST_CLIENTS} clients",
        f"at most {plan.MOST_FAULTS:,} |",
        f"`operation_timeout` | {TIMEOUT_S:g} |",
        f"`network.latency` | {list(NETWORK.latency)} |",
        f"`network.lateness` | {NETWORK.late:g}, {NETWORK.lateness:g} |",
        f"`disk.fsync_latency` | {FSYNC_LATENCY_S:g} |",
        f"settle ({phases.SETTLE_SECONDS:g} s)",
        f"within {finals.ATTEMPTS} attempts of {finals.TIMEOUT_SECONDS:g} s each",
        f"{resting.STORM:,} messages a server and second",
        f"each second, to {resting.GROWING:,} |",
        f"{resting.UNREAD} messages more",
        f"{resting.ITEMS} items more",
        f"{resting.BYTES >> 20} MiB more",
        f"{resting.LEADERSHIPS} leaderships announced",
        f"{resting.RETURNS} announcements of the same ranges",
        f"{watchdog.ROUNDS_AT_ONCE:,} rounds |",
        f"{watchdog.ACTS_A_SECOND:,} of these in a virtual second",
        f"{watchdog.TASKS:,} tasks at once",
        f"after {watchdog.limits.cpu_seconds:g} s of CPU time",
        f"every {TWICE_EVERY}th after it",
        f"repeats every {AGAIN_EVERY}th run",
    ],
)
def test_the_numbers_of_a_run_are_the_code_s(said):
    assert said in RUNS
