"""Verdicts on equal replicas, homes and ended repairs are confirmed by other code, or refuted."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID, Anomaly
from splitbrain.checkers.certificate import CertificateError, NoCertificate
from splitbrain.checkers.history import INFO, INVOKE, NEMESIS, OK, History, Operation
from splitbrain.checkers.registry import entry_named

STATES = ({"x": 1}, {"x": True}, {"x": [1, 2]}, {"x": [2, 1]}, {})


def recorded(events):
    return History.from_operations(
        Operation(i, i * 10**8, process, kind, f, value)
        for i, (process, kind, f, value) in enumerate(events)
    )


def asked(process, f, argument, result=None):
    """An operation; without a result nobody knows what became of it."""
    ended = (INFO, argument) if result is None else (OK, result)
    return [(process, INVOKE, f, argument), (process, ended[0], f, ended[1])]


def replicas(draw):
    states = draw.choices(STATES, k=2)
    events = []
    for process, node in enumerate(("n1", "n2", "n3", "n1")):
        result = None if draw.random() < 0.15 else [node, draw.choice(states)]
        events += asked(process, "replica-state", node, result)
    return recorded(events)


def homes(draw):
    events = [(NEMESIS, INFO, "phase", "final")]
    for process in range(draw.randrange(1, 4)):
        key, values = draw.choice("xy"), draw.choices(([1], [1, 2], [2, 1]), k=2)
        names = draw.sample(("n1", "n2", "n3"), draw.choice((1, 2, 2, 3)))
        told = [key, {name: draw.choice(values) for name in names}]
        events += asked(process, "homes", [key, None], told)
    return recorded(events)


def repairs(draw):
    events = [("n1", INFO, "repair", {"to": "n2", "cells": 1}) for _ in range(draw.randrange(5))]
    quiet = [("n2", INFO, "owns", {})] * draw.randrange(9)
    return recorded([*events, *quiet, (NEMESIS, INFO, "phase", "final")])


@pytest.mark.parametrize(
    ("name", "drawn"),
    [("converged", replicas), ("homes-converged", homes), ("repair-ends", repairs)],
)
def test_each_verdict_is_confirmed_and_its_opposite_refuted(name, drawn):
    entry, seen = entry_named(name), set()
    for seed in range(300):
        history = drawn(Random(seed))
        verdict = entry.make().check(history)
        seen.add(verdict.validity)
        if verdict.validity is UNKNOWN:
            with pytest.raises(NoCertificate):
                entry.verified(history, verdict)
            continue
        assert entry.verified(history, verdict).complete
        other = VALID if verdict.validity is INVALID else INVALID
        kept = () if other is VALID else (Anomaly("diverged", "made up", (1,)),)
        with pytest.raises(CertificateError):
            entry.verified(history, replace(verdict, validity=other, anomalies=kept))
    assert seen == {VALID, INVALID, UNKNOWN}


def test_an_anomaly_at_another_operation_is_refuted():
    for name, drawn in (("homes-converged", homes), ("repair-ends", repairs)):
        entry = entry_named(name)
        history = next(
            made
            for made in map(drawn, map(Random, range(300)))
            if entry.make().check(made).validity is INVALID
        )
        verdict = entry.make().check(history)
        moved = replace(verdict.anomalies[0], operations=(len(history) - 1,))
        if moved.operations == verdict.anomalies[0].operations:
            moved = replace(moved, operations=(0,))
        with pytest.raises(CertificateError):
            entry.verified(history, replace(verdict, anomalies=(moved,)))
