"""Values that come with their versions: the order of writes is told, and held against the rest."""

import random

import pytest
from adya_twin import holds, micros
from isolation_twin import HISTORIES, random_history
from mutations import mutated

from splitbrain.checkers.history import INFO, INVOKE, OK, History, HistoryError, Operation
from splitbrain.checkers.isolation import CertificateError, rw_register, verify
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Verdict


def at_once(*transactions, ended=OK):
    """Concurrent transactions with these values, as completed."""
    count = len(transactions)
    return History.from_operations(
        Operation(at, at, at % count, INVOKE if at < count else ended, "txn", txn)
        for at, txn in enumerate([*transactions, *transactions])
    )


ANOMALIES = [
    # The versions say that y's writer wrote x first; its reader of y still misses x.
    ("G-single", [
        [["w", "x", [1, "a"]]], [["w", "x", [2, "b"]], ["w", "y", [1, "c"]]],
        [["r", "x", [1, "a"]], ["r", "y", [1, "c"]]],
    ]),
    ("G0", [[["w", "x", [1, "a"]], ["w", "y", [2, "c"]]],
            [["w", "x", [2, "b"]], ["w", "y", [1, "d"]]], [["r", "x", [1, "a"]]]]),
    ("G1c", [[["w", "x", [5, "a"]]], [["r", "x", [5, "a"]], ["w", "x", [4, "b"]]]]),
    ("cyclic-versions", [[["w", "x", [1, "a"]]], [["r", "x", [2, "a"]]]]),
    ("cyclic-versions", [[["w", "x", [1, "a"]]], [["w", "x", [1, "b"]]], [["r", "x", [1, "a"]]]]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "txns"), ANOMALIES)
def test_versions_that_disagree_with_what_transactions_did(kind, txns):
    history = at_once(*txns)
    verdict = rw_register(versioned=True).check(history)
    assert kind in verdict.certificate["anomalies"], verdict
    assert verdict.certificate["assumptions"] == ["versioned"]
    verify(history, verdict)


def test_a_version_may_be_in_a_field():
    def seen(version, value):
        return {"mod_revision": version, "value": value}

    history = at_once(
        [["w", "x", seen(1, "a")]],
        [["w", "x", seen(2, "b")], ["w", "y", seen(3, "c")]],
        [["r", "x", seen(1, "a")], ["r", "y", seen(3, "c")]],
    )
    verdict = rw_register("serializable", version_field="mod_revision").check(history)
    assert list(verdict.certificate["anomalies"]) == ["G-single"]
    assert verdict.certificate["assumptions"] == ["version_field=mod_revision"]
    verify(history, Verdict.from_json(verdict.to_json()))


def test_a_write_need_not_say_its_version_and_nothing_is_how_a_key_started():
    history = at_once([["w", "x", "a"]], [["r", "x", None]], [["r", "x", [7, "a"]]])
    assert rw_register(versioned=True).check(history).validity is VALID


def test_a_read_without_a_version_is_refused():
    history = at_once([["w", "x", "a"]], [["r", "x", "a"]])
    with pytest.raises(HistoryError, match=r"has no version; .* \[version, value\]") as refused:
        rw_register(versioned=True).check(history)
    assert refused.value.index == 3
    with pytest.raises(HistoryError, match=r'\{"revision": version, "value": value\}'):
        rw_register(version_field="revision").check(history)


def test_forged_versions_are_refused():
    history = at_once(*ANOMALIES[0][1])
    data = rw_register(versioned=True).check(history).to_json()
    data["certificate"]["assumptions"] = []
    with pytest.raises(CertificateError):
        verify(history, Verdict.from_json(data))


def with_versions(rng, history):
    """The history with versions: mostly as values increase; and what they are said to be."""
    said = {}
    true = {}

    def number(key, value):
        drawn = rng.random()
        if drawn < 0.02:
            return rng.randint(1, 6)
        if drawn < 0.1 and (key, value) not in true:
            true[key, value] = rng.randint(1, 6)
        return true.setdefault((key, value), 10 * value)

    operations = []
    for op in history:
        value = op.value
        if op.type == OK:
            value = []
            for f, key, v in op.value:
                if v is None or (f != "r" and rng.random() < 0.5):
                    value.append([f, key, v])
                    continue
                value.append([f, key, [number(key, v), v]])
                said.setdefault((key, v), set()).add(value[-1][2][0])
        operations.append(Operation(op.index, op.time, op.process, op.type, op.f, value))
    return History.from_operations(operations), said


@pytest.mark.slow
@pytest.mark.parametrize("time", ["", "session", "real"])
def test_verdicts_are_those_of_the_definition(time):
    pytest.importorskip("pysat")
    rng = random.Random(f"versions {time}")
    outcomes = {True: 0, False: 0}
    forms = {"": "", "session": "strong-session-", "real": "strong-"}
    checker = rw_register(forms[time] + "serializable", complete=True, versioned=True)
    for number in range(HISTORIES // 6):
        plain = random_history(rng, registers=True)
        plain = mutated(rng, plain) if number % 2 else plain
        history, said = with_versions(rng, plain)
        verdict = checker.check(history)
        if verdict.validity is UNKNOWN:
            continue
        calls = plain.calls()
        expected = consistent(calls, said) and holds(
            calls,
            "serializable",
            time,
            registers=True,
            numbers={w: min(n) for w, n in said.items()},
        )
        outcomes[expected] += 1
        assert (verdict.validity is not INVALID) == expected, (list(history), verdict)
        verify(history, Verdict.from_json(verdict.to_json()))
    assert min(outcomes.values()) > HISTORIES / 50


def consistent(calls, said):
    """Whether of the versions that stay each has one number, and no two of a key the same."""
    seen = {(k, v) for c in calls if c.outcome == OK for f, k, v in c.result if f == "r"}
    numbers = {}
    for call in calls:
        if call.outcome == INFO or call.outcome is None:
            if not any((k, v) in seen for f, k, v in call.argument if f != "r"):
                continue
        elif call.outcome != OK:
            continue
        last = {key: value for f, key, value in micros(call) if f != "r"}
        for written in last.items():
            if len(said.get(written, ())) > 1:
                return False
            numbers.setdefault(written[0], []).extend(said.get(written, ()))
    return all(len(set(found)) == len(found) for found in numbers.values())
