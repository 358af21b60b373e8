"""A run as JUnit XML, for whatever shows the results of tests: a test case for each checker."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from splitbrain.checkers.verdict import INVALID, UNKNOWN, Verdict
from splitbrain.reports.model import RunView
from splitbrain.reports.story import ELISION, tell
from splitbrain.reports.wording import safe_text

FILE = "junit.xml"
STORY_LIMIT = 40

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(view: RunView) -> str:
    """The smallest run that tells as XML, ending with a newline.

    A checker that was broken fails with its signature as the message, and the story and the command
    that repeats the run as the text; one that decided nothing is skipped, with its reason.
    """
    told = view.telling
    verdicts = told.verdicts or ()
    failures = sum(verdict.validity is INVALID for verdict in verdicts)
    skipped = sum(verdict.validity is UNKNOWN for verdict in verdicts)
    wall = told.info.wall_seconds or 0.0
    head = (
        f"<testsuite name={_quoted(told.name)} tests={_quoted(len(verdicts))} "
        f"failures={_quoted(failures)} skipped={_quoted(skipped)} time={_quoted(f'{wall:.3f}')}>"
    )
    cases = [_case(told, verdict) for verdict in verdicts]
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', head, *cases, "</testsuite>", ""])


def _case(view: RunView, verdict: Verdict) -> str:
    place = f"{view.plan.system}.{view.plan.workload}"
    case = f"<testcase classname={_quoted(place)} name={_quoted(verdict.checker)}>"
    if verdict.validity is INVALID:
        lines = [verdict.reason, *(anomaly.message for anomaly in verdict.anomalies[:3])]
        if verdict is view.deciding:
            story = tell(view, STORY_LIMIT)
            lines += [f"{e.clock} {e.text}" for e in story if e.kind != ELISION]
        lines.append(view.repeat)
        text = escape(_plain("\n".join(map(safe_text, lines))))
        case += f"<failure message={_quoted(verdict.signature)}>{text}</failure>"
    elif verdict.validity is UNKNOWN:
        case += f"<skipped message={_quoted(verdict.reason)}/>"
    return f"{case}</testcase>"


def _quoted(value: object) -> str:
    return quoteattr(_plain(safe_text(str(value))))


def _plain(text: str) -> str:
    """Without what no XML document can hold, however it is escaped."""
    return _NOT_XML.sub("?", text)
