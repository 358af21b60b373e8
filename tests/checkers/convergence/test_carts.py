"""Shopping carts: examples, a twin that follows each item, mutants, re-checks."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.convergence.carts import ENTRY, shopping_carts
from splitbrain.checkers.history import NEMESIS, History, Operation
from splitbrain.checkers.models import ModelError

FINAL = [(NEMESIS, "info", "phase", "final")]
DEAD = [(NEMESIS, "info", "answers", {"n1": "gone", "n2": "ok"})]


def history(*parts):
    events = (event for part in parts for event in part)
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def do(f, item, kind="ok", process=1, cart="x"):
    return [(process, "invoke", f, [cart, item]), (process, kind, f, [cart, item])]


def look(*items, cart="x"):
    return [(2, "invoke", "look", [cart, None]), (2, "ok", "look", [cart, list(items)])]


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([do("put", 1), FINAL, look(1)], VALID, []),
        ([do("put", 1), FINAL, look()], INVALID, ["lost"]),
        ([do("put", 1), do("take", 1), FINAL, look()], VALID, []),
        # Dynamo's carts: the union of a cart without it and of one that had it still.
        ([do("put", 1), do("put", 2), do("take", 1), FINAL, look(1, 2)], INVALID, ["returned"]),
        ([do("put", 1), do("put", 2), do("take", 1), FINAL, look(2)], VALID, []),
        # Nobody knows whether it was taken out, or put in.
        ([do("put", 2), do("put", 1), do("take", 1, "info", 3), FINAL, look(2)], VALID, []),
        ([do("put", 2), do("put", 1), do("take", 1, "info", 3), FINAL, look(1, 2)], VALID, []),
        ([do("put", 2), do("put", 1, "info", 3), FINAL, look(2), look(1, 2)], VALID, []),
        # What failed did not happen.
        ([do("put", 2), do("put", 1), do("take", 1, "fail"), FINAL, look(2)], INVALID, ["lost"]),
        ([do("put", 2), do("put", 1, "fail"), FINAL, look(1, 2)], INVALID, ["unexpected"]),
        ([do("put", 1), look(7), FINAL, look(1)], INVALID, ["unexpected"]),
        ([do("put", 1), look(1, 1), FINAL, look(1)], INVALID, ["unexpected"]),
        ([do("put", 1), do("put", 2, cart="y"), FINAL, look(1, 2)], INVALID, ["unexpected"]),
        # A replica may be behind before the end.
        ([do("put", 1), look(), do("take", 1), look(1), FINAL, look()], VALID, []),
        # What only a server had that is dead for good is gone with it.
        ([do("put", 1), FINAL, DEAD, look()], UNKNOWN, []),
        ([do("put", 1), FINAL, DEAD, look(), look()], VALID, []),
        ([do("put", 1), do("take", 1), FINAL, DEAD, look(1), look(1)], VALID, []),
        # But those that are left must have the same, as far as nothing is in doubt.
        ([do("put", 1), FINAL, DEAD, look(), look(1)], INVALID, ["diverged"]),
        ([do("put", 1), FINAL, DEAD, look(), look(1, cart="y")], INVALID, ["unexpected"]),
        ([do("put", 1), do("take", 1), FINAL, DEAD, look(1), look()], INVALID, ["diverged"]),
        ([do("put", 2), do("put", 1, "info", 3), FINAL, DEAD, look(2), look(1, 2)], VALID, []),
        ([do("put", 1), look(1)], UNKNOWN, []),
        ([FINAL, look()], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_examples(parts, validity, kinds):
    verdict = shopping_carts().check(history(*parts))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (do("put", 1) + do("put", 1), "put in twice"),
        ([(1, "invoke", "put", 3), (1, "ok", "put", 3)], r"give \[cart, item\]"),
        ([(1, "invoke", "look", ["x", None]), (1, "ok", "look", 3)], r"give \[cart, items\]"),
    ],
)
def test_what_is_no_cart_is_refused(events, said):
    with pytest.raises(ModelError, match=said):
        shopping_carts().check(history(events))


def drawn_run(random: Random) -> list[Operation]:
    """One cart whose looks see all that happened before them, and then some final ones."""
    events, items, fresh, number = [], set(), 0, 10
    for _ in range(random.randrange(2, 9)):
        f = random.choice(["put", "put", "take", "look"])
        kind = random.choice(["ok", "ok", "ok", "info", "fail"])
        number += 1
        if f == "look":
            events += look(*sorted(items))
            continue
        if f == "take" and not items:
            continue
        item = fresh if f == "put" else random.choice(sorted(items))
        fresh += f == "put"
        events += do(f, item, kind, number)
        if kind == "ok" or (kind == "info" and random.random() < 0.5):
            items = items | {item} if f == "put" else items - {item}
    dead = DEAD if random.random() < 0.3 else []
    events += FINAL + dead + look(*sorted(items)) + look(*sorted(items))
    return [Operation(i, i, *event) for i, event in enumerate(events)]


def mutated(operations: list[Operation], random: Random) -> list[Operation]:
    at = random.choice([n for n, o in enumerate(operations) if (o.f, o.type) == ("look", "ok")])
    cart, items = operations[at].value
    other = sorted({*items} ^ {random.randrange(6)})
    return [replace(o, value=[cart, other]) if n == at else o for n, o in enumerate(operations)]


def twin(operations: list[Operation]) -> set[tuple[str, int, int]]:
    """What is wrong with each item of each look, as one reads it off the list."""
    wrong, state, final, dead, before = set(), {}, False, False, None
    for o in operations:
        final = final or o.f == "phase"
        dead = dead or o.f == "answers"
        if o.f in ("put", "take"):
            state.setdefault(o.value[1], []).append((o.f, o.type))
        elif (o.f, o.type) == ("look", "ok"):
            for item in {*state, *o.value[1]}:
                done = [each for each in state.get(item, []) if each[1] != "invoke"]
                there = item in o.value[1]
                if there and ("put", "ok") not in done and ("put", "info") not in done:
                    wrong.add(("unexpected", o.index, item))
                elif dead:
                    sure = ("put", "ok") in done and {kind for _, kind in done} <= {"ok", "fail"}
                    if before is not None and sure and there != (item in before):
                        wrong.add(("diverged", o.index, item))
                elif final and there and ("take", "ok") in done:
                    wrong.add(("returned", o.index, item))
                elif final and not there and ("put", "ok") in done:
                    tried = {("take", "ok"), ("take", "info")} & {*done}
                    wrong |= set() if tried else {("lost", o.index, item)}
            before = o.value[1] if dead and before is None else before
    return wrong


@pytest.mark.parametrize("seed", range(4))
def test_the_checker_agrees_with_its_twin_and_the_recheck_with_both(seed):
    random, counts = Random(seed), {VALID: 0, INVALID: 0, UNKNOWN: 0}
    for _ in range(250):
        right = drawn_run(random)
        assert not shopping_carts().check(History.from_operations(right)).anomalies
        for operations in (right, mutated(right, random)):
            made = History.from_operations(operations)
            verdict = shopping_carts().check(made)
            found = {(a.kind, a.operations[-1], a.details["item"]) for a in verdict.anomalies}
            assert found == twin(operations), operations
            counts[verdict.validity] += 1
            if verdict.validity is not UNKNOWN:
                ENTRY.verified(made, verdict)
    assert min(counts[VALID], counts[INVALID]) > 60, counts


def test_a_forged_verdict_is_refuted():
    good = history(do("put", 1), FINAL, look(1))
    bad = history(do("put", 1), FINAL, look())
    valid, invalid = (shopping_carts().check(each) for each in (good, bad))

    with pytest.raises(CertificateError, match="1 items are wrong"):
        ENTRY.verified(bad, valid)
    with pytest.raises(CertificateError, match="0 items are wrong"):
        ENTRY.verified(good, invalid)
    other = replace(invalid.anomalies[0], kind="returned")
    with pytest.raises(CertificateError, match="has no returned"):
        ENTRY.verified(bad, replace(invalid, anomalies=(other,)))
