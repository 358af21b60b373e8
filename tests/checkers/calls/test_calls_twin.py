"""Checkers of retries, waits and breakers against their definitions, on thousands of histories."""

from __future__ import annotations

import random
import re

from witnesses import shown_alone

from splitbrain.checkers import INVALID
from splitbrain.checkers.calls import backoff_spread, breaker_states, retry_amplification
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation

NODES = ("n2", "n3")
ENDPOINTS = ("n4", "n5")


def announced(events):
    return History.from_operations(
        Operation(i, i * 10**9, node, "info", f, value) for i, (node, f, value) in enumerate(events)
    )


def lives_of(events):
    """Each node's events, cut where it starts."""
    found = []
    for node in NODES:
        mine = [[]]
        for who, f, value in events:
            if who == node and f == "started":
                mine.append([])
            elif who == node:
                mine[-1].append((f, value))
        found += mine
    return found


def test_retry_amplification_is_what_counting_every_prefix_says():
    rng = random.Random(1)
    for _ in range(1500):
        events = [
            (rng.choice(NODES), "started", {})
            if rng.random() < 0.1
            else (
                rng.choice(NODES),
                "call",
                {"attempt": rng.choice([1, 1, 1, 2, 3]), "endpoint": rng.choice(ENDPOINTS)},
            )
            for _ in range(rng.randrange(1, 20))
        ]
        prefixes = [
            [value["attempt"] for _, value in life[:end] if value["endpoint"] == endpoint]
            for life in lives_of(events)
            for end in range(len(life) + 1)
            for endpoint in ENDPOINTS
        ]
        stormy = any(
            sum(n > 1 for n in tried) > 1 + 0.5 * sum(n == 1 for n in tried) for tried in prefixes
        )
        made = announced(events)
        verdict = retry_amplification(burst=1, share=0.5).check(made)

        assert (verdict.validity is INVALID) == stormy, events
        shown_alone(retry_amplification(burst=1, share=0.5), made, verdict)


def test_backoff_spread_is_what_the_sets_of_waits_say():
    rng = random.Random(2)
    for _ in range(500):
        events = [
            (rng.choice(NODES), "retry", {"attempt": rng.choice([2, 3]), "delay": delay})
            for delay in rng.choices([0.1, 0.2], [rng.choice([0, 1, 20]), 1], k=rng.randrange(24))
        ]
        groups = [[v["delay"] for _, _, v in events if v["attempt"] == n] for n in (2, 3)]
        alike = any(len(waits) >= 8 and len(set(waits)) == 1 for waits in groups)

        made = announced(events)
        verdict = backoff_spread().check(made)
        assert (verdict.validity is INVALID) == alike, events
        shown_alone(backoff_spread(), made, verdict)


LETTERS = {"open": "o", "half-open": "h", "closed": "c", "probe": "p"}

ALLOWED = re.compile(r"(o(hp?o)*hp?c)*(o(hp?o)*(hp?)?)?")
"""All that a breaker may do from its start: open; half-open, with one probe at most, and then open
again or closed."""


def test_breaker_states_are_what_a_regular_expression_allows():
    rng = random.Random(3)
    broken = 0
    for _ in range(2000):
        good = ["open", "half-open", "probe", rng.choice(["open", "closed"])]
        words = (good if rng.random() < 0.7 else []) + rng.choices(
            list(LETTERS), k=rng.randrange(4)
        )
        if words and rng.random() < 0.4:  # a mutant
            words.pop(rng.randrange(len(words)))
        events = [
            ("n2", "probe", {"endpoint": "n1"})
            if word == "probe"
            else ("n2", "breaker", {"endpoint": "n1", "state": word})
            for word in words
        ]
        allowed = ALLOWED.fullmatch("".join(LETTERS[word] for word in words)) is not None
        broken += not allowed

        made = announced(events)
        verdict = breaker_states().check(made)
        assert (verdict.validity is INVALID) != allowed, words
        shown_alone(breaker_states(), made, verdict)
    assert 300 < broken < 1700


def blamed(life):
    """Openings of a life without a failed call to the same endpoint since that one's last step, by
    the definition: for each the announcements before it are looked through anew."""
    found = []
    if not any(f == "failed-call" for f, _ in life):
        return found
    for position, (f, value) in enumerate(life):
        if f != "breaker" or value["state"] != "open":
            continue
        mine = [(g, v) for g, v in life[:position] if v["endpoint"] == value["endpoint"]]
        steps = [n for n, (g, _) in enumerate(mine) if g == "breaker"]
        since = mine[steps[-1] + 1 if steps else 0 :]
        before = mine[steps[-1]][1]["state"] if steps else "closed"
        if before != "open" and not any(g == "failed-call" for g, _ in since):
            found.append(position)
    return found


def test_breakers_are_blamed_for_their_own_endpoints_failures_alone():
    rng = random.Random(4)
    after = {"closed": ["open"], "open": ["half-open"], "half-open": ["open", "closed"]}
    broken = 0
    for _ in range(1500):
        states, events = {}, []
        for _ in range(rng.randrange(12)):
            node, endpoint = rng.choice(NODES), rng.choice(ENDPOINTS)
            if rng.random() < 0.1:
                events.append((node, "started", {}))
                states = {key: state for key, state in states.items() if key[0] != node}
            elif rng.random() < 0.5:
                events.append((node, "failed-call", {"endpoint": endpoint}))
            else:
                state = rng.choice(after[states.get((node, endpoint), "closed")])
                states[node, endpoint] = state
                events.append((node, "breaker", {"endpoint": endpoint, "state": state}))
        made = announced(events)
        verdict = breaker_states().check(made)
        expected = sum(len(blamed(life)) for life in lives_of(events))
        broken += expected > 0

        assert [a.kind for a in verdict.anomalies] == ["blamed-for-others"] * expected, events
        shown_alone(breaker_states(), made, verdict)
    assert 300 < broken < 1200


def early(life):
    """Openings of closed breakers with fewer failures than they say, by the definition."""
    found = []
    for position, (f, value) in enumerate(life):
        if f != "breaker" or value["state"] != "open":
            continue
        mine = [(g, v) for g, v in life[:position] if v["endpoint"] == value["endpoint"]]
        steps = [n for n, (g, _) in enumerate(mine) if g == "breaker"]
        since = [v["at"] for g, v in mine[steps[-1] + 1 if steps else 0 :] if g == "failed-call"]
        closed = not steps or mine[steps[-1]][1]["state"] == "closed"
        recent = [at for at in since if at >= value["at"] - value["window"]]
        if closed and since and len(recent) < value["failures"]:
            found.append(position)
    return found


def test_breakers_open_early_where_counting_says_so():
    rng = random.Random(5)
    after = {"closed": "open", "open": "half-open", "half-open": "closed"}
    broken = 0
    for _ in range(500):
        states, events = {}, []
        for now in range(rng.randrange(16)):
            endpoint = rng.choice(ENDPOINTS)
            told = {"endpoint": endpoint, "at": now}
            if rng.random() < 0.7:
                events.append(("n2", "failed-call", told))
            else:
                states[endpoint] = after[states.get(endpoint, "closed")]
                limits = {"failures": 2, "window": 4, "state": states[endpoint]}
                events.append(("n2", "breaker", {**told, **limits}))
        made = announced(events)
        verdict = breaker_states().check(made)
        (life,) = [each for each in lives_of(events) if each] or [[]]
        kinds = [a.kind for a in verdict.anomalies if a.kind != "blamed-for-others"]
        broken += bool(kinds)

        assert kinds == ["opened-early"] * len(early(life)), events
    assert 50 < broken < 450
