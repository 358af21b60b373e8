"""With one of five servers slow, coming and going, or half cut off, writes go on."""

from __future__ import annotations

from itertools import pairwise

import pytest

from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault
from splitbrain.systems.registry import experiment

BEGIN, END = 2.0, 8.0


def fault(kind, at=BEGIN, duration=END - BEGIN, target="leader", **options):
    return Fault(kind, at=at, duration=duration, target=target, id=f"{kind}@{at}", options=options)


STRUCK = {
    "slow network": (fault("net.latency", delay=0.1),),
    "slower network": (fault("net.latency", delay=0.3),),
    "slow disk": (fault("disk.slow", delay=0.3),),
    "comes and goes": tuple(
        fault("net.partition", at=BEGIN + n, duration=0.5, shape="leader") for n in range(6)
    ),
    "hears nobody": (fault("net.partition_oneway", direction="in"),),
    "is heard by nobody": (fault("net.partition_oneway", direction="out"),),
}
"""What happens to whoever leads: the others are never worse."""


def longest_silence(faults, system):
    """The longest time without an acknowledged write, in seconds, and the share of operations that
    succeeded, while one server is struck."""
    plan = Plan(system, "register", nodes=5, seed=3, time_limit=END, rate=40.0, faults=faults)
    result = run(experiment(plan), tracing=False)
    assert result.validity is VALID, result.verdicts
    struck = [c for c in result.history.calls() if BEGIN * 1e9 <= c.start < END * 1e9]
    written = [c.end for c in struck if c.f == "write" and c.outcome == "ok"]
    times = sorted([BEGIN * 1e9, *written, END * 1e9])
    silence = max(later - earlier for earlier, later in pairwise(times)) / 1e9
    done = sum(call.outcome == "ok" for call in struck if call.f != "cas")
    return silence, done / sum(call.f != "cas" for call in struck)


@pytest.mark.parametrize("what", STRUCK)
@pytest.mark.parametrize("system", ["raft", "paxos"])
def test_writes_go_on(system, what):
    silence, share = longest_silence(STRUCK[what], system)

    assert silence < 2.0, "another leads within two seconds"
    assert share > 0.8
