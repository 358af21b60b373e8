"""Checkers of stores: small histories whose verdicts are plain to see, and their brute force."""

from itertools import chain
from random import Random

import pytest
from stores_twin import drawn, explained, explained_together, history_of, mutated

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.models import ModelError
from splitbrain.checkers.registry import CHECKERS
from splitbrain.checkers.storage import (
    atomic_batch,
    detects_corruption,
    durable,
    no_resurrection,
    prefix_durable,
    read_durable,
    structure,
)

NAMES = (
    "durable",
    "no-resurrection",
    "read-durable",
    "prefix-durable",
    "atomic-batch",
    "detects-corruption",
    "structure",
)


def one(process, f, argument, result, kind="ok"):
    return [(process, "invoke", f, argument), (process, kind, f, result)]


def put(key, value, kind="ok"):
    return one(0 if kind == "ok" else value, "put", [key, value], [key, value], kind)


def delete(key):
    return one(0, "delete", [key, None], [key, None])


def batch(**values):
    value = [list(pair) for pair in values.items()]
    return one(0, "batch", value, value)


def get(key, value):
    return one(1, "get", [key, None], [key, value])


def scan(**values):
    return one(1, "scan", None, [list(pair) for pair in values.items()])


def verdict(checker, *parts):
    return checker.check(history_of([event for part in parts for event in part]))


def told(checker, *parts):
    judged = verdict(checker, *parts)
    return judged.validity, [anomaly.kind for anomaly in judged.anomalies]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([put("x", 1), get("x", 1)], (VALID, [])),
        ([put("x", 1), get("x", None)], (INVALID, ["lost"])),
        ([put("x", 1), put("x", 2), get("x", 1)], (INVALID, ["lost"])),
        ([put("x", 1), put("x", 2), scan(x=1)], (INVALID, ["lost"])),
        ([put("x", 1), scan()], (INVALID, ["lost"])),
        ([put("x", 1), delete("x"), get("x", None)], (VALID, [])),
        ([batch(x=1, y=2), get("y", None)], (INVALID, ["lost"])),
        ([put("x", 10, "info"), get("x", None)], (UNKNOWN, [])),
        ([put("x", 1), put("x", 11, "info"), get("x", 11)], (VALID, [])),
        ([get("x", None), put("x", 1)], (UNKNOWN, [])),
        ([], (UNKNOWN, [])),
    ],
)
def test_durable(parts, expected):
    assert told(durable(), *parts) == expected


def test_a_write_whose_outcome_is_in_doubt_may_come_true_at_any_time():
    late = [(7, "invoke", "put", ["x", 7]), (7, "info", "put", ["x", 7])]

    assert told(durable(), late, put("x", 1), get("x", 7)) == (VALID, [])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([put("x", 1), delete("x"), get("x", None)], (VALID, [])),
        ([put("x", 1), delete("x"), get("x", 1)], (INVALID, ["resurrected"])),
        ([put("x", 1), delete("x"), scan(x=1)], (INVALID, ["resurrected"])),
        ([put("x", 1), delete("x"), put("x", 2), get("x", 2)], (VALID, [])),
        ([put("x", 1), get("x", 1)], (UNKNOWN, [])),
    ],
)
def test_no_resurrection(parts, expected):
    assert told(no_resurrection(), *parts) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([put("x", 10, "info"), get("x", 10), get("x", 10)], (VALID, [])),
        ([put("x", 10, "info"), get("x", 10), get("x", None)], (INVALID, ["dirty-read"])),
        ([put("x", 1), put("x", 10, "info"), scan(x=10), get("x", 1)], (INVALID, ["dirty-read"])),
        ([put("x", 10, "info"), get("x", 10), put("x", 1), get("x", 1)], (VALID, [])),
        # Somebody else may have written the same, and been undone; or written later.
        (
            [put("x", 10, "info"), batch(x=10, y=1), get("x", 10), get("x", None)],
            (UNKNOWN, []),
        ),
        ([put("x", 11, "info"), put("x", 10, "info"), get("x", 10), get("x", 11)], (VALID, [])),
        ([put("x", 10, "info"), get("x", None)], (UNKNOWN, [])),
    ],
)
def test_read_durable(parts, expected):
    assert told(read_durable(), *parts) == expected


def test_what_was_shown_and_lost_is_told_with_who_was_shown_it():
    judged = verdict(read_durable(), put("x", 10, "info"), get("x", 10), get("x", None))

    assert "which process 1 was shown at 0.000 s, is missing" in judged.reason
    assert judged.anomalies[0].operations == (0, 3, 5)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        # The last writes may be lost together; not one alone.
        ([put("x", 1), put("y", 2), scan(x=1)], (UNKNOWN, [])),
        ([put("z", 0), put("x", 1), put("y", 2), scan(x=1, z=0)], (VALID, [])),
        ([put("x", 1), put("y", 2), scan(y=2)], (INVALID, ["hole"])),
        ([put("x", 1), put("y", 2), scan()], (UNKNOWN, [])),
        ([put("x", 1), delete("x"), put("y", 2), scan(x=1, y=2)], (INVALID, ["hole"])),
    ],
)
def test_prefix_durable(parts, expected):
    assert told(prefix_durable(), *parts) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([batch(x=1, y=2), scan(x=1, y=2)], (VALID, [])),
        ([batch(x=1, y=2), scan(x=1)], (INVALID, ["fractured"])),
        ([put("y", 9), batch(x=1, y=2), scan(x=1, y=9)], (INVALID, ["fractured"])),
        ([put("y", 9), batch(x=1, y=None), scan(x=1, y=9)], (INVALID, ["fractured"])),
        ([batch(x=1, y=2), put("y", 3), scan(x=1, y=3)], (VALID, [])),
        ([batch(x=1, y=2), scan()], (UNKNOWN, [])),
    ],
)
def test_atomic_batch(parts, expected):
    assert told(atomic_batch(), *parts) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([put("x", 1), get("x", 1)], (VALID, [])),
        ([put("x", 1), get("x", 2)], (INVALID, ["corrupt"])),
        ([put("x", 1), get("y", 1)], (INVALID, ["corrupt"])),
        ([put("x", 1), scan(x=1, y=1)], (INVALID, ["corrupt"])),
        ([put("x", 10, "fail"), get("x", 10)], (INVALID, ["corrupt"])),
        ([get("x", 10), put("x", 10, "info")], (INVALID, ["corrupt"])),
        ([put("x", 10, "info"), get("x", 10)], (VALID, [])),
        ([get("x", None)], (UNKNOWN, [])),
    ],
)
def test_detects_corruption(parts, expected):
    assert told(detects_corruption(), *parts) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([one(0, "verify", None, [])], (VALID, [])),
        ([one(0, "verify", None, ["keys out of order"])], (INVALID, ["broken"])),
        ([one(0, "verify", None, None, "fail")], (UNKNOWN, [])),
    ],
)
def test_structure(parts, expected):
    assert told(structure(), *parts) == expected


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        (one(0, "put", 1, 1), r"put has \[key, value\], not 1"),
        (one(0, "scan", None, 1), "scan has a list"),
        (one(0, "batch", [["x", 1, 2]], None), r"batch has \[key, value\]"),
        (one(0, "get", ["x", None], ["x", [1]]), r"get has \[key, value\]"),
    ],
)
def test_what_is_no_store_is_refused(parts, complaint):
    with pytest.raises(ModelError, match=complaint):
        verdict(durable(), parts)
    if "scan" not in complaint:
        return
    with pytest.raises(ModelError, match="list of problems"):
        verdict(structure(), one(0, "verify", None, "all well"))


def test_an_anomaly_names_the_operations():
    judged = verdict(durable(), put("x", 1), put("x", 2), get("x", 1))

    assert judged.anomalies[0].operations == (2, 3, 5)
    assert judged.reason.startswith("the write of x = 2, acknowledged at 0.000 s, is missing")


# Beside the brute force.


MANY_READS = {"deletes": False, "reads": (4, 6)}
"""Of one put, what one shows others may hide."""


def some_histories(seed, count, **how):
    random = Random(seed)
    for number in range(count):
        if how.get("scan_last"):
            how["sequential"] = number % 3 > 0
        events = drawn(random, **how)
        yield history_of(mutated(events, random) if random.random() < 0.7 else events)


def reads_of(history):
    return [c for c in history.calls() if c.f in ("get", "scan") and c.outcome == "ok"]


def invalid(checker, history):
    return checker.check(history).validity is INVALID


def test_twin_right_stores_are_never_accused():
    random = Random(1)
    for _ in range(1000):
        history = history_of(drawn(random))
        for name in NAMES:
            judged = CHECKERS[name].make().check(history)
            assert judged.validity is not INVALID, judged.reason


def alone(history, read):
    """The history without any other read."""
    others = {e for r in reads_of(history) if r is not read for e in (r.invoked, r.completed)}
    return history_of(
        [(e.process, e.type, e.f, e.value) for at, e in enumerate(history) if at not in others]
    )


def test_twin_one_get_is_accused_exactly_if_nothing_explains_it():
    accused = cleared = 0
    for history in some_histories(2, 1500):
        for read in reads_of(history):
            if read.f != "get":
                continue
            single = alone(history, read)
            (only,) = reads_of(single)
            possible = explained(single, only)
            found = any(invalid(make(), single) for make in (durable, no_resurrection))
            found = found or invalid(detects_corruption(), single)
            assert found is not possible, list(single)
            accused += found
            cleared += not found
    assert min(accused, cleared) > 100


def test_twin_what_was_shown_and_lost_is_explained_by_no_order():
    accused = 0
    for history in some_histories(8, 400, **MANY_READS):
        if not invalid(read_durable(), history):
            continue
        accused += 1
        assert not explained_together(history, reads_of(history))
    assert accused > 10


def test_twin_a_scan_with_a_hole_is_no_prefix_of_any_order():
    accused = 0
    for history in some_histories(3, 2000, scan_last=True):
        if invalid(prefix_durable(), history):
            accused += 1
            scans = [read for read in reads_of(history) if read.f == "scan"]
            assert not all(explained(history, scan, real_time=False) for scan in scans)
    assert accused > 10


def test_twin_one_after_the_other_a_scan_that_passes_is_a_prefix():
    passed = 0
    for history in some_histories(4, 1500, sequential=True, doubts=False, deletes=False):
        checkers = (prefix_durable, atomic_batch, detects_corruption)
        if any(invalid(make(), history) for make in checkers):
            continue
        passed += 1
        for read in reads_of(history):
            assert explained(history, read, real_time=False), list(history)
    assert passed > 200


def test_twin_a_torn_batch_is_seen_by_no_subset_of_whole_operations():
    accused = 0
    for history in some_histories(5, 2000, scan_last=True):
        if invalid(atomic_batch(), history):
            accused += 1
            scans = [read for read in reads_of(history) if read.f == "scan"]
            assert not all(explained(history, scan, real_time=False) for scan in scans)
    assert accused > 10


# Certificates.


def wrong_ones(seed):
    return chain(
        some_histories(seed, 1500, scan_last=True), some_histories(seed, 400, **MANY_READS)
    )


def test_evidence_is_confirmed_by_other_code():
    confirmed = dict.fromkeys(NAMES, 0)
    for history in wrong_ones(6):
        for name in NAMES[:-1]:
            entry = CHECKERS[name]
            judged = entry.make().check(history)
            if judged.validity is INVALID:
                assert entry.verified(history, judged).complete
                confirmed[name] += 1
    assert min(confirmed[name] for name in NAMES[:-1]) > 5


@pytest.mark.parametrize("name", NAMES[:-1])
def test_forged_evidence_is_not(name):
    entry, refused = CHECKERS[name], 0
    histories = list(wrong_ones(7))
    judged = [(h, v) for h in histories if (v := entry.make().check(h)).validity is INVALID]
    for (_, accusation), history in zip(judged, histories, strict=False):
        if invalid(entry.make(), history):
            continue
        try:
            entry.verified(history, accusation)
        except CertificateError:
            refused += 1
        else:
            pytest.fail(f"{accusation} of another history was confirmed: {list(history)}")
    assert refused > 5


def test_what_a_store_found_of_itself_is_counted_again():
    entry = CHECKERS["structure"]
    history = history_of(one(0, "verify", None, ["bad"]))

    assert entry.verified(history, entry.make().check(history)).complete
    with pytest.raises(CertificateError):
        entry.verified(history_of(one(0, "verify", None, [])), entry.make().check(history))
