"""Histories of services, data models and encodings with values that can't be: a checker judges them
or says in one sentence what it does not understand, and never fails itself."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from splitbrain.checkers import UNKNOWN
from splitbrain.checkers.certificate import CertificateError, NoCertificate
from splitbrain.checkers.history import History, HistoryError
from splitbrain.checkers.models import ModelError
from splitbrain.checkers.registry import CHECKERS
from splitbrain.harness.plan import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import run
from splitbrain.systems import registry

JUDGES = {
    ("payments", "payments"): (
        "exactly-once-effect",
        "retry-amplification",
        "backoff-spread",
        "breaker-states",
    ),
    ("load-balancer", "lb"): (
        "no-request-to-dead",
        "balance",
        "drained",
        "requests-counted",
        "kept-work",
    ),
    ("cache-aside", "cache"): (
        "cache-coherent",
        "cache-monotonic",
        "no-stale-set",
        "single-flight",
        "expiry-spread",
    ),
    ("graph", "graph"): ("symmetric-edges", "no-dangling-edge", "atomic-visibility", "routes-lead"),
    ("records", "codec"): ("round-trip", "unknown-fields-preserved"),
    ("schema-registry", "schemas"): ("schema-compatible",),
    ("documents", "scan"): ("index-agreement",),
    ("overload", "open-loop"): ("metastable",),
}

JUNK = (
    *(None, True, 0, -1, 3.5, "", "x", [], {}, [1], ["x"], [[]], [[1]], [[1, 2]], ["x", None]),
    *({"key": "x"}, {"x": 1}, ["read", 1, 2, {}], ["none"], {"sent": 1}, [{}], [["x", "y", []]]),
    *({"a": [[1, []]]}, {"a": [[{}, "b"]]}, [["k"], 1], {"fields": 3}),
)


def spoiled(value, dice, depth=0):
    """The value with something in it that is not as it should be."""
    if depth > 3 or not value or not isinstance(value, list | dict) or dice.random() < 0.3:
        return dice.choice(JUNK)
    if isinstance(value, list):
        at = dice.randrange(len(value))
        return [*value[:at], spoiled(value[at], dice, depth + 1), *value[at + 1 :]]
    name = dice.choice(list(value))
    kept = {key: part for key, part in value.items() if key != name}
    return kept if dice.random() < 0.3 else {**kept, name: spoiled(value[name], dice, depth + 1)}


@pytest.mark.nightly
@pytest.mark.parametrize(("system", "workload"), JUDGES)
def test_a_checker_never_fails_on_values_that_can_t_be(system, workload):
    dice = random.Random(1)
    plan = Plan(system, workload, nodes=registry.SYSTEMS[system].nodes, seed=3, time_limit=3.0)
    made = run(registry.experiment(draw(plan.with_(rate=30.0), "kill,partition")), tracing=False)
    right = list(made.history)
    refused = judged = 0
    for name in JUDGES[system, workload]:
        entry = CHECKERS[name]
        for _ in range(150):
            events = list(right)
            for at in random.Random(dice.random()).sample(range(len(events)), 2):
                events[at] = replace(events[at], value=spoiled(events[at].value, dice))
            try:
                history = History.from_operations(events)
                verdict = entry.make().check(history)
            except (ModelError, HistoryError):
                refused += 1
                continue
            judged += 1
            if entry.verify is not None and verdict.validity is not UNKNOWN:
                try:
                    entry.verified(history, verdict)
                except NoCertificate:
                    continue
                except CertificateError as error:
                    raise AssertionError(f"{name}: {verdict.reason}") from error
    assert judged > 5
    assert refused > 0
