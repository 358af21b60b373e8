"""Identifiers by time: a clock that shows the same again, before and after a crash."""

from __future__ import annotations

from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault
from splitbrain.systems.registry import experiment

PLAN = Plan("identifiers", "unique-ids", nodes=1, clients=2, time_limit=4.0, rate=200.0)


def stamps(*faults):
    """What a server gave out, in the order in which it was asked for: time and count."""
    result = run(experiment(PLAN.with_(faults=faults)), tracing=False)
    assert result.validity is VALID
    given = [call for call in result.history.calls() if call.outcome == "ok"]
    return [tuple(int(part) for part in call.result.split("-")[:2]) for call in given]


def test_while_the_clock_repeats_itself_the_count_goes_on():
    back = Fault("clock.backward", 1.0, 2.0, "n1", {"period": 0.05}, id="back")
    given = stamps(back)

    assert len(set(given)) == len(given)
    assert max(count for _, count in given) > 20


def test_a_server_that_starts_again_begins_after_all_that_it_gave_out():
    behind = Fault("clock.bump", 1.0, 3.0, "n1", {"offset": -30.0}, id="behind")
    crash = Fault("process.kill", 2.0, 0.2, "n1", id="crash")
    given = stamps(behind, crash)

    assert len(set(given)) == len(given)
