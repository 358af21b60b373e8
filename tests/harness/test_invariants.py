"""A system's invariants are watched at each step, and the first breach ends the run."""

from __future__ import annotations

import pytest
from small_register import Client, Durable

from splitbrain.harness import Plan, run, workloads
from splitbrain.harness.invariants import Breach

PLAN = Plan("small", "register", nodes=1, clients=2, time_limit=4.0)


class AtMost:
    """A server's log has no more bytes than this."""

    def __init__(self, limit):
        self.limit, self.calls = limit, 0

    def __call__(self, name, server):
        self.calls += 1
        disk = server.node.disk
        if disk.exists("log") and disk.size("log") > self.limit:
            return Breach("at-most", f"the log of {name} has over {self.limit} bytes")
        return None


def watched(probe):
    workload = workloads.register(Client)
    return run(PLAN.using(Durable, workload, invariants=lambda: probe))


def test_the_run_ends_at_the_first_breach():
    result = watched(AtMost(100))

    assert result.signature == "invariants/at-most"
    [event] = result.history.events("invariant")
    assert event.value == {"invariant": "at-most", "said": "the log of n1 has over 100 bytes"}
    assert result.virtual_seconds < PLAN.time_limit
    assert result.trace.events[-1][1:3] == ("invariant", "n1")


def test_a_run_without_a_breach_is_as_without_a_probe():
    probe = AtMost(10**9)
    plain = run(PLAN.using(Durable, workloads.register(Client)))

    result = watched(probe)

    assert result.trace.digest() == plain.trace.digest()
    assert {v.checker for v in result.verdicts} - {v.checker for v in plain.verdicts} == {
        "invariants"
    }
    assert result.validity == "valid"
    assert probe.calls > 50


@pytest.mark.parametrize("error", [KeyError("values"), AssertionError()])
def test_a_probe_that_raises_ends_the_run_and_says_nothing_of_the_system(error):
    def probe(name, server):
        raise error

    result = watched(probe)

    assert result.validity == "unknown"
    assert type(error).__name__ in result.verdicts[0].reason
