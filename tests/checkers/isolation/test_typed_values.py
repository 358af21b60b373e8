"""1, 1.0 and true are three keys and three values, for the checkers and for who re-checks them."""

import pytest

from splitbrain.checkers.certificate import NoCertificate
from splitbrain.checkers.history import INVOKE, OK, History, Operation
from splitbrain.checkers.isolation import CONSISTENCY_MODELS, list_append, rw_register
from splitbrain.checkers.isolation.recheck.verdicts import verify
from splitbrain.checkers.verdict import INVALID, VALID


def history_of(*txns):
    """Transactions one after another, each in a process of its own."""
    operations = []
    for process, txn in enumerate(txns):
        invoked = [[f, key, None if f == "r" else value] for f, key, value in txn]
        for kind, value in ((INVOKE, invoked), (OK, txn)):
            at = len(operations)
            operations.append(Operation(at, at, process, kind, "txn", value))
    return History.from_operations(operations)


LISTS = [
    history_of([["append", "x", 1]], [["append", "x", True]], [["r", "x", [1, True]]]),
    history_of([["append", 1, 1]], [["append", True, 1]], [["r", 1, [1]], ["r", True, [1]]]),
    history_of([["append", 1, 1]], [["append", 1.0, 2]], [["r", 1, [1]], ["r", 1.0, [2]]]),
]
REGISTERS = [
    history_of([["w", "x", 1]], [["r", "x", 1]], [["w", "x", True]], [["r", "x", True]]),
    history_of([["w", "x", 1]], [["r", "x", 1]], [["w", "x", 1.0]], [["r", "x", 1.0]]),
]


@pytest.mark.parametrize("model", CONSISTENCY_MODELS)
@pytest.mark.parametrize(
    ("make", "history"),
    [*((list_append, h) for h in LISTS), *((rw_register, h) for h in REGISTERS)],
)
def test_valid_verdicts_on_them_are_not_refuted(make, history, model):
    verdict = make(model).check(history)
    assert verdict.validity is VALID
    if "no proof" in verdict.certificate and make is rw_register:
        with pytest.raises(NoCertificate):
            verify(history, verdict)
    else:
        verify(history, verdict)


def test_what_is_of_another_type_was_not_written():
    for history in (
        history_of([["append", "x", 1]], [["r", "x", [True]]]),
        history_of([["append", "x", 1]], [["r", "x", [1.0]]]),
    ):
        verdict = list_append("serializable").check(history)
        assert verdict.validity is INVALID
        assert verdict.anomalies[0].kind == "garbage"
        verify(history, verdict)
