"""Valid verdicts against weak models carry orders, which are checked by the levels' definitions."""

import copy
import json
import random
from itertools import permutations

import pytest
from isolation_twin import HISTORIES, random_history
from mutations import mutated

from splitbrain.checkers.history import FAIL, OK
from splitbrain.checkers.isolation import (
    CONSISTENCY_MODELS,
    CertificateError,
    NoCertificate,
    list_append,
    rw_register,
    verify,
)
from splitbrain.checkers.isolation.consistency import DECIDED_BY_ORDERS, implied
from splitbrain.checkers.isolation.notation import transactions
from splitbrain.checkers.isolation.recheck.levels import verify_level
from splitbrain.checkers.isolation.recheck.lookup import Lookup
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Verdict

WEAK = [m for m in CONSISTENCY_MODELS if "snapshot-isolation" not in implied(m)]


def valid(model, registers, count, seed=""):
    """Random histories that a model allows, and the verdicts back from JSON."""
    rng = random.Random(f"weak certificates {model} {registers} {seed}")
    checker = rw_register(model, initial=True) if registers else list_append(model)
    for _ in range(count):
        history = random_history(rng, registers=registers)
        verdict = checker.check(history)
        if verdict.validity is VALID:
            yield history, Verdict.from_json(json.loads(json.dumps(verdict.to_json())))


@pytest.mark.parametrize("model", CONSISTENCY_MODELS)
def test_every_valid_verdict_on_lists_is_proved(model):
    proved = 0
    for history, verdict in valid(model, False, HISTORIES // 12):
        if "no proof" in verdict.certificate:
            assert model not in DECIDED_BY_ORDERS
            assert "does not prove that it holds" in verdict.reason
        if "snapshot-isolation" in model and "no proof" in verdict.certificate:
            continue
        assert "no anomaly" in verify(history, verdict) or "no proof" not in verdict.certificate
        proved += 1
    assert proved > 50


@pytest.mark.parametrize("model", CONSISTENCY_MODELS)
def test_every_valid_verdict_on_registers_is_proved_or_says_that_it_is_not(model):
    seen = 0
    for history, verdict in valid(model, True, HISTORIES // 12):
        seen += 1
        if model in DECIDED_BY_ORDERS:
            assert "holds" in verify(history, verdict)
        else:
            assert "does not prove that it holds" in verdict.reason
            with pytest.raises(NoCertificate, match="judged by the anomalies"):
                verify(history, verdict)
    assert seen > 50


LEVELS = (
    "monotonic-atomic-view",
    "read-atomic",
    "causal",
    "read-your-writes",
    "monotonic-reads",
    "monotonic-writes",
    "writes-follow-reads",
)


@pytest.mark.parametrize("level", LEVELS)
def test_an_order_of_commits_is_accepted_exactly_if_it_satisfies_the_axiom(level):
    rng = random.Random(f"orders {level}")
    answers = {True: 0, False: 0}
    for _ in range(HISTORIES // 2):
        history = random_history(rng, registers=True)
        look = Lookup(history, lists=False, assumptions=["initial"])
        calls = [call for call in look.calls if look.took_effect(call)]
        if rng.random() < 0.5:
            rng.shuffle(calls)
        expected = satisfies(level, calls, history.calls())
        try:
            verify_level(look, level, [call.invoke_index for call in calls])
            answer = True
        except CertificateError:
            answer = False
        assert answer == expected, (list(history), [call.invoke_index for call in calls])
        answers[answer] += 1
    assert min(answers.values()) > HISTORIES / 50


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS[3:])
def test_a_session_guarantee_is_refuted_exactly_if_no_order_of_commits_satisfies_it(level):
    rng = random.Random(f"guarantees {level}")
    checker = rw_register(level, initial=True)
    answers = {True: 0, False: 0}
    for number in range(HISTORIES // 20):
        history = random_history(rng, registers=True)
        history = mutated(rng, history) if number % 2 else history
        look = Lookup(history, lists=False, assumptions=["initial"])
        calls = [call for call in look.calls if look.took_effect(call)]
        verdict = checker.check(history)
        if len(calls) > 5 or verdict.validity is UNKNOWN:
            continue
        expected = any(satisfies(level, order, history.calls()) for order in permutations(calls))
        answers[expected] += 1
        assert (verdict.validity is not INVALID) == expected, (list(history), verdict)
    assert min(answers.values()) > 1


def satisfies(level, order, everyone):
    """The axiom by its definition: pairs of transactions, and the closure of what was seen."""
    at = {call.invoke_index: place for place, call in enumerate(order)}
    writer = {(k, v): c for c in everyone for f, k, v in c.argument if f == "w"}
    reads = {c.invoke_index: list(external(c, writer)) for c in order}
    writes = {c.invoke_index: {k for f, k, _ in c.argument if f == "w"} for c in order}
    sources = {t: {s for _, _, s in found if s is not None} for t, found in reads.items()}
    if any(s not in at or at[s] >= at[t] for t, found in sources.items() for s in found):
        return False
    session = {
        (a.invoke_index, b.invoke_index)
        for a in order
        for b in order
        if a.process == b.process and a.completed is not None and a.completed < b.invoked
    }
    if level == "causal" and any(at[a] > at[b] for a, b in session):
        return False
    if level in ("monotonic-writes", "read-your-writes") and any(
        at[a] > at[b] for a, b in session if writes[a] and writes[b]
    ):
        return False
    closed = {(s, t) for t, found in sources.items() for s in found} | session
    while level == "causal":
        more = closed | {(a, d) for a, b in closed for c, d in closed if b == c}
        if more == closed:
            break
        closed = more

    def earlier(t):
        return {a for a, b in session if b == t}

    def seen(t3, place, key, t2):
        if level == "monotonic-atomic-view":
            return any(p < place and s == t2 for p, _, s in reads[t3])
        if level == "read-atomic":
            return t2 in sources[t3]
        if level == "causal":
            return (t2, t3) in closed
        if level == "read-your-writes":
            return t2 in earlier(t3)
        if level == "monotonic-reads":
            again = any(p < place and k == key and s == t2 for p, k, s in reads[t3])
            return again or any(t2 in sources[t] for t in earlier(t3))
        if level == "monotonic-writes":
            return any(t2 in earlier(t) for t in sources[t3])
        return any(t2 in sources[u] for t in sources[t3] for u in earlier(t) | {t})

    for t3, found in reads.items():
        for place, key, t1 in found:
            for t2 in at:
                if t2 in (t1, t3) or key not in writes[t2] or not seen(t3, place, key, t2):
                    continue
                if t1 is None or at[t2] > at[t1]:
                    return False
    return True


def external(call, writer):
    own = set()
    for place, (f, key, value) in enumerate(call.result if call.outcome == OK else ()):
        if f == "w":
            own.add(key)
        elif key not in own and value is None:
            yield place, key, None
        elif key not in own:
            source = writer.get((key, value))
            if source is not None and source is not call and source.outcome != FAIL:
                yield place, key, source.invoke_index


def forged(verdict, change):
    data = copy.deepcopy(verdict.to_json())
    change(data)
    return Verdict.from_json(data)


FORK = "T1: ax1 ay1 | T2: rx1 ry1 az1 | T3: rx1 ry1 rz1"
SKEW = "T1: rx ay1 | T2: ry ax1 | T3: rx1 ry1"
DIRTY = "T1: ax1 | T2: ax2 | T3!: ay1 | T4: rx12 ry1"

FORGERIES = [
    ("read-committed", SKEW, lambda c: c["dependencies"].reverse()),
    ("read-committed", SKEW, lambda c: c["dependencies"].pop()),
    ("read-committed", SKEW, lambda c: c.pop("dependencies")),
    ("read-uncommitted", DIRTY, lambda c: c["dependencies"].reverse()),
    ("read-atomic", SKEW, lambda c: c["commits"].update(level="monotonic-atomic-view")),
    ("read-atomic", SKEW, lambda c: c["commits"]["order"].reverse()),
    ("causal", SKEW, lambda c: c["commits"].update(level="read-atomic")),
    ("causal", SKEW, lambda c: c["commits"]["order"].append(c["commits"]["order"][0])),
    ("causal", SKEW, lambda c: c.pop("commits")),
    ("monotonic-reads", "T1: ax1 | T2@a: rx1", lambda c: c["commits"]["order"].reverse()),
    ("update-serializable", SKEW, lambda c: c["dependencies"].reverse()),
]  # fmt: skip


@pytest.mark.parametrize(("model", "text", "change"), FORGERIES)
def test_forgeries_are_refused(model, text, change):
    history = transactions(text)
    verdict = list_append(model).check(history)
    assert verdict.validity is VALID, verdict.reason
    verify(history, verdict)
    with pytest.raises(CertificateError):
        verify(history, forged(verdict, lambda d: change(d["certificate"])))


CLAIMS = [
    # What single reads show is seen whatever the orders are.
    ("read-uncommitted", "read-committed", "T1!: ax1 | T2: rx1"),
    ("read-uncommitted", "read-committed", "T1: ax1 ax2 | T2: rx1 | T3: rx12"),
    ("read-committed", "read-atomic", "T1: ax1 | T2: rx ax2 rx12"),
    ("read-atomic", "update-atomic", "T1: rx ax1 | T2: rx ax2 | T3: rx12"),
    # A single anti-dependency, and the way back.
    ("read-committed", "consistent-view", "T1: ax1 ay1 | T2: rx ry1"),
    ("read-committed", "consistent-view", "T1: ax1 ay1 | T2: ry1 az1 | T3: rz1 rx | T4: rx1"),
]


@pytest.mark.parametrize(("model", "claimed", "text"), CLAIMS)
def test_a_stronger_model_is_not_proved_by_the_orders_of_a_weaker(model, claimed, text):
    history = transactions(text)
    verdict = list_append(model).check(history)
    assert verdict.validity is VALID, verdict.reason
    verify(history, verdict)

    def change(data):
        data["checker"] = f"list-append({claimed})"
        order = data["certificate"]["dependencies"]
        data["certificate"] |= {
            "consistency": claimed,
            "commits": {"level": "read-atomic", "order": order},
        }

    with pytest.raises(CertificateError):
        verify(history, forged(verdict, change))


@pytest.mark.parametrize("form", ["", "strong-session-", "strong-"])
def test_a_single_anti_dependency_is_found_wherever_it_is(form):
    """What proves read committed also tells whether there is a G-single."""
    model = f"{form}consistent-view"
    rng = random.Random(f"G-single {model}")
    broken = 0
    for _ in range(HISTORIES // 6):
        history = random_history(rng)
        verdict = list_append(model).check(history)
        weaker = list_append(model.replace("consistent-view", "read-committed")).check(history)
        if weaker.validity is not VALID or "dependencies" not in weaker.certificate:
            continue
        data = weaker.to_json()
        data["checker"] = f"list-append({model})"
        data["certificate"]["consistency"] = model
        if verdict.validity is VALID:
            verify(history, Verdict.from_json(data))
        else:
            broken += 1
            with pytest.raises(CertificateError):
                verify(history, Verdict.from_json(data))
    assert broken
