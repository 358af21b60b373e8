"""Friends are notified: examples, and a twin that tries every order of what is in doubt."""

from __future__ import annotations

from itertools import chain, combinations, product
from random import Random

import pytest
from witnesses import checked_again

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError
from splitbrain.checkers.streams import causal_recipients
from splitbrain.checkers.streams.recipients import ENTRY


def history(*calls):
    """Calls ``(f, value, kind, result)``, one after the other, each by a process of its own."""
    events = []
    for number, (f, value, kind, result) in enumerate(calls):
        for type_, told in (("invoke", value), (kind, result if kind == "ok" else value)):
            events.append(Operation(len(events), len(events), number, type_, f, told))
    return History.from_operations(events)


def did(f, user, subject, position, kind="ok"):
    return f, [user, subject], kind, [user, subject, position]


def told(position, *rows):
    return "notified", None, "ok", {"position": position, "notified": [list(row) for row in rows]}


BEFRIENDED, POSTED = did("befriend", 1, 2, 1), did("post", 1, 7, 2)
UNFRIENDED, AGAIN = did("unfriend", 1, 2, 3), did("post", 1, 8, 4)
ALL = [BEFRIENDED, POSTED, UNFRIENDED, AGAIN]


@pytest.mark.parametrize(
    ("calls", "kinds"),
    [
        ([*ALL, told(4, (7, 2))], []),
        ([*ALL, told(4, (7, 2), (8, 2))], ["wrong-recipient"]),
        ([*ALL, told(4)], ["not-notified"]),
        ([*ALL, told(4, (7, 2), (7, 2))], ["notified-twice"]),
        ([*ALL, told(4, (7, 2), (9, 2))], ["unknown-post"]),
        ([*ALL, told(4, (7, 2), (7, 3))], ["wrong-recipient"]),
        ([*ALL, told(3, (7, 2))], ["stale-view"]),
        (
            [BEFRIENDED, did("post", 1, 7, 1), told(2, (7, 2))],
            ["order-violated", "wrong-recipient"],
        ),
        ([BEFRIENDED, did("unfriend", 1, 2, 0, "info"), POSTED, told(2, (7, 2))], []),
        ([BEFRIENDED, did("unfriend", 1, 2, 0, "info"), POSTED, told(2)], []),
        ([BEFRIENDED, did("unfriend", 1, 2, 0, "fail"), POSTED, told(2)], ["not-notified"]),
        ([did("befriend", 1, 2, 0, "info"), did("post", 1, 7, 0, "info"), told(2, (7, 2))], []),
        ([did("post", 1, 7, 0, "fail"), told(2, (7, 2))], ["unknown-post"]),
    ],
)
def test_causal_recipients(calls, kinds):
    verdict = causal_recipients().check(history(*calls))

    assert [anomaly.kind for anomaly in verdict.anomalies] == kinds, verdict
    none = not any(call[0] == "notified" and call[3]["notified"] for call in calls)
    assert verdict.validity is (INVALID if kinds else UNKNOWN if none else VALID)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("post", [1], "ok", [1]), "give two parts"),
        (did("post", 1, 7, 3), "was made before"),
        (("notified", None, "ok", {"position": 1}), "give position and notified"),
    ],
)
def test_what_is_none_is_named(call, said):
    with pytest.raises(ModelError, match=said):
        causal_recipients().check(history(POSTED, call))


def possible(calls):
    """Whether each read is what some log makes: acknowledged operations at their positions, any of
    those in doubt that were invoked before it anywhere between. One post of each read at a time, as
    nothing is said of what doubts about one mean for another."""
    acts = [(at, c) for at, c in enumerate(calls) if c[0] != "notified"]
    sure = sorted((c[3][2], at, c) for at, c in acts if c[2] == "ok")
    if [at for _, at, _ in sure] != sorted(at for _, at, _ in sure):
        return False
    if len({position for position, *_ in sure}) < len(sure):
        return False
    for at, (f, _, _, result) in enumerate(calls):
        if f == "notified":
            doubted = [c for w, c in acts if c[2] == "info" and w < at]
            rows = [tuple(row) for row in result["notified"]]
            posts = {c[1][1]: (w, c) for w, c in acts if c[0] == "post"}
            if any(n not in posts or posts[n][0] > at or posts[n][1][2] == "fail" for n, _ in rows):
                return False
            if any(w < at and position > result["position"] for position, w, _ in sure):
                return False
            for number, (_, post) in posts.items():
                mine = sorted(friend for n, friend in rows if n == number)
                due = post[2] == "ok" and post[3][2] <= result["position"]
                if post[2] == "fail" or not (due or mine):
                    continue
                if not all(
                    any(
                        (mine.count(friend) if friend in mine else 0) == (friend in friends)
                        for friends in friendships(post, sure, doubted)
                    )
                    for friend in {1, 2, 3, *mine}
                ):
                    return False
    return True


def friendships(post, sure, doubted):
    """Who may have been friends of a post's user, for each log that may be."""
    others = [c for c in doubted if c[0] != "post"]
    places = [position for position, *_ in sure]
    limit = [post[3][2]] if post[2] == "ok" else [position + 0.6 for position in (0, *places)]
    for some in chain(*(combinations(others, n) for n in range(len(others) + 1))):
        for spots in product([position + 0.5 for position in (0, *places)], repeat=len(some)):
            log = sorted(
                [(p, c) for p, _, c in sure] + list(zip(spots, some, strict=True)), key=str
            )
            log.sort(key=lambda each: each[0])
            for end in limit:
                friends = set()
                for position, (f, (user, subject), *_) in log:
                    if position < end and user == post[1][0]:
                        if f == "befriend":
                            friends.add(subject)
                        elif f == "unfriend":
                            friends.discard(subject)
                yield friends


def drawn(random):
    calls, position, friends, rows = [], 0, set(), []
    for number in range(random.randint(2, 7)):
        f = random.choice(("befriend", "unfriend", "post", "notified"))
        kind = random.choice(("ok", "ok", "ok", "info", "fail"))
        happens = kind == "ok" or (kind == "info" and random.random() < 0.5)
        if f == "notified":
            calls.append(told(position, *rows))
            continue
        position += happens
        subject = number if f == "post" else random.randint(2, 3)
        calls.append(did(f, 1, subject, position, kind))
        if happens and f == "post":
            rows += [(number, friend) for friend in sorted(friends)]
        elif happens:
            friends = friends | {subject} if f == "befriend" else friends - {subject}
    return calls


def mutated(random, calls):
    reads = [call[3] for call in calls if call[0] == "notified"]
    if reads:
        read = random.choice(reads)
        rows = read["notified"]
        match random.randrange(4):
            case 0 if rows:
                rows.pop(random.randrange(len(rows)))
            case 1 if rows:
                rows.append(random.choice(rows))
            case 2:
                rows.append([random.randrange(7), random.randint(2, 3)])
            case 3:
                read["position"] -= 1


@pytest.mark.parametrize("seed", range(4))
def test_the_checker_agrees_with_one_that_tries_every_log(seed):
    random = Random(seed)
    wrong = 0
    for number in range(250):
        calls = drawn(random)
        if number % 2:
            mutated(random, calls)
        made = history(*calls)
        verdict = causal_recipients().check(made)
        found = verdict.validity is INVALID
        wrong += found

        assert found == (not possible(calls)), calls
        checked_again(ENTRY, made, verdict)
    assert wrong > 25
