"""Changes to a history that can't change its verdict, and ones that can do so in one way only."""

import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from linearizability_twin import HISTORIES, draw_register, random_history

from splitbrain.checkers import INVALID, UNKNOWN, VALID, linearizable, models
from splitbrain.checkers.history import INVOKE, OK, History, Operation

CHECK = linearizable(models.cas_register(), keyed=False).check
KEYED = linearizable(models.cas_register(), keyed=True).check


def histories(name: str):
    r = random.Random(name)
    for _ in range(HISTORIES // 20):
        yield r, random_history(r, *draw_register(2), most=7)


def judged(history: History):
    verdict = CHECK(history)
    kind = verdict.anomalies[0].kind if verdict.validity is INVALID else None
    return verdict.validity, kind


def changed(history: History, change) -> History:
    return History.from_operations([change(operation) for operation in history])


def test_renaming_processes_changes_nothing():
    for _, history in histories("rename"):
        renamed = changed(history, lambda o: replace(o, process=1_000 - 7 * o.process))
        assert judged(renamed) == judged(history)


def test_shifting_and_stretching_time_changes_nothing():
    for _, history in histories("shift"):
        later = changed(history, lambda o: replace(o, time=o.time * 3 + 5_000_000_000))
        assert judged(later) == judged(history)


def test_renumbering_events_changes_only_the_numbers():
    for _, history in histories("renumber"):
        sparse = changed(history, lambda o: replace(o, index=o.index * 10 + 3))
        one, other = CHECK(history), CHECK(sparse)
        assert one.validity is other.validity
        for plain, moved in zip(one.anomalies, other.anomalies, strict=True):
            assert moved.operations == tuple(i * 10 + 3 for i in plain.operations)


def test_renaming_values_changes_nothing():
    def other(value):
        return (
            [other(v) for v in value]
            if isinstance(value, list)
            else {None: None}.get(value, f"value {value}")
        )

    for _, history in histories("values"):
        renamed = changed(history, lambda o: replace(o, value=other(o.value)))
        assert judged(renamed) == judged(history)


def test_dropping_the_last_completion_never_makes_a_valid_history_invalid():
    for _, history in histories("prefix"):
        if CHECK(history).validity is VALID:
            shorter = History.from_operations(list(history)[:-1])
            assert CHECK(shorter).validity in (VALID, UNKNOWN)


def test_dropping_a_read_never_makes_a_valid_history_invalid():
    for r, history in histories("drop"):
        reads = [c for c in history.calls() if c.f == "read"]
        if reads and CHECK(history).validity is VALID:
            gone = r.choice(reads)
            kept = [o for o in history if o.index not in (gone.invoke_index, gone.complete_index)]
            assert CHECK(History.from_operations(kept)).validity in (VALID, UNKNOWN)


def test_a_key_of_its_own_changes_nothing_for_the_others():
    def keyed(operation: Operation) -> Operation:
        return replace(operation, value=["a", operation.value])

    for _, history in histories("keys"):
        with_key = changed(history, keyed)
        base, end = len(history), history[-1].time
        quiet = [
            Operation(base, end, 500, INVOKE, "write", ["b", 1]),
            Operation(base + 1, end, 500, OK, "write", ["b", 1]),
            Operation(base + 2, end, 500, INVOKE, "read", ["b", None]),
            Operation(base + 3, end, 500, OK, "read", ["b", 1]),
        ]
        both = History.from_operations([*with_key, *quiet])
        expected = CHECK(history)
        verdict = KEYED(both)
        validity = VALID if expected.validity is UNKNOWN else expected.validity
        assert verdict.validity is validity
        assert {a.details["key"] for a in verdict.anomalies} <= {"a"}


def test_two_keys_are_valid_exactly_when_each_is():
    r = random.Random("two keys")
    for _ in range(HISTORIES // 20):
        parts = {k: random_history(r, *draw_register(2), most=5) for k in (1, 2)}
        merged, at = [], dict.fromkeys(parts, 0)
        while any(at[k] < len(parts[k]) for k in parts):
            key = r.choice([k for k in parts if at[k] < len(parts[k])])
            operation = parts[key][at[key]]
            at[key] += 1
            merged.append(
                replace(
                    operation,
                    index=len(merged),
                    time=len(merged),
                    process=operation.process * 2 + key,
                    value=[key, operation.value],
                )
            )
        broken = [key for key in parts if CHECK(parts[key]).validity is INVALID]
        verdict = KEYED(History.from_operations(merged))
        assert sorted(a.details["key"] for a in verdict.anomalies) == broken
        assert (verdict.validity is INVALID) == bool(broken)


@pytest.mark.parametrize("seed", range(5))
def test_verdicts_are_the_same_every_time(seed):
    history = random_history(random.Random(seed), *draw_register(2), most=9)
    assert CHECK(history).to_json() == CHECK(history).to_json()


HASHED = """
import json
from splitbrain.checkers import linearizable, models
from splitbrain.checkers.history import INVOKE, OK, History, Operation

operations = []
for i, (f, key, value) in enumerate(
    [("write", k, v) for k in "xyz" for v in ("one", "two")] + [("read", k, "one") for k in "zyx"]
):
    asked = [key, None if f == "read" else value]
    operations.append(Operation(2 * i, i, i, INVOKE, f, asked))
    operations.append(Operation(2 * i + 1, i, i, OK, f, [key, value]))
verdict = linearizable(models.register()).check(History.from_operations(operations))
print(json.dumps(verdict.to_json()))
"""


def test_verdicts_do_not_depend_on_the_order_of_hashes():
    outputs = [
        subprocess.run(
            [sys.executable, "-c", HASHED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "12345")
    ]
    assert outputs[0] == outputs[1] == outputs[2]
    assert b'"3 of 3 keys not linearizable' in outputs[0]
