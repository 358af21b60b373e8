"""A store that reports damage where there is none."""

from __future__ import annotations

from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.storage import damage_is_real

DAMAGED = "Damaged: page 3 is of commit 14, not of 13"
OTHER = "Full: no room for a page"


def history_of(*events):
    """From (process, type, f, value, error) each; a millisecond apart."""
    return History.from_operations(
        Operation(index, index * 1_000_000, *event) for index, event in enumerate(events)
    )


def answered(error=None, type="fail"):
    """An operation that succeeds, or fails with an error."""
    ended = (0, "ok", "get", ["x", 1], None) if error is None else (0, type, "get", None, error)
    return [(0, "invoke", "get", ["x", None], None), ended]


def struck(kind):
    """A fault begins."""
    return [("nemesis", "info", kind, {"id": "f1", "phase": "start", "targets": ["n1"]}, None)]


def judged(*parts):
    verdict = damage_is_real().check(history_of(*(event for part in parts for event in part)))
    return verdict.validity, [anomaly.kind for anomaly in verdict.anomalies]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([answered()], (VALID, [])),
        ([answered(), answered(DAMAGED)], (INVALID, ["false-damage"])),
        ([answered(), answered(DAMAGED, "info")], (INVALID, ["false-damage"])),
        ([answered(), answered(OTHER)], (VALID, [])),
        ([answered(), struck("disk.bitrot"), answered(DAMAGED)], (VALID, [])),
        ([answered(), struck("disk.eio"), answered(DAMAGED)], (VALID, [])),
        ([answered(DAMAGED), struck("disk.bitrot")], (INVALID, ["false-damage"])),
        ([answered(), struck("disk.slow"), answered(DAMAGED)], (INVALID, ["false-damage"])),
        ([answered(), struck("disk.enospc"), answered(DAMAGED)], (INVALID, ["false-damage"])),
        (
            [answered(), struck("process.power_loss"), answered(DAMAGED)],
            (INVALID, ["false-damage"]),
        ),
        ([struck("disk.bitrot"), answered()], (UNKNOWN, [])),
        ([answered(OTHER)], (UNKNOWN, [])),
        ([], (UNKNOWN, [])),
    ],
)
def test_what_is_reported_before_a_disk_was_struck_is_wrong(parts, expected):
    assert judged(*parts) == expected


def test_it_names_the_operation_and_the_error():
    (anomaly,) = damage_is_real().check(history_of(*answered(), *answered(DAMAGED))).anomalies

    assert anomaly.operations == (3,)
    assert "get of process 0 at 0.003 s" in anomaly.message
    assert DAMAGED in anomaly.message


def test_another_store_may_have_another_word_for_it():
    history = history_of(*answered(), *answered("corrupt block"))

    assert damage_is_real().check(history).validity is VALID
    assert damage_is_real("corrupt").check(history).validity is INVALID


KINDS = ("disk.bitrot", "disk.eio", "disk.slow", "disk.enospc", "process.kill", "net.loss")


def drawn(random):
    """Operations and faults; damage is reported after a disk was struck only."""
    parts, may = [], False
    for _ in range(random.randint(1, 8)):
        if random.random() < 0.3:
            kind = random.choice(KINDS)
            may = may or kind in ("disk.bitrot", "disk.eio")
            parts.append(struck(kind))
        else:
            parts.append(answered(random.choice((None, None, OTHER, DAMAGED if may else None))))
    return parts


def twin(parts):
    """By definition: no report has only harmless faults before it."""
    reports = [at for at, part in enumerate(parts) if part[-1][4] == DAMAGED]
    struck_before = {
        at: {part[0][2] for part in parts[:at]} & {"disk.bitrot", "disk.eio"} for at in reports
    }
    return INVALID if not all(struck_before.values()) else VALID


def test_right_histories_are_never_refuted():
    random = Random(1)
    for _ in range(1000):
        parts = drawn(random)
        assert twin(parts) is VALID
        assert judged(*parts)[0] is not INVALID


def test_a_report_before_the_first_fault_is_refuted_wherever_it_is():
    random, refuted = Random(2), 0
    for _ in range(1000):
        parts = drawn(random)
        at = random.randrange(len(parts) + 1)
        parts.insert(at, answered(DAMAGED))
        wrong = judged(*parts)[0] is INVALID
        assert wrong == (twin(parts) is INVALID)
        refuted += wrong

    assert refuted > 300
