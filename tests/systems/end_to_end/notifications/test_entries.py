"""Entries: a log that is not the one that was written is told from it, whatever bit flips."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness import Plan, run
from splitbrain.systems import registry
from splitbrain.systems.end_to_end.notifications.entries import (
    FIRST,
    POST,
    SIZE,
    Entry,
    digest_of,
    packed,
    unpacked,
)

ENTRIES = [Entry(position, POST, 1, position * 7, 1 << position) for position in range(1, 4)]


def written():
    data, digest = b"", FIRST
    for entry in ENTRIES:
        some, digest = packed(entry, digest)
        data += some
    return data


def read(data):
    """The entries, up to the first that is not what was written there."""
    found, digest = [], FIRST
    for at in range(0, len(data), SIZE):
        digest = digest_of(data[at : at + SIZE], digest)
        if digest is None:
            break
        found.append(unpacked(data[at : at + SIZE]))
    return found


def test_entries_are_read_as_they_were_written():
    assert read(written()) == ENTRIES


@pytest.mark.parametrize("bit", range(0, 3 * SIZE * 8, 5))
def test_every_bit_that_flips_is_noticed(bit):
    data = bytearray(written())
    data[bit // 8] ^= 1 << bit % 8

    assert read(bytes(data)) == ENTRIES[: bit // 8 // SIZE]


def test_an_entry_in_another_place_is_noticed():
    data = written()
    assert read(data[SIZE:] + data[:SIZE]) == []


@pytest.mark.parametrize("bug", [None, "E2E-04"])
def test_rot_in_the_log_is_never_taken_for_what_users_did(bug):
    """A view has it at its next audit, and stops; without checks, it answers from then on by it."""
    faults = [
        {
            "id": f"f{number}",
            "kind": "disk.bitrot",
            "at": 1.0 + number / 10,
            "duration": 0.1,
            "target": "n1",
            "options": {"bits": 20},
        }
        for number in range(3)
    ]
    plan = Plan("notifications", "friends", bug=bug, seed=1, time_limit=4.0).to_json()
    result = run(registry.experiment(Plan.from_json({**plan, "faults": faults})), tracing=False)

    assert (result.validity is INVALID) == (bug is not None), result.verdicts
    reads = [c for c in result.history.calls() if c.f == "notified"]
    assert any(c.outcome != "ok" for c in reads) == (bug is None)
