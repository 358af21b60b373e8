"""A verdict's certificate may be made when it is first read; nobody can tell."""

import copy
import json
import pickle

from splitbrain.checkers import VALID
from splitbrain.checkers.verdict import Verdict


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
