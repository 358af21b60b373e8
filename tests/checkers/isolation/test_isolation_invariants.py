"""Bank, doctors, long fork and causal reverse."""

import copy
from pathlib import Path

import pytest

from splitbrain.checkers.history import INVOKE, OK, History, Operation, load
from splitbrain.checkers.invariants import bank, causal_reverse, doctors, long_fork
from splitbrain.checkers.isolation import CertificateError, verify
from splitbrain.checkers.isolation.notation import transactions
from splitbrain.checkers.models.model import ModelError
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Verdict

DATA = Path(__file__).parents[3].parent / "shared" / "data"


def history_of(*calls):
    """A history of calls one after another: (f, argument, result)."""
    operations = []
    for f, argument, result in calls:
        for kind, value in ((INVOKE, argument), (OK, result)):
            at = len(operations)
            operations.append(Operation(at, at, 0, kind, f, value))
    return History.from_operations(operations)


def read(**balances):
    return ("read", None, balances)


def vector(*balances):
    """Balances of the accounts 0, 1, ..."""
    return ("read", None, list(balances))


MOVE = ("transfer", {"from": 0, "to": 1, "amount": 5}, {})
TRANSFER = ("transfer", {"from": "a", "to": "b", "amount": 5}, {})


@pytest.mark.parametrize(
    ("calls", "validity", "kind"),
    [
        ([read(a=10, b=0), TRANSFER, read(a=5, b=5)], VALID, None),
        ([read(a=10, b=0), TRANSFER, read(a=5, b=0)], INVALID, "wrong-total"),
        ([read(a=10, b=0), TRANSFER, read(a=-5, b=15)], INVALID, "negative-balance"),
        ([read(a=10, b=0), TRANSFER, read(a=10)], INVALID, "wrong-accounts"),
        ([read(a=10, b=0), TRANSFER, read(a=10, b=None)], INVALID, "no-balance"),
        ([read(a=10, b=0)], UNKNOWN, None),
        ([TRANSFER], UNKNOWN, None),
        ([vector(10, 0), MOVE, vector(5, 5)], VALID, None),
        ([vector(10, 0), MOVE, vector(5, 0)], INVALID, "wrong-total"),
        ([vector(10, 0), MOVE, vector(-5, 15)], INVALID, "negative-balance"),
        ([vector(10, 0), MOVE, vector(10)], INVALID, "wrong-accounts"),
        ([vector(10, 0), MOVE, vector(10, None)], INVALID, "no-balance"),
    ],
)
def test_the_total_of_the_bank(calls, validity, kind):
    verdict = bank().check(history_of(*calls))
    assert verdict.validity is validity, verdict.reason
    assert [a.kind for a in verdict.anomalies] == ([kind] if kind else [])


def test_a_known_total_and_overdrafts():
    history = history_of(read(a=-5, b=15), TRANSFER)
    assert bank(total=10, negative=True).check(history).validity is VALID
    assert bank(total=11, negative=True).check(history).validity is INVALID


def test_the_bank_of_elle_cli_is_valid():
    path = DATA / "elle-cli" / "bank.edn"
    if not path.is_file():
        pytest.skip("the recorded histories are not here")
    assert bank().check(load(path)).validity is VALID


def test_a_read_without_balances_is_named():
    with pytest.raises(ModelError, match="operation 1"):
        bank().check(history_of(("read", None, [[0, 1], [1, 2]])))


ON_CALL = [
    ("leave", ["night", "alice"], ["night", "alice"]),
    ("leave", ["night", "bob"], ["night", "bob"]),
]


@pytest.mark.parametrize(
    ("on_call", "validity"), [(["carol"], VALID), ([], INVALID), (["carol", "dan"], VALID)]
)
def test_somebody_stays_on_call(on_call, validity):
    history = history_of(*ON_CALL, ("read", ["night", None], ["night", on_call]))
    verdict = doctors().check(history)
    assert verdict.validity is validity
    if verdict.anomalies:
        assert verdict.anomalies[0].operations == (1, 3, 5)
        assert 'after "alice" and "bob" had left' in verdict.reason


def test_doctors_that_nobody_looked_at_are_unknown():
    assert doctors().check(history_of(*ON_CALL)).validity is UNKNOWN


FORK = "T1: wx1 | T2: wy1 | T3: rx1 ry | T4: rx ry1"
ONE_SIDE = "T1: wx1 | T2: wy1 | T3: rx1 ry | T4: rx1 ry1 | T5: rx ry"
REVERSE = "T1: wx1 || T2: wy1 || T3: rx ry1"


@pytest.mark.parametrize(
    ("checker", "text", "validity"),
    [
        (long_fork(), FORK, INVALID),
        (long_fork(), ONE_SIDE, VALID),
        (long_fork(), REVERSE, VALID),
        (long_fork(), "T1: wx1 | T2: rx", UNKNOWN),
        (causal_reverse(), REVERSE, INVALID),
        (causal_reverse(), "T1: wx1 | T2: wy1 | T3: rx ry1", VALID),
        (causal_reverse(), "T1: wx1 || T2: wy1 || T3: rx1 ry1", VALID),
    ],
)
def test_orders_of_single_writes(checker, text, validity):
    verdict = checker.check(transactions(text, registers=True))
    assert verdict.validity is validity, verdict.reason


def test_the_writes_of_a_fork_are_named():
    verdict = long_fork().check(transactions(FORK, registers=True))
    assert verdict.reason == (
        'operation 6 saw the write of "x" and not that of "y", operation 7 the other way round'
    )


@pytest.mark.parametrize(
    ("calls", "validity"),
    [
        ([("write", 1, 1), ("write", 2, 2), ("read", None, [2])], INVALID),
        ([("write", 1, 1), ("write", 2, 2), ("read", None, [1])], VALID),
        ([("write", 1, 1), ("write", 2, 2), ("read", None, [7, 2, 1])], VALID),
        ([("write", 1, 1), ("write", 2, 2), ("read", None, [])], UNKNOWN),
    ],
)
def test_comments_are_single_writes_too(calls, validity):
    assert causal_reverse().check(history_of(*calls)).validity is validity


def test_a_read_of_comments_that_gives_no_list_is_named():
    with pytest.raises(ModelError, match="operation 3: its value is 1"):
        causal_reverse().check(history_of(("write", 1, 1), ("read", None, 1)))


@pytest.mark.parametrize("key", [[1], {"a": 1}])
@pytest.mark.parametrize("micro", ["w", "r"])
def test_a_key_that_is_none_is_named(micro, key):
    transaction = [[micro, key, 1]]
    with pytest.raises(ModelError, match=r"operation 1: its key .* is no string"):
        long_fork().check(history_of(("txn", transaction, transaction)))


def test_a_key_written_twice_is_named():
    with pytest.raises(ModelError, match="every key may be written once"):
        long_fork().check(transactions("T1: wx1 | T2: wx2 | T3: rx1", registers=True))


def _histories():
    yield bank(), history_of(read(a=10, b=0), TRANSFER, read(a=5, b=5))
    yield bank(), history_of(read(a=10, b=0), TRANSFER, read(a=5, b=0))
    yield bank(total=10), history_of(read(a=-5, b=15), TRANSFER)
    yield bank(), history_of(read(a=10, b=0), TRANSFER, read(a=10))
    yield bank(), history_of(vector(10, 0), MOVE, vector(5, 5))
    yield bank(), history_of(vector(10, 0), MOVE, vector(5, 0))
    yield bank(), history_of(vector(10, 0), MOVE, vector(10, None))
    yield bank(total=10), history_of(vector(-5, 15), MOVE)
    yield doctors(), history_of(*ON_CALL, ("read", ["night", None], ["night", ["carol"]]))
    yield doctors(), history_of(*ON_CALL, ("read", ["night", None], ["night", []]))
    for checker in (long_fork(), causal_reverse()):
        for text in (FORK, ONE_SIDE, REVERSE):
            yield checker, transactions(text, registers=True)


HISTORIES = list(_histories())


@pytest.mark.parametrize(("checker", "history"), HISTORIES)
def test_verdicts_are_confirmed(checker, history):
    verify(history, Verdict.from_json(checker.check(history).to_json()))


@pytest.mark.parametrize(("checker", "history"), HISTORIES)
def test_what_is_valid_is_not_confirmed_as_invalid_nor_the_other_way_round(checker, history):
    data = copy.deepcopy(checker.check(history).to_json())
    if data["validity"] == "invalid":
        data["validity"] = "valid"
    else:
        data["validity"] = "invalid"
        kinds = {"bank": "wrong-total", "doctors": "write-skew"}
        data["anomalies"] = [
            {
                "kind": kinds.get(checker.name, checker.name),
                "message": "",
                "operations": [history[-1].index] * (3 if checker.name == "causal-reverse" else 2),
                "details": {"keys": ["x", "y"], "shift": "night"},
            }
        ]
    with pytest.raises(CertificateError):
        verify(history, Verdict.from_json(data))


@pytest.mark.parametrize(
    ("checker", "text", "change"),
    [
        (long_fork(), FORK, lambda a: a["operations"].reverse()),
        (long_fork(), FORK, lambda a: a["details"]["keys"].reverse()),
        (causal_reverse(), REVERSE, lambda a: a["details"]["keys"].reverse()),
        (causal_reverse(), REVERSE, lambda a: a["operations"].reverse()),
    ],
)
def test_forgeries_are_refused(checker, text, change):
    history = transactions(text, registers=True)
    data = copy.deepcopy(checker.check(history).to_json())
    change(data["anomalies"][0])
    with pytest.raises(CertificateError):
        verify(history, Verdict.from_json(data))


def test_another_total_than_the_first_read_shows_is_refused():
    checker, history = HISTORIES[0]
    data = copy.deepcopy(checker.check(history).to_json())
    data["certificate"]["total"] = 11
    with pytest.raises(CertificateError, match="no total of 11"):
        verify(history, Verdict.from_json(data))
