"""Outputs are what inputs say: examples, and a twin that recomputes in another way."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.batch import batch_output
from splitbrain.checkers.batch.outputs import computed
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError

TEXT = "a 1\nb 2\na 3\n"


def history(*events):
    """Events ``(process, type, f, value)``, in this order."""
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def whole(*parts):
    return history(*(event for part in parts for event in part))


def job(name, function="count", output=None, kind="ok", text=TEXT):
    value = [name, function, text]
    result = output if kind == "ok" else value
    return [(0, "invoke", "run", value), (0, kind, "run", result)]


def published(*outputs):
    return [(1, "invoke", "published", None), (1, "ok", "published", [list(o) for o in outputs])]


COUNTS = [["a", 2], ["b", 1]]
MEANS = [["a", [4, 2]], ["b", [2, 1]]]


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([job(1, output=COUNTS)], VALID, []),
        ([job(1, "mean", MEANS)], VALID, []),
        ([job(1, output=[], text="")], VALID, []),
        ([job(1, output=COUNTS), published((1, COUNTS))], VALID, []),
        ([job(1, output=COUNTS), job(2, kind="info"), published((1, COUNTS))], VALID, []),
        ([job(1, output=[["a", 2]])], INVALID, ["wrong-output"]),
        ([job(1, output=[["a", 2], ["b", 2]])], INVALID, ["wrong-output"]),
        ([job(1, output=[*COUNTS, ["c", 1]])], INVALID, ["wrong-output"]),
        ([job(1, output=COUNTS[::-1])], INVALID, ["wrong-output"]),
        ([job(1, output=[*COUNTS, COUNTS[1]])], INVALID, ["wrong-output"]),
        ([job(1, "mean", [["a", [4, 2]], ["b", [2, 2]]])], INVALID, ["wrong-output"]),
        ([job(1, output=COUNTS), published((1, COUNTS[:1]))], INVALID, ["wrong-output"]),
        ([job(1, output=COUNTS), published()], INVALID, ["lost-output"]),
        ([published((1, COUNTS)), job(1, output=COUNTS)], INVALID, ["unrequested-output"]),
        ([job(1, kind="info"), published((1, COUNTS))], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_batch_output(parts, validity, kinds, certify):
    made = whole(*parts)
    verdict = batch_output().check(made)
    certify(made, verdict)

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


@pytest.mark.parametrize("text", ["a", "a b", "a 1 2", "a 1\n\nb 2"])
def test_a_line_that_is_none_is_named(text):
    with pytest.raises(ModelError, match="each line is a key, a space and a whole number"):
        batch_output().check(whole(job(1, output=[], text=text)))


@pytest.mark.parametrize("value", [None, [], [1, "sum", ""], ["1", "count", ""], [1, "count"]])
def test_a_value_that_is_no_job_is_named(value):
    with pytest.raises(ModelError, match="is no job"):
        batch_output().check(history((0, "invoke", "run", value)))


def counted(records):
    """The counts, without sorting lines into groups."""
    return [[key, count] for key, count in sorted(Counter(key for key, _ in records).items())]


@pytest.mark.parametrize("seed", range(5))
def test_the_checker_agrees_with_another_way_to_count(seed, certify):
    random = Random(seed)
    for _ in range(200):
        keys = "abc"[: random.randint(1, 3)]
        records = [(random.choice(keys), random.randrange(9)) for _ in range(random.randrange(9))]
        text = "".join(f"{key} {number}\n" for key, number in records)
        output = counted(records)
        if output and random.random() < 0.5:
            match random.randrange(3):
                case 0:
                    output.pop(random.randrange(len(output)))
                case 1:
                    random.choice(output)[1] += 1
                case _:
                    random.shuffle(output)
        made = whole(job(1, output=output, text=text))
        verdict = batch_output().check(made)
        certify(made, verdict)

        assert (verdict.validity is VALID) == (output == counted(records))


@pytest.mark.parametrize("function", ["count", "mean", "totals", "ranked", "sessions", "words"])
def test_each_function_is_computed_again_in_another_way(function, certify):
    random = Random(function)
    for _ in range(60):
        lines = [(random.choice("abc"), random.randrange(90)) for _ in range(random.randrange(25))]
        text = "".join(f"{key} {number}\n" for key, number in lines)
        made = whole(job(1, function, computed(function, text), text=text))
        certify(made, batch_output().check(made))
