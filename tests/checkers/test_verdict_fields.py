"""A verdict's certificate may be made when it is first read; nobody can tell."""

import copy
import json
import pickle

import pytest

from splitbrain.checkers import INVALID, VALID
from splitbrain.checkers.verdict import Anomaly, Shape, Verdict


def certified(made):
    def certificate():
        made.append(True)
        return {"order": [1, 2, 3]}

    return Verdict("checker", VALID, "it holds", certificate=certificate)


def test_a_certificate_is_made_once_and_only_if_it_is_read():
    made = []
    verdict = certified(made)
    assert made == []
    assert verdict.certificate == verdict.certificate == {"order": [1, 2, 3]}
    assert made == [True]
    assert Verdict("checker", VALID, "it holds").certificate == {}


def test_a_verdict_goes_to_json_and_to_other_processes_with_its_certificate():
    given = Verdict("checker", VALID, "it holds", certificate={"order": [1, 2, 3]})
    for carried in (
        Verdict.from_json(json.loads(json.dumps(certified([]).to_json()))),
        pickle.loads(pickle.dumps(certified([]))),
        copy.deepcopy(certified([])),
    ):
        assert carried.to_json() == given.to_json()


def test_the_shape_of_the_evidence_goes_to_json_and_comes_back():
    anomaly = Anomaly("G1c", "a cycle", (1, 2), {"cycle": []}, Shape.CYCLE)
    written = Verdict("checker", INVALID, "broken", (anomaly,)).to_json()
    assert Verdict.from_json(json.loads(json.dumps(written))).anomalies == (anomaly,)


@pytest.mark.parametrize("anomalies", [(), (Anomaly("lost", "gone"),)])
def test_nothing_is_invalid_without_a_witness(anomalies):
    with pytest.raises(ValueError, match="mine: an invalid verdict without a witness"):
        Verdict("mine", INVALID, "broken", anomalies)


@pytest.mark.parametrize("shown", [{"operations": (1,)}, {"details": {"servers": ["n1"]}}])
def test_operations_or_figures_are_a_witness(shown):
    verdict = Verdict("mine", INVALID, "broken", (Anomaly("lost", "gone", **shown),))
    assert verdict.signature == "mine/lost"


def test_evidence_of_an_unknown_shape_is_that_of_operations():
    written = Verdict("checker", INVALID, "broken", (Anomaly("lost", "gone", (1,)),)).to_json()
    for change in ({"shape": "of another version"}, {"shape": None}):
        written["anomalies"][0] |= change
        assert Verdict.from_json(written).anomalies[0].shape is Shape.OPERATIONS
    del written["anomalies"][0]["shape"]
    assert Verdict.from_json(written).anomalies[0].shape is Shape.OPERATIONS
