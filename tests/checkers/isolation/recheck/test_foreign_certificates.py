"""Evidence of one history proves nothing of another, and damaged evidence is refused in words."""

import copy
import random

import pytest
from isolation_twin import HISTORIES, random_history
from test_predicate_certificates import random_predicate_history

from splitbrain.checkers.isolation import (
    CertificateError,
    list_append,
    predicate_reads,
    rw_register,
    verify,
)
from splitbrain.checkers.verdict import UNKNOWN, Verdict

CHECKERS = {
    "strong-serializable lists": (list_append(), False),
    "snapshot lists": (list_append("snapshot-isolation"), False),
    "causal lists": (list_append("causal"), False),
    "read-committed lists": (list_append("read-committed"), False),
    "serializable registers": (rw_register("serializable", complete=True), True),
    "snapshot registers": (rw_register("strong-snapshot-isolation", complete=True), True),
    "read-atomic registers": (rw_register("read-atomic", initial=True), True),
    "monotonic registers": (rw_register("monotonic-reads", initial=True), True),
    "predicates": (predicate_reads("serializable"), None),
    "repeatable predicates": (predicate_reads("repeatable-read"), None),
}


def judged(name, count):
    """Random histories and verdicts, in the order in which they were made."""
    checker, registers = CHECKERS[name]
    rng = random.Random(f"foreign {name}")
    for _ in range(count):
        if registers is None:
            history = random_predicate_history(rng)
        else:
            history = random_history(rng, registers=registers)
        verdict = checker.check(history)
        if verdict.validity is not UNKNOWN:
            yield history, verdict


@pytest.mark.parametrize("name", CHECKERS)
def test_evidence_of_another_history_never_proves_what_is_not_so(name):
    found = list(judged(name, HISTORIES // 20))
    refused = 0
    for number, (history, verdict) in enumerate(found):
        for _, other in found[number + 1 : number + 10]:
            if other.validity is not verdict.validity:
                refused += 1
                with pytest.raises(CertificateError):
                    verify(history, other)
    assert refused > 20


@pytest.mark.parametrize("name", CHECKERS)
def test_damaged_evidence_is_refused_or_still_right(name):
    """Whatever is changed in it, checking ends in the error that it should."""
    rng = random.Random(f"damaged {name}")
    refused = 0
    for history, verdict in judged(name, HISTORIES // 30):
        data = copy.deepcopy(verdict.to_json())
        for _ in range(rng.choice((1, 1, 2))):
            damage(rng, data["certificate"] if rng.random() < 0.5 else data["anomalies"])
        try:
            verify(history, Verdict.from_json(data))
        except CertificateError:
            refused += 1
        except (KeyError, TypeError, ValueError):
            # No verdict at all: reading it back fails.
            with pytest.raises((KeyError, TypeError, ValueError)):
                Verdict.from_json(data)
    assert refused > HISTORIES / 1000


def damage(rng, node):
    """Change, drop or repeat something somewhere within."""
    while isinstance(node, dict | list) and node:
        key = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
        if isinstance(node[key], dict | list) and node[key] and rng.random() < 0.8:
            node = node[key]
            continue
        how = rng.randrange(4)
        if how == 0:
            del node[key]
        elif how == 1:
            node[key] = rng.choice((None, 0, 1, -1, 99, "x", [], {}, [0], True))
        elif how == 2 and isinstance(node, list):
            node.insert(rng.randrange(len(node) + 1), copy.deepcopy(node[key]))
        elif type(node[key]) is int:
            node[key] += rng.choice((-1, 1, 2))
        return
