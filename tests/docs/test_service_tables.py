"""The table of services names what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from splitbrain.harness.workloads import WORKLOADS
from splitbrain.systems import registry

PAGE = (Path(__file__).parents[2] / "docs" / "services.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.partition("Other names")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| what")
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_systems_run_the_workloads_and_have_the_bugs(row):
    _, systems, workloads, _, _, bugs = row
    named = [registry.SYSTEMS[name] for name in re.findall(r"`([\w-]+)`", systems)]
    served = {name for system in named for name in system.workloads}
    theirs = {bug.id for system in registry.SYSTEMS.values() for bug in system.bugs}

    for workload in re.findall(r"`([\w-]+)`", workloads):
        assert workload in WORKLOADS.ours
        assert workload in served
    for bug in re.findall(r"\b[A-Z]+(?:-[A-Z0-9]+)+\b", bugs):
        assert bug in theirs
