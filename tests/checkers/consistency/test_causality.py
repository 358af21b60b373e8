"""Causal consistency of messages: examples, a twin that tries all orders, mutants."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.consistency.causality import ENTRY, causal_consistency
from splitbrain.checkers.history import NEMESIS, History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError

FINAL = [(NEMESIS, "info", "phase", "final")]
DEAD = [(NEMESIS, "info", "answers", {"n1": "gone", "n2": "answered"})]


def history(*parts):
    events = (event for part in parts for event in part)
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def post(process, message, after=None, kind="ok"):
    value = [message, after]
    return [(process, "invoke", "post", value), (process, kind, "post", value)]


def read(process, *messages, asked=None):
    return [(process, "invoke", "read", asked), (process, "ok", "read", list(messages))]


RYW, MR = "read-your-writes", "monotonic-reads"


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        # Mr. Poons asks, Mrs. Cake has read it and answers, the observer hears the answer alone.
        (
            [post(1, 1), read(2, 1), post(2, 2, 1), read(3, 2)],
            INVALID,
            ["consistent-prefix"],
        ),
        ([post(1, 1), read(2, 1), post(2, 2, 1), read(3, 1), read(3, 1, 2)], VALID, []),
        ([post(1, 1), read(2, 1), post(2, 2, 1), read(3), read(3, 1, 2)], VALID, []),
        # What an author had read or posted is a cause, whether it is answered or not.
        ([post(1, 1), read(2, 1), post(2, 2), read(3, 2)], INVALID, ["writes-follow-reads"]),
        ([post(1, 1), post(1, 2), read(3, 2)], INVALID, ["monotonic-writes"]),
        ([post(1, 1), post(1, 2), read(3, 1)], UNKNOWN, []),
        ([post(1, 1), post(2, 2), read(3, 2), read(3, 1, 2)], UNKNOWN, []),
        # A process sees what it had posted and read.
        ([post(1, 1), read(1), read(1, 1)], INVALID, ["read-your-writes"]),
        ([post(1, 1), read(2, 1), read(2)], INVALID, ["monotonic-reads"]),
        # A read may ask for less of its session, but not for an answer without its question.
        ([post(1, 1), post(1, 2), read(1, asked=[MR]), read(1, 1, 2)], VALID, []),
        ([post(1, 1), post(1, 2), read(1, asked=[RYW])], INVALID, [RYW]),
        ([post(1, 1), post(1, 2), read(2, 1, 2), read(2, 1, asked=[RYW])], VALID, []),
        ([post(1, 1), post(1, 2), read(2, 1, 2), read(2, 1, asked=[MR])], INVALID, [MR]),
        ([post(1, 1), post(1, 2), read(2, 1, 2), read(2, asked=[])], VALID, []),
        ([post(1, 1), post(1, 2), read(2, 1, 2), read(2, 2, asked=[])], INVALID, None),
        # What it shows counts for those who ask later, and for what is posted later.
        ([post(1, 1), read(2, 1, asked=[]), read(2)], INVALID, [MR]),
        ([post(1, 1), read(2, 1, asked=[]), post(2, 2), read(3, 2)], INVALID, None),
        # Two may see what was posted at once in different orders.
        ([post(1, 1), post(2, 2), post(3, 3, 1), read(4, 1, 3), read(5, 2)], VALID, []),
        # A post in doubt may show, and is a cause of nothing of its own process.
        ([post(1, 1, kind="info"), read(2, 1), post(2, 2, 1), read(3, 1, 2)], VALID, []),
        ([post(1, 1, kind="info"), read(2, 1), post(2, 2), read(3, 2)], INVALID, None),
        ([post(1, 1, kind="fail"), read(2, 1)], INVALID, ["unexpected"]),
        # Nobody need show what never was, whoever answers it.
        ([post(1, 1, kind="fail"), post(2, 2, 1), read(3, 2)], UNKNOWN, []),
        (
            [post(1, 1, kind="fail"), post(2, 2, 1), post(2, 3), read(3, 2, 3), read(4, 2)],
            VALID,
            [],
        ),
        ([read(2, 1), post(1, 1)], INVALID, ["unexpected"]),
        ([post(1, 1), read(2, 1, 1)], INVALID, ["duplicated"]),
        # In the end all is there, but for what only a dead server had.
        ([post(1, 1), FINAL, read(2)], INVALID, ["lost"]),
        ([post(1, 1, kind="info"), post(2, 2), FINAL, read(3, 2)], UNKNOWN, []),
        ([post(1, 1), FINAL, DEAD, read(2)], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_causal_consistency(parts, validity, kinds):
    verdict = causal_consistency().check(history(*parts))

    found = [anomaly.kind for anomaly in verdict.anomalies]
    assert (verdict.validity, found) == (validity, found if kinds is None else kinds), verdict


def test_an_anomaly_names_cause_effect_and_read():
    made = history(post(1, 1), read(2, 1), post(2, 2, 1), read(3, 2))
    (anomaly,) = causal_consistency().check(made).anomalies

    assert anomaly.operations == (1, 5, 7)
    assert anomaly.message == "process 3 reads message 2 without message 1, which it answers"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([post(1, 1), post(2, 1)], "was posted before"),
        ([[(1, "invoke", "post", 3)]], r"post has \[message, after\]"),
        ([[(1, "invoke", "read", None), (1, "ok", "read", 4)]], "read gives a list"),
        ([post(1, 1), read(1, 1, asked=["all"])], "read asks for some of"),
        ([post(1, 1), read(1, 1, asked=7)], "read asks for some of"),
    ],
)
def test_what_is_of_another_form_is_refused(parts, message):
    with pytest.raises(ModelError, match=message):
        causal_consistency().check(history(*parts))


# A twin


def simulated(random: Random) -> list[Operation]:
    """Replicas that hear of posts in an order that keeps causes first; clients keep to one, but for
    reads that ask for less of their session."""
    replicas = [[] for _ in range(3)]
    causes = {}
    posted, shown = [set(), set(), set()], [set(), set(), set()]
    events, busy, fresh = [], {}, 0
    for _ in range(random.randrange(4, 14)):
        process = random.randrange(3)
        mine = replicas[process]
        if process in busy:
            events.append(busy.pop(process))
        elif random.random() < 0.45 and fresh < 5:
            value = [fresh, random.choice(mine) if mine and random.random() < 0.6 else None]
            causes[fresh] = set(mine)
            kind = "fail" if random.random() < 0.15 else "ok"
            if kind == "ok":
                mine.append(fresh)
                posted[process].add(fresh)
            fresh += 1
            events.append((process, "invoke", "post", value))
            busy[process] = (process, kind, "post", value)
        elif random.random() < 0.4:
            asked = random.choice([[], [RYW], [MR]])
            due = {RYW: posted[process], MR: shown[process]}
            least = set().union(*(due[kind] for kind in asked))
            there = random.choice([each for each in replicas if least <= {*each}])
            events += read(process, *there, asked=asked)
            mine += [message for message in there if message not in mine]
            shown[process].update(there)
        else:
            events += read(process, *mine)
            shown[process].update(mine)
        to = random.choice(replicas)
        for message in random.choice(replicas):
            if message not in to and causes[message] <= {*to} and random.random() < 0.7:
                to.append(message)
    return [Operation(i, i, *event) for i, event in enumerate(events)]


def mutated(operations: list[Operation], random: Random) -> list[Operation]:
    """The same with what was observed changed once: a message read dropped, invented, or repeated,
    or a post that failed where it had not."""
    posts = [n for n, o in enumerate(operations) if o.f == "post" and o.type == "ok"]
    if posts and random.random() < 0.2:
        at = random.choice(posts)
        return [replace(o, type="fail") if n == at else o for n, o in enumerate(operations)]
    reads = [n for n, o in enumerate(operations) if o.f == "read" and o.type == "ok"]
    if not reads:
        return operations
    at = random.choice(reads)
    values = list(operations[at].value)
    if values and random.random() < 0.6:
        values.pop(random.randrange(len(values)))
    else:
        values.append(random.randrange(5))
    return [replace(o, value=values) if n == at else o for n, o in enumerate(operations)]


def twin(made: History) -> bool:
    """Whether each process has an order of all posts and its reads: all orders are tried."""
    calls = [c for c in made.calls() if c.outcome != "fail"]
    posts = {c.argument[0]: n for n, c in enumerate(calls) if c.f == "post"}
    for call in calls:
        if call.f == "read":
            begun = {m for m, n in posts.items() if calls[n].invoke_index < call.complete_index}
            if len({*call.result}) < len(call.result) or not {*call.result} <= begun:
                return False
    before = {n: set() for n in range(len(calls))}
    for n, call in enumerate(calls):
        same = (m for m in range(n) if calls[m].process == call.process)
        before[n].update(same)
        causes = call.result if call.f == "read" else [call.argument[1]]
        before[n].update(posts[message] for message in causes if message in posts)
    for middle in before:
        for n in before:
            if middle in before[n]:
                before[n] |= before[middle]
    weaker = {n for n, call in enumerate(calls) if call.f == "read" and call.argument is not None}
    alone = [_ordered(calls, {**before, n: _asked(calls, before, posts, n)}, {n}) for n in weaker]
    whole = ({n for n, c in enumerate(calls) if c.process == p} - weaker for p in range(3))
    return all(alone) and all(_ordered(calls, before, ours) for ours in whole)


def _asked(calls, before, posts, n) -> set[int]:
    """What comes before a read that asks for less: what it shows, and what it asks for."""
    own = {m for m in range(n) if calls[m].process == calls[n].process and m in before[n]}
    first = {posts[message] for message in calls[n].result if message in posts}
    if RYW in calls[n].argument:
        first |= {m for m in own if calls[m].f == "post"}
    if MR in calls[n].argument:
        reads = (calls[m].result for m in own if calls[m].f == "read")
        first |= {posts[message] for result in reads for message in result}
    return first.union(*(before[m] for m in first))


def _ordered(calls, before, own) -> bool:
    ours = {n for n, c in enumerate(calls) if c.f == "post"} | own

    def extend(done: frozenset[int]) -> bool:
        if done == ours:
            return True
        for n in ours - done:
            if before[n] & ours <= done:
                call = calls[n]
                there = {calls[m].argument[0] for m in done if calls[m].f == "post"}
                right = call.f == "post" or there == set(call.result)
                if right and extend(done | {n}):
                    return True
        return False

    return extend(frozenset())


@pytest.mark.parametrize("seed", range(6))
def test_the_checker_agrees_with_its_twin_and_the_recheck_with_both(seed):
    random = Random(seed)
    checker, refuted = causal_consistency(), 0
    for _ in range(150):
        operations = simulated(random)
        for events in (operations, mutated(operations, random)):
            made = History.from_operations(events)
            verdict = checker.check(made)

            assert bool(verdict.anomalies) == (not twin(made)), events
            assert not (events is operations and verdict.anomalies)
            refuted += verdict.validity is INVALID
            if verdict.validity is not UNKNOWN:
                ENTRY.verified(made, verdict)
    assert 30 < refuted < 140


def test_a_forged_verdict_is_refuted():
    good = history(post(1, 1), post(1, 2), read(2, 1, 2))
    bad = history(post(1, 1), post(1, 2), read(2, 2))
    valid, invalid = (causal_consistency().check(each) for each in (good, bad))

    with pytest.raises(CertificateError, match="lacks what it rests on"):
        ENTRY.verified(bad, valid)
    with pytest.raises(CertificateError, match="doesn't show it"):
        ENTRY.verified(good, invalid)
