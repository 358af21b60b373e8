"""Nobody is told that all permits are taken while one is free."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import FAIL, INFO, INVOKE, OK, History, Operation
from splitbrain.checkers.invariants.refused_acquires import refusals

TAKEN = "all taken"


def history(text):
    """Events like ``0+`` (acquire is invoked), ``0ok``, ``0no``, ``0?``, ``0-`` (release)."""
    events, doing = [], {}
    for i, word in enumerate(text.split()):
        process, what = int(word[0]), word[1:]
        if what in "+-":
            doing[process] = "acquire" if what == "+" else "release"
        kind = {"+": INVOKE, "-": INVOKE, "ok": OK, "no": FAIL, "failed": FAIL, "?": INFO}[what]
        error = {"no": f"{TAKEN}, sorry", "failed": "not the leader"}.get(what)
        events.append(Operation(i, i * 10**9, process, kind, doing[process], None, error))
    return History.from_operations(events)


@pytest.mark.parametrize(
    ("permits", "text", "wrong"),
    [
        (1, "0+ 0ok 1+ 1no", []),
        (1, "0+ 0no", [(0, 1)]),
        (1, "0+ 0failed 1+ 1ok", []),
        (1, "0+ 0? 1+ 1no", []),
        (1, "0+ 0ok 0- 0ok 1+ 1no", [(4, 5)]),
        (1, "0+ 0ok 0- 0? 1+ 1no", []),
        (1, "0+ 0ok 0- 0failed 1+ 1no", []),
        (1, "0+ 0ok 1+ 0- 0ok 1no", []),
        (1, "1+ 0+ 1no 0ok", []),
        (1, "1+ 1no 0+ 0ok", [(0, 1)]),
        (2, "0+ 0ok 1+ 1no", [(2, 3)]),
        (2, "0+ 0ok 2+ 2? 1+ 1no", []),
        # Each of two holders is there at some time, never both.
        (2, "1+ 0+ 0ok 0- 0ok 2+ 2ok 1no", [(0, 7)]),
        # A release of what was never acquired frees nothing of anybody else's.
        (1, "0+ 0ok 2- 2ok 1+ 1no", []),
    ],
)
def test_refusals(permits, text, wrong):
    verdict = refusals(permits, TAKEN).check(history(text))
    assert [anomaly.operations for anomaly in verdict.anomalies] == wrong
    assert verdict.validity is (INVALID if wrong else VALID)


def test_where_nobody_acquired_anything_nothing_is_said():
    assert refusals(1, TAKEN).check(history("0+ 0failed")).validity is UNKNOWN


def drawn(rng):
    """Some processes that acquire and release, with any outcomes."""
    state, words = dict.fromkeys(range(4), ""), []
    for _ in range(16):
        process = rng.choice(list(state))
        doing = state[process]
        if doing in ("", "held"):
            state[process] = "+" if not doing else "-"
            words.append(f"{process}{state[process]}")
            continue
        outcome = rng.choice(["ok", "no", "failed", "?", "ok"] if doing == "+" else ["ok", "?"])
        words.append(f"{process}{outcome}")
        if outcome == "?":
            del state[process]
            state[max([9, *state]) + 1 if process > 8 else process + 4] = ""
        else:
            state[process] = "held" if (doing, outcome) == ("+", "ok") else ""
        if max(state) > 9:
            break
    return " ".join(word for word in words if int(word[0]) < 10)


def holders(calls, moment):
    """The twin: who may hold a permit between two events, call by call."""
    count = 0
    for call in calls:
        if call.f != "acquire" or call.outcome == FAIL or call.invoke_index > moment:
            continue
        later = [c for c in calls if c.process == call.process and c.f == "release"]
        later = [c for c in later if c.invoke_index > call.invoke_index and c.outcome == OK]
        count += not (call.outcome == OK and later and later[0].complete_index <= moment)
    return count


@pytest.mark.parametrize("seed", range(20))
def test_a_refusal_is_wrong_if_and_only_if_at_no_moment_so_many_may_have_held_one(seed):
    rng, found = Random(seed), 0
    for _ in range(50):
        permits, text = rng.randint(1, 2), drawn(rng)
        judged = history(text)
        calls = judged.calls()
        wrong = [
            (call.invoke_index, call.complete_index)
            for call in calls
            if call.f == "acquire"
            and call.outcome == FAIL
            and (judged.errors[call.completed] or "").startswith(TAKEN)
            and all(
                holders(calls, moment) < permits
                for moment, _ in pairwise(range(call.invoke_index, call.complete_index + 1))
            )
        ]
        verdict = refusals(permits, TAKEN).check(judged)
        assert sorted(a.operations for a in verdict.anomalies) == sorted(wrong), text
        found += bool(wrong)
    assert found
