"""Repair comes to an end."""

from __future__ import annotations

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.convergence import repair_ends
from splitbrain.checkers.history import INFO, NEMESIS, History, Operation


def history(*events):
    """Each event as its time in milliseconds and what it is: a server that repairs, or a phase."""
    return History.from_operations(
        Operation(i, ms * 1_000_000, who, INFO, f, value)
        for i, (ms, who, f, value) in enumerate(events)
    )


def repair(ms, server="n1"):
    return ms, server, "repair", {"to": "n2", "cells": 1}


def final(ms):
    return ms, NEMESIS, "phase", "final"


@pytest.mark.parametrize(
    ("events", "validity", "which"),
    [
        ([repair(10), repair(2000), final(5000)], VALID, ()),
        ([repair(4499), final(5000)], VALID, ()),
        ([repair(10), repair(4600), final(5000)], INVALID, (1,)),
        ([repair(4600), final(5000), repair(5100, "n3")], INVALID, (0, 2)),
        # What exercises nothing.
        ([repair(10)], UNKNOWN, ()),
        ([final(5000)], UNKNOWN, ()),
        ([], UNKNOWN, ()),
    ],
)
def test_repair_ends(events, validity, which):
    verdict = repair_ends().check(history(*events))

    assert verdict.validity is validity
    assert tuple(i for anomaly in verdict.anomalies for i in anomaly.operations) == which
