"""Verdicts as JUnit XML, for whatever shows the results of tests: a test case for each checker.

A checker that was broken fails with its signature as the message; one that decided nothing is
skipped, with its reason. A history that can't be judged is an error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from splitbrain.checkers.verdict import INVALID, UNKNOWN, Verdict
from splitbrain.harness.isolation.ladder import Ladder
from splitbrain.reports.model import RunView
from splitbrain.reports.story import ELISION, tell
from splitbrain.reports.wording import safe_text

FILE = "junit.xml"
STORY_LIMIT = 40

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Case:
    """A test case.

    Attributes:
        place: what it is of, with dots.
        name: its own name.
        outcome: ``passed``, ``failure``, ``skipped`` or ``error``.
        message: why it did not pass.
        text: all there is to say of that.
    """

    place: str
    name: str
    outcome: str = "passed"
    message: str = ""
    text: str = ""


def render_junit(view: RunView) -> str:
    """The smallest run that tells as XML, ending with a newline; what failed has the story and the
    command that repeats the run as its text."""
    told = view.telling
    place = ".".join(told.plan.told)
    cases = []
    for verdict in told.verdicts or ():
        more = []
        if verdict is told.deciding and verdict.validity is INVALID:
            more = [f"{e.clock} {e.text}" for e in tell(told, STORY_LIMIT) if e.kind != ELISION]
        cases.append(_case(place, verdict, [*more, told.repeat]))
    return _document(_suite(told.name, cases, told.info.wall_seconds or 0.0))


def junit_of_verdicts(judged: Sequence[tuple[str, Sequence[Verdict], str]]) -> str:
    """Judged histories as XML: of each its name, its verdicts, and why there are none."""
    suites = []
    for name, verdicts, problem in judged:
        cases = [_case(name, verdict, []) for verdict in verdicts]
        if problem:
            cases.append(Case(name, "readable", "error", problem, problem))
        suites.append(_suite(name, cases, 0.0))
    return _document("\n".join(["<testsuites>", *suites, "</testsuites>"]))


def junit_of_ladder(ladder: Ladder) -> str:
    """Levels of isolation as XML: the claimed one fails if it is refuted; of the others those that
    are refuted are skipped, for nobody claimed them."""
    cases = []
    for rung in ladder.rungs:
        found = rung.refuted_by
        if found is None:
            cases.append(Case(ladder.system, rung.level))
            continue
        claimed = rung.level == ladder.claimed
        message = found.kind if claimed else f"refuted by {found.kind}, and not claimed"
        text = f"{found.found_by}: {found.witness}"
        outcome = "failure" if claimed else "skipped"
        cases.append(Case(ladder.system, rung.level, outcome, message, text))
    return _document(_suite(f"isolation of {ladder.system}", cases, 0.0))


def _case(place: str, verdict: Verdict, more: Sequence[str]) -> Case:
    if verdict.validity is INVALID:
        lines = [verdict.reason, *(anomaly.message for anomaly in verdict.anomalies[:3]), *more]
        return Case(place, verdict.checker, "failure", verdict.signature, "\n".join(lines))
    if verdict.validity is UNKNOWN:
        return Case(place, verdict.checker, "skipped", verdict.reason)
    return Case(place, verdict.checker)


def _document(body: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _suite(name: str, cases: Sequence[Case], wall: float) -> str:
    counts = {
        plural: sum(case.outcome == outcome for case in cases)
        for plural, outcome in (
            ("failures", "failure"),
            ("skipped", "skipped"),
            ("errors", "error"),
        )
    }
    counted = " ".join(f"{plural}={_quoted(count)}" for plural, count in counts.items())
    head = f"<testsuite name={_quoted(name)} tests={_quoted(len(cases))} {counted}"
    head += f" time={_quoted(f'{wall:.3f}')}>"
    return "\n".join([head, *map(_told, cases), "</testsuite>"])


def _told(case: Case) -> str:
    text = f"<testcase classname={_quoted(case.place)} name={_quoted(case.name)}>"
    if case.outcome != "passed":
        said = escape(_plain("\n".join(map(safe_text, case.text.split("\n")))))
        text += f"<{case.outcome} message={_quoted(case.message)}"
        text += f">{said}</{case.outcome}>" if said else "/>"
    return f"{text}</testcase>"


def _quoted(value: object) -> str:
    return quoteattr(_plain(safe_text(str(value))))


def _plain(text: str) -> str:
    """Without what no XML document can hold, however it is escaped."""
    return _NOT_XML.sub("?", text)
