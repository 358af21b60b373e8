"""Watches: every change is told once, in order; examples, a twin by the definitions, mutants."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.collections.recheck.watches import _findings
from splitbrain.checkers.collections.watches import ENTRY, watched
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError


def whole(*parts):
    events = [event for part in parts for event in part]
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def put(value, revision=None, key="x", kind="ok"):
    process = 0 if kind == "ok" else 100 + value
    done = [key, value] if revision is None else [key, value, revision]
    return [(process, "invoke", "put", [key, value]), (process, kind, "put", done)]


def watch(after, upto, *events, f="watch"):
    told = {"after": after, "upto": upto, "events": [[r, "x", value] for r, value in events]}
    return [(1, "invoke", f, after if f == "watch" else None), (1, "ok", f, told)]


def gone(after, compacted):
    told = {"after": after, "compacted": compacted}
    return [(1, "invoke", "watch", after), (1, "ok", "watch", told)]


def snapshot(revision, **state):
    told = {"revision": revision, "state": state}
    return [(1, "invoke", "snapshot", None), (1, "ok", "snapshot", told)]


BOTH = (put(7, 1), put(8, 2))


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([*BOTH, watch(0, 2, (1, 7), (2, 8))], VALID, []),
        ([*BOTH, watch(0, 1, (1, 7)), watch(1, 2, (2, 8))], VALID, []),
        ([*BOTH, watch(0, 1, (1, 7)), gone(0, 1), snapshot(2, x=8)], VALID, []),
        ([*BOTH, watch(0, 1, (1, 7))], VALID, []),  # late, and nothing is left out
        ([put(7, 1), put(8, kind="info"), watch(0, 2, (1, 7), (2, 8))], VALID, []),
        ([*BOTH, watch(0, 2, (2, 8))], INVALID, ["skipped"]),
        ([*BOTH, watch(0, 2, (1, 7))], INVALID, ["skipped"]),
        ([*BOTH, watch(1, 2, (1, 7), (2, 8))], INVALID, ["repeated"]),
        ([*BOTH, watch(0, 2, (1, 7), (1, 7), (2, 8))], INVALID, ["repeated"]),
        ([*BOTH, watch(0, 2, (2, 8), (1, 7))], INVALID, ["disordered"]),
        ([*BOTH, watch(0, 1, (1, 7), (2, 8))], INVALID, ["disordered"]),
        ([*BOTH, watch(0, 2, (1, 7), (2, 9))], INVALID, ["conflicting", "phantom"]),
        ([*BOTH, put(9, kind="fail"), watch(0, 3, (1, 7), (2, 8), (3, 9))], INVALID, ["phantom"]),
        ([*BOTH, watch(0, 3, (1, 7), (2, 8), (3, 8))], INVALID, ["doubled"]),
        ([put(7, 2), put(8, 1), watch(0, 2, (1, 8), (2, 7))], INVALID, ["reordered"]),
        ([*BOTH, watch(0, 1, (1, 7), f="drain")], INVALID, ["lost"]),
        ([*BOTH, watch(0, 1, (1, 7)), snapshot(2, x=7)], INVALID, ["torn-snapshot"]),
        ([*BOTH, watch(0, 1, (1, 7)), snapshot(1, x=8)], INVALID, ["torn-snapshot"]),
        ([*BOTH, watch(0, 1, (1, 7)), snapshot(2)], INVALID, ["torn-snapshot"]),
        ([*BOTH], UNKNOWN, []),
        ([*BOTH, watch(2, 2)], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_watches(parts, validity, kinds):
    verdict = watched().check(whole(*parts))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([put(7, 1), put(7, 2)], "it was put before"),
        ([[(1, "invoke", "watch", 0), (1, "ok", "watch", 5)]], "5 is no result of watch"),
        ([watch(0, 1, (None, 7))], "is no \\[revision, key, value\\]"),
        ([put([7], 1)], "is no event"),
    ],
)
def test_what_is_no_watch_is_refused(parts, message):
    with pytest.raises(ModelError, match=message):
        watched().check(whole(*parts))


def simulated(random: Random) -> list[Operation]:
    """A store that keeps its promises, with puts of unknown outcome, late watchers, compaction."""
    events, changes, compacted = [], [], 0
    for number in range(random.randrange(2, 8)):
        key = random.choice("xy")
        kind = random.choice(("ok", "ok", "info"))
        if kind == "ok" or random.random() < 0.5:
            changes.append([len(changes) + 1, key, number])
        done = [key, number, len(changes)] if kind == "ok" else [key, number]
        events += [(100 + number, "invoke", "put", [key, number])]
        events += [(100 + number, kind, "put", done)]
        for f in random.sample(("watch", "snapshot", "compact"), random.randrange(3)):
            if f == "compact":
                compacted = random.randint(compacted, len(changes))
            elif f == "snapshot":
                revision = random.randint(0, len(changes))
                state = {key: value for _, key, value in changes[:revision]}
                told = {"revision": revision, "state": state}
                events += [(1, "invoke", f, None), (1, "ok", f, told)]
            else:
                after, upto = sorted(random.randint(0, len(changes)) for _ in range(2))
                told = {"after": after, "upto": upto, "events": changes[after:upto]}
                if after < compacted:
                    told = {"after": after, "compacted": compacted}
                events += [(2, "invoke", f, after), (2, "ok", f, told)]
    told = {"after": compacted, "upto": len(changes), "events": changes[compacted:]}
    events += [(3, "invoke", "drain", None), (3, "ok", "drain", told)]
    return [Operation(i, i, *event) for i, event in enumerate(events)]


def mutated(operations: list[Operation], random: Random) -> list[Operation]:
    """The same with something that was told changed."""
    told = [n for n, o in enumerate(operations) if o.type == "ok"]
    at = random.choice(told)
    value = operations[at].value
    if operations[at].f == "put":
        value = [*value[:2], random.randint(1, 8)]
    elif operations[at].f == "snapshot":
        state = {**value["state"], random.choice("xyz"): random.randrange(8)}
        value = {"revision": random.randint(0, 6), "state": random.choice((value["state"], state))}
    elif "events" in value:
        value = {**value, "events": altered(value["events"], random)}
        value[random.choice(("after", "upto", "events"))] = value["upto"]
        value = value if isinstance(value["events"], list) else {**value, "events": []}
    return [replace(o, value=value) if n == at else o for n, o in enumerate(operations)]


def altered(events, random):
    events = list(events)
    match random.randrange(4):
        case 0 if events:
            events.pop(random.randrange(len(events)))
        case 1 if events:
            events.insert(random.randrange(len(events) + 1), random.choice(events))
        case 2:
            random.shuffle(events)
        case _:
            new = [random.randint(1, 8), random.choice("xy"), random.randrange(8)]
            events.insert(random.randrange(len(events) + 1), new)
    return events


@pytest.mark.parametrize("seed", range(5))
def test_the_checker_agrees_with_its_twin_by_the_definitions(seed):
    random, seen = Random(seed), set()
    for _ in range(400):
        operations = simulated(random)
        assert not watched().check(History.from_operations(operations)).anomalies
        made = History.from_operations(mutated(operations, random))
        verdict = watched().check(made)
        expected = {kind for kind, _ in _findings(made.calls())}

        kinds = {kind for kind, *_ in verdict.certificate.get("findings", [])}
        assert kinds == expected, list(made)
        seen |= kinds
        if verdict.validity is not UNKNOWN:
            ENTRY.verified(made, verdict)
    assert len(seen) >= 8, seen


def test_a_forged_verdict_is_refuted():
    good = whole(*BOTH, watch(0, 2, (1, 7), (2, 8)))
    bad = whole(*BOTH, watch(0, 2, (2, 8)))
    valid, invalid = (watched().check(each) for each in (good, bad))

    with pytest.raises(CertificateError, match="shows skipped"):
        ENTRY.verified(bad, valid)
    with pytest.raises(CertificateError, match="doesn't show it"):
        ENTRY.verified(good, invalid)
