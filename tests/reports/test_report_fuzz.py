"""Whatever a system, a checker or a damaged file says, a report is made, and it is well-formed."""

import sample_runs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_report_html import Page

from splitbrain.reports import load_run, render_html, render_markdown, render_terminal

# What the history's reader lets through: no half surrogate pair, no NaN.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=10) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
functions = st.sampled_from(
    ["read", "write", "cas", "add", "replica-state", "enqueue"]
) | texts.filter(bool)
arguments = values | st.tuples(st.sampled_from(["x", 0, None]), values).map(list)
steps = st.fixed_dictionaries({"steps": st.lists(st.dictionaries(texts | st.just("at"), values))})
fault_values = values | st.fixed_dictionaries(
    {"id": values, "phase": st.sampled_from(["start", "stop"])},
    optional={"targets": values, "effect": values, "detail": values | steps, "observed": values},
)
details = values | st.fixed_dictionaries(
    {},
    optional={
        "key": values,
        "window": st.lists(st.integers(-2, 30)) | values,
        "candidates": st.lists(st.fixed_dictionaries({"operation": values, "why": values}))
        | values,
        "last_linearized": st.lists(st.integers(-2, 30)),
        "elements": values,
    },
)


@st.composite
def recordings(draw):
    """Any well-formed history: operations that pair, and events that say anything."""
    recording, time, process = sample_runs.Recording(), 0, 0
    for kind in draw(st.lists(st.sampled_from(["call", "nemesis", "phase", "node"]), max_size=12)):
        time += draw(st.integers(0, 2_000_000_000))
        f = draw(functions)
        if kind == "nemesis":
            recording.add(time, "nemesis", "info", f, draw(fault_values))
        elif kind == "phase":
            recording.phase(time, draw(values))
        elif kind == "node":
            f = draw(st.sampled_from(["leader", "died"]))
            known = st.fixed_dictionaries({"term": values, "error": values})
            recording.add(
                time, draw(st.sampled_from(["n1", "other"])), "info", f, draw(values | known)
            )
        else:
            outcome = draw(st.sampled_from(["ok", "fail", "info", ""]))
            recording.add(time, process, "invoke", f, draw(arguments))
            if outcome:
                time += draw(st.integers(0, 2_000_000_000))
                recording.add(time, process, outcome, f, draw(arguments), draw(texts) or None)
            process += 1
    return recording


verdicts = st.builds(
    lambda checker, kind, message, operations, more: sample_runs.verdict(
        checker, "invalid", message, [sample_runs.anomaly(kind, message, operations)], cost=more
    ),
    st.sampled_from(["linearizable(register)", "set-full", "converged", "leader-per-term"]),
    st.sampled_from(["lost", "diverged", "two-leaders", "stale-read"]) | texts,
    texts,
    st.lists(st.integers(-2, 30), max_size=8),
    st.dictionaries(texts, values, max_size=3),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(recordings(), st.lists(verdicts, max_size=2), details)
def test_any_run_makes_a_well_formed_report(tmp_path_factory, recording, judged, more):
    for entry in judged:
        entry["anomalies"][0]["details"] = more if isinstance(more, dict) else {}
    folder = tmp_path_factory.mktemp("run")
    sample_runs.save(folder, recording, sample_runs.plan(), judged)
    calls = sum(event["type"] == "invoke" for event in recording.events)

    view = load_run(folder)

    page = Page(render_html(view))
    assert page.errors == []
    assert page.tags.count("script") == 2
    assert len(view.calls) == calls
    assert render_terminal(view).isascii()
    assert len(render_markdown(view).splitlines()) <= 60
