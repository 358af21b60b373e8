"""A write whose request comes again is not done again, late as it may come."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import VALID
from splitbrain.harness.plan import Fault, Plan
from splitbrain.harness.runs.running import run
from splitbrain.systems import registry
from splitbrain.systems.replication.abd.storage import Storage

COPIES = {"probability": 0.5, "later": 0.4}


class KnowsNoRequests(Storage):
    """Takes each request for a new one."""

    async def begin(self, number: int) -> bool:
        """It is not looked up."""
        return True


def copied(seed):
    faults = (
        Fault("client.duplicate", 0.5, 5.0, "all", COPIES, id="copies"),
        Fault("process.kill", 2.0, 0.1, "all", id="crash"),
    )
    options = {"keys": 1}
    return Plan("abd", "register", seed=seed, time_limit=6.0, faults=faults, options=options)


@pytest.mark.parametrize("seed", range(3))
def test_a_late_copy_of_a_write_does_not_write_again(seed):
    assert run(registry.experiment(copied(seed)), tracing=False).validity is VALID


def test_without_the_memory_of_requests_it_would(monkeypatch):
    monkeypatch.setattr("splitbrain.systems.replication.abd.server.Storage", KnowsNoRequests)
    result = run(registry.experiment(copied(0)), tracing=False)
    assert result.signature.startswith("linearizable(cas-register)/")
