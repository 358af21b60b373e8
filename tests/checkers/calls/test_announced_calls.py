"""Retries and breakers as their nodes announce them."""

from __future__ import annotations

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.calls import backoff_spread, breaker_states, retry_amplification
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError


def announced(*events):
    """Events ``(node, f, value)``, in this order."""
    return History.from_operations(
        Operation(i, i * 10**9, node, "info", f, value) for i, (node, f, value) in enumerate(events)
    )


def calls(*attempts, node="n2"):
    return [(node, "call", {"attempt": attempt}) for attempt in attempts]


def waits(*delays):
    return [("n2", "retry", {"attempt": 2, "delay": delay}) for delay in delays]


STARTED = ("n2", "started", {})


def steps_to(state, at):
    endpoint = {"endpoint": "n1"}
    return [
        ("n2", "breaker", {**endpoint, "state": state, "at": at}),
        ("n2", "rejected", {**endpoint, "at": at}),
    ]


def opened_and_rejected(at, open_for=1.0):
    endpoint = {"endpoint": "n1"}
    return [
        ("n2", "breaker", {**endpoint, "state": "open", "at": 5.0, "open_for": open_for}),
        ("n2", "rejected", {**endpoint, "at": at}),
    ]


@pytest.mark.parametrize(
    ("events", "kinds"),
    [
        (opened_and_rejected(5.5), []),
        (opened_and_rejected(6.0), []),
        (opened_and_rejected(6.1), ["stuck-open"]),
        (opened_and_rejected(6.1, open_for=2.0), []),
        (opened_and_rejected(6.1, open_for=None), []),
        (
            [*opened_and_rejected(5.5), ("n2", "rejected", {"endpoint": "n1", "at": 9.0})],
            ["stuck-open"],
        ),
        ([*opened_and_rejected(5.5), *steps_to("half-open", 6.5)], []),
    ],
)
def test_a_breaker_whose_time_is_over_rejects_nothing(events, kinds):
    verdict = breaker_states().check(announced(*events))

    assert [anomaly.kind for anomaly in verdict.anomalies] == kinds


@pytest.mark.parametrize(
    ("events", "validity", "kinds"),
    [
        (calls(1, 2, 1, 1, 2), VALID, []),
        (calls(1, 2, 3), INVALID, ["retry-storm"]),
        (
            calls(1, 2, 3, 1, 1, 1, 1),
            INVALID,
            ["retry-storm"],
        ),  # too many at that time
        ([*calls(1, 2), *calls(1, 2, node="n3")], VALID, []),  # each has its own budget
        ([*calls(1, 2), STARTED, *calls(1, 2)], VALID, []),  # and each life
        (calls(1, 1), UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_retry_amplification(events, validity, kinds):
    verdict = retry_amplification(burst=1, share=0.4).check(announced(*events))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


@pytest.mark.parametrize(
    ("events", "validity", "kinds"),
    [
        (waits(*[0.1] * 8), INVALID, ["synchronised"]),
        (waits(*[0.1] * 7), UNKNOWN, []),  # too few to be compared
        (waits(*[0.1] * 7, 0.2), VALID, []),
        (waits(*[0.1] * 8, 0.2), VALID, []),
        ([], UNKNOWN, []),
    ],
)
def test_backoff_spread(events, validity, kinds):
    verdict = backoff_spread().check(announced(*events))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


def steps(*states, node="n2"):
    return [
        (node, "probe", {"endpoint": "n1"})
        if state == "probe"
        else (node, "breaker", {"endpoint": "n1", "state": state})
        for state in states
    ]


@pytest.mark.parametrize(
    ("events", "validity", "kinds"),
    [
        (steps("open", "half-open", "probe", "closed", "open"), VALID, []),
        (steps("open", "half-open", "probe", "open", "half-open", "probe"), VALID, []),
        ([*steps("open", "half-open", "probe"), STARTED, *steps("open")], VALID, []),
        (steps("open", "half-open", "probe", "probe"), INVALID, ["second-probe"]),
        (steps("half-open"), INVALID, ["breaker-step"]),
        (steps("open", "closed"), INVALID, ["breaker-step"]),
        (steps("open", "probe"), INVALID, ["breaker-step"]),
        ([], UNKNOWN, []),
    ],
)
def test_breaker_states(events, validity, kinds):
    verdict = breaker_states().check(announced(*events))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


def failed(endpoint):
    return ("n2", "failed-call", {"endpoint": endpoint})


REJECTED = ("n2", "rejected", {"endpoint": "n1"})


@pytest.mark.parametrize(
    ("events", "kinds"),
    [
        ([failed("n1"), *steps("open"), REJECTED], []),
        ([failed("n3"), *steps("open"), REJECTED], ["blamed-for-others"]),
        ([*steps("open"), failed("n1")], ["blamed-for-others"]),
        # Of a life that tells no failures nothing is said.
        ([failed("n3"), STARTED, *steps("open")], []),
        # What failed before the last step was its reason, and is none for the next.
        (
            [failed("n1"), *steps("open", "half-open", "probe", "open")],
            ["blamed-for-others"],
        ),
        ([REJECTED], ["closed-rejects"]),
        ([*steps("open", "half-open", "probe", "closed"), REJECTED], ["closed-rejects"]),
    ],
)
def test_a_breaker_speaks_of_its_own_endpoint(events, kinds):
    verdict = breaker_states().check(announced(*events))

    assert [anomaly.kind for anomaly in verdict.anomalies] == kinds


def failing(*times, opened=5.0, failures=2):
    at = [("n2", "failed-call", {"endpoint": "n1", "at": time}) for time in times]
    limits = {"failures": failures, "window": 1.0}
    return [*at, ("n2", "breaker", {"endpoint": "n1", "state": "open", "at": opened, **limits})]


AGAIN = [("n2", "breaker", {"endpoint": "n1", "state": state}) for state in ("half-open", "closed")]


@pytest.mark.parametrize(
    ("events", "kinds"),
    [
        (failing(4.0, 5.0), []),
        (failing(3.9, 5.0), ["opened-early"]),
        (failing(3.9, 4.1, 5.0), []),
        (failing(5.0, failures=1), []),
        # What failed before the last step is counted no more.
        ([*failing(4.9, 5.0), *AGAIN, *failing(5.1, opened=5.1)], ["opened-early"]),
        # One failure of a probe is enough.
        ([*failing(4.9, 5.0), AGAIN[0], *failing(5.1, opened=5.1)], []),
        # Who doesn't say when calls failed, or what it takes, isn't counted.
        ([failed("n1"), *failing()], []),
        (failing(5.0, failures=None), []),
    ],
)
def test_a_breaker_opens_after_as_many_failures_as_it_says(events, kinds):
    verdict = breaker_states().check(announced(*events))

    assert [anomaly.kind for anomaly in verdict.anomalies] == kinds


@pytest.mark.parametrize("value", [None, 3, {}, {"attempt": "2"}, {"attempt": True}])
def test_an_announcement_that_lacks_what_it_needs_is_named(value):
    with pytest.raises(ModelError, match="it needs 'attempt', of type int"):
        retry_amplification(burst=1, share=0).check(announced(("n2", "call", value)))
