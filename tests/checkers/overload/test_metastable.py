"""Goodput returns after a trigger: examples, and a twin by the definition on random runs."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from witnesses import shown_alone

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import NEMESIS, History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError
from splitbrain.checkers.overload import metastable

SECOND = 1_000_000_000


def history(*parts):
    """Drives ``(start, sent, answered, spike)`` of half a second, faults ``(start, stop)``."""
    events = []
    for number, part in enumerate(parts):
        if len(part) == 2:
            for at, phase in zip(part, ("start", "stop"), strict=True):
                events.append(
                    (at, NEMESIS, "info", "net.loss", {"id": f"f{number}", "phase": phase})
                )
            continue
        start, sent, answered, spike = part
        result = {"sent": sent, "answered": answered, "spike": spike}
        events.append((start, number, "invoke", "drive", {}))
        events.append((start + 0.5, number, "ok", "drive", result))
    events.sort(key=lambda event: event[0])
    return History.from_operations(
        Operation(i, round(at * SECOND), *event) for i, (at, *event) in enumerate(events)
    )


SPIKE = (1.0, 300, 50, True)


@pytest.mark.parametrize(
    ("parts", "validity"),
    [
        ([SPIKE, (4, 30, 30, False)], VALID),
        ([SPIKE, (4, 30, 27, False)], VALID),
        ([SPIKE, (4, 30, 26, False)], INVALID),
        ([SPIKE, (3, 30, 0, False), (4, 30, 30, False)], VALID),  # too soon
        ([SPIKE, (4, 10, 0, False)], UNKNOWN),
        ([SPIKE, (2, 3), (4, 30, 0, False), (5.5, 30, 30, False)], VALID),  # a fault is one, too
        ([SPIKE, (4, 30, 30, False), (9, 10)], VALID),
        ([(4, 30, 0, False)], INVALID),  # without any trigger
        ([], UNKNOWN),
    ],
)
def test_metastable(parts, validity):
    assert metastable(after=2.0).check(history(*parts)).validity is validity


def test_who_waits_for_a_server_that_is_dead_for_good_is_not_held_against_the_others():
    parts = [SPIKE, (2, 2.5), (5, 30, 20, False)]
    assert metastable(after=2.0).check(history(*parts)).validity is INVALID
    dead = [
        replace(event, f="member.dead") if event.f == "net.loss" else event
        for event in history(*parts)
    ]
    assert metastable(after=2.0).check(History.from_operations(dead)).validity is UNKNOWN


def test_what_is_no_count_is_refused():
    events = [Operation(0, 0, 1, "invoke", "drive", {}), Operation(1, 1, 1, "ok", "drive", 7)]
    with pytest.raises(ModelError, match="drive gave 7"):
        metastable().check(History.from_operations(events))


@pytest.mark.parametrize("options", [{"after": -1}, {"share": 0}, {"share": 2}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match="give seconds, and a share"):
        metastable(**options)


def twin(parts):
    sent = answered = 0
    for part in parts:
        if len(part) != 4:
            continue
        start, count, done, _ = part
        triggers = [(p[0], p[1]) for p in parts if len(p) == 2]
        triggers += [(p[0], p[0] + 0.5) for p in parts if len(p) == 4 and p[3]]
        if all(begin >= start + 0.5 or start - end >= 2.0 for begin, end in triggers):
            sent, answered = sent + count, answered + done
    if sent < 20:
        return UNKNOWN
    return VALID if answered >= 0.9 * sent else INVALID


def test_the_checker_agrees_with_its_twin():
    random = Random(1)
    seen = set()
    for _ in range(2000):
        parts = []
        for number in range(random.randrange(1, 8)):
            start = number + random.randrange(1, 4) / 4
            if random.random() < 0.2:
                parts.append((start, start + random.choice([0.25, 1.25])))
            else:
                sent = random.randrange(1, 40)
                answered = random.choice([sent, sent, sent, random.randrange(sent)])
                parts.append((start, sent, answered, random.random() < 0.2))
        expected = twin(parts)
        made = history(*parts)
        verdict = metastable(after=2.0).check(made)
        assert verdict.validity is expected, parts
        shown_alone(metastable(after=2.0), made, verdict)
        seen.add(expected)
    assert len(seen) == 3
