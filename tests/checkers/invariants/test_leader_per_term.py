"""One leader a term."""

from itertools import combinations
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID, leader_per_term
from splitbrain.checkers.history import INFO, History, Operation
from splitbrain.checkers.models import ModelError


def announced(*events):
    return History.from_operations(
        [
            Operation(i, i * 500_000_000, node, INFO, "leader", value)
            for i, (node, value) in enumerate(events)
        ]
    )


def terms(*leaders):
    return announced(*((node, {"term": term}) for node, term in leaders))


@pytest.mark.parametrize(
    "leaders",
    [
        [("n1", 1)],
        [("n1", 1), ("n2", 2), ("n1", 3)],
        [("n1", 1), ("n1", 1)],
        [("n2", 5), ("n1", 4)],
    ],
)
def test_one_leader_a_term_is_valid(leaders):
    verdict = leader_per_term().check(terms(*leaders))
    assert verdict.validity is VALID
    assert verdict.coverage["announcements"] == len(leaders)


def test_two_leaders_of_a_term_are_invalid():
    verdict = leader_per_term().check(terms(("n1", 1), ("n2", 3), ("n3", 3), ("n1", 4)))
    assert verdict.validity is INVALID
    (anomaly,) = verdict.anomalies
    assert anomaly.kind == "two-leaders"
    assert anomaly.message == "in term 3, n2 (at 0.500 s) and n3 (at 1.000 s) each became leader"
    assert anomaly.operations == (1, 2)


def test_every_term_with_two_leaders_is_reported():
    verdict = leader_per_term().check(
        terms(("n1", 1), ("n2", 1), ("n1", 2), ("n2", 2), ("n3", 2), ("n1", 3))
    )
    assert [(a.details["term"], a.operations) for a in verdict.anomalies] == [
        (1, (0, 1)),
        (2, (2, 3, 4)),
    ]


def test_without_announcements_it_is_unknown():
    assert leader_per_term().check(announced()).validity is UNKNOWN


@pytest.mark.parametrize("value", [None, 3, {}, {"term": "3"}, {"term": True}, {"term": None}])
def test_an_announcement_without_term_is_refused(value):
    with pytest.raises(ModelError, match=r"^operation 1: n2 announces leader with value .*; the"):
        leader_per_term().check(announced(("n1", {"term": 1}), ("n2", value)))


def test_the_checker_agrees_with_a_twin_that_compares_all_pairs():
    random, refuted = Random(11), 0
    for _ in range(500):
        good = [(random.choice(("n1", "n2", "n3")), term) for term in range(random.randrange(1, 7))]
        mutant = [(node, random.choice((term, term, term, term + 1))) for node, term in good]
        for leaders in (good, mutant):
            wrong = any(
                one[1] == other[1] and one[0] != other[0] for one, other in combinations(leaders, 2)
            )
            found = leader_per_term().check(terms(*leaders)).validity is INVALID

            assert found == wrong, leaders
            assert not (leaders is good and found)
            refuted += found
    assert 100 < refuted < 500
