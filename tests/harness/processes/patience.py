"""Runs that a busy machine had no time for are made again, longer: nothing else depends on time."""

from dataclasses import replace

from splitbrain.checkers.verdict import INVALID, UNKNOWN
from splitbrain.harness import run

STRETCHES = (1, 2, 4, 8)


def effects(result):
    return {e.value["id"]: e.value["effect"] for e in result.history if "effect" in str(e.value)}


def tells(result):
    """Something was exercised, and every fault did something."""
    return result.validity is not UNKNOWN and all(effects(result).values())


def patiently(plan, experiment, tells=tells):
    """The first run that is invalid, or tells something; the longest, if none is.

    Args:
        plan: whose time limit and faults take longer from run to run.
        experiment: what is run, of a plan.
        tells: whether a run shows enough of what is tried.
    """
    for factor in STRETCHES:
        faults = (
            replace(fault, at=fault.at * factor, duration=fault.duration * factor)
            for fault in plan.faults
        )
        longer = plan.with_(time_limit=plan.time_limit * factor, faults=tuple(faults))
        result = run(experiment(longer))
        if result.validity is INVALID or tells(result):
            break
    return result
