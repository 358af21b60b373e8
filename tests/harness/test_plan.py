"""A plan is plain data: it comes back from a file as it was, or is refused with a sentence."""

import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from splitbrain.harness.nemesis.catalogue import KINDS
from splitbrain.harness.options_text import parse_options
from splitbrain.harness.plan import (
    MOST_FAULTS,
    Fault,
    InvalidPlan,
    Plan,
    PlannedOperation,
    parse_seconds,
)
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import run
from splitbrain.systems import registry

PLAN = Plan(
    "raft",
    "register",
    seed=7,
    clients=2,
    time_limit=1.0,
    faults=(
        Fault("process.kill", 0.4, 0.2, "leader", id="f1"),
        Fault("net.latency", 0.1, 0.5, "all", {"delay": 0.01}, "f2"),
    ),
    operations=(
        PlannedOperation(0.1, 0, "write", ["x", 1]),
        PlannedOperation(0.5, 1, "read", ["x", None]),
        PlannedOperation(0.6, 0, "cas", ["x", [1, 2]]),
    ),
    options={"keys": 2, "operation_timeout": 0.5, "network": {"latency": [0.001, 0.002]}},
)


def test_a_plan_of_the_first_form_had_no_ground_and_runs_in_the_simulation():
    first = {**PLAN.to_json(), "format": 1}
    del first["ground"]
    assert Plan.from_json(first) == PLAN


def through_a_file(plan):
    return Plan.from_json(msgspec.json.decode(msgspec.json.encode(plan.to_json())))


def test_a_plan_comes_back_from_json_as_it_was():
    assert through_a_file(PLAN) == PLAN


@given(
    seed=st.integers(-(2**63), 2**63 - 1),
    nodes=st.integers(1, 99),
    limit=st.floats(0.001, 100),
    names=st.lists(st.sampled_from([k.id for k in KINDS]), max_size=3),
)
def test_any_drawn_plan_comes_back_as_it_was(seed, nodes, limit, names):
    plan = draw(Plan("raft", "set", seed=seed, nodes=nodes, time_limit=limit), names)
    assert through_a_file(plan) == plan


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("nodes", 0, "nodes is 0: give a whole number from 1 to 99"),
        ("nodes", "3", "nodes: Expected `int`, got `str`"),
        ("nodes", True, "nodes: Expected `int`, got `bool`"),
        ("clients", 1000, "clients is 1000: give a whole number from 1 to 999"),
        ("rate", 0, "rate is 0"),
        ("time_limit", -1.5, "time_limit is -1.5"),
        ("seed", 1.5, "seed: Expected `int`, got `float`"),
        ("seed", 2**64, "seed is 18446744073709551616: give a whole number of at most 64 bits"),
        ("system", None, "system: Expected `str`, got `null`"),
        ("faults", [{"kind": "process.kill"}], "faults[0]: Object missing required field `at`"),
        ("faults", [{"kind": 1, "at": 1}], "faults[0].kind: Expected `str`, got `int`"),
        ("operations", [[0.1, 0, "read"]], "operations[0]: Expected `array` of length 4, got 3"),
        ("options", [], "options: Expected `object`, got `array`"),
        ("format", 3, "format is 3, this version reads 1 to 2"),
        ("ground", 1, "ground: Expected `str`, got `int`"),
        ("colour", "red", "unknown field 'colour'"),
    ],
)
def test_a_wrong_field_is_named_with_what_is_wrong(field, value, says):
    with pytest.raises(InvalidPlan) as refused:
        Plan.from_json({**PLAN.to_json(), field: value})
    assert says in str(refused.value)


@pytest.mark.parametrize("data", [None, [], "plan", 3])
def test_what_is_no_object_is_no_plan(data):
    with pytest.raises(InvalidPlan, match="JSON object"):
        Plan.from_json(data)


_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
_junk = st.recursive(
    _scalars | st.sampled_from(["n9", "x", "read", "process.kill", "leader", 1e300, 10**40, -1]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def _places(data, here=()):
    """The path of every value within JSON data."""
    yield here
    if isinstance(data, dict | list):
        for key in data if isinstance(data, dict) else range(len(data)):
            yield from _places(data[key], (*here, key))


def _set(data, place, value):
    for key in place[:-1]:
        data = data[key]
    data[place[-1]] = value


@pytest.mark.slow
@settings(max_examples=50)
@given(place=st.sampled_from([p for p in _places(PLAN.to_json()) if p]), junk=_junk)
def test_a_plan_with_anything_anywhere_runs_or_is_refused(place, junk):
    data = json.loads(json.dumps(PLAN.to_json()))
    _set(data, place, junk)
    # Legal, but takes long or much memory: a day of load, a million keys.
    assume(not (place in {("time_limit",), ("options", "keys")} and _number(junk) > 5))
    with suppress(InvalidPlan):
        result = run(registry.experiment(Plan.from_json(data)), tracing=False)
        assert result.history.events("phase")[-1].value == "done"


def _number(value):
    return value if isinstance(value, int | float) else 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("150ms", 0.15),
        ("2min", 120),
        ("1.5 m", 90),
        ("1h", 3600),
        ("3", 3),
        (2.5, 2.5),
    ],
)
def test_times_are_read_as_people_write_them(text, seconds):
    assert parse_seconds(text, "t") == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "-5", "0", "10parsecs", "1.2.3s", "s", "inf", "nan", "1e3"])
def test_what_is_no_time_is_refused_by_name(text):
    with pytest.raises(InvalidPlan, match="--time-limit"):
        parse_seconds(text, "--time-limit")


def test_options_are_json_or_else_text():
    assert parse_options(["keys=3", "mode=fast", "read=0.5", 'm={"a": [1]}', "e=a=b"]) == {
        "keys": 3,
        "mode": "fast",
        "read": 0.5,
        "m": {"a": [1]},
        "e": "a=b",
    }


@pytest.mark.parametrize("option", ["foo", "=3", ""])
def test_an_option_without_a_name_or_value_is_refused(option):
    with pytest.raises(InvalidPlan, match="NAME=VALUE"):
        parse_options([option])


def test_a_plan_of_too_many_faults_is_refused():
    faults = (Fault("process.kill", at=1.0),) * (MOST_FAULTS + 1)

    with pytest.raises(InvalidPlan, match=f"{MOST_FAULTS + 1} faults: give at most {MOST_FAULTS}"):
        Plan("raft", "register", faults=faults)


def test_a_plan_of_keys_without_number_is_refused():
    with pytest.raises(InvalidPlan, match=r"keys.*1000000000: give a whole number from 1 to"):
        registry.experiment(Plan("raft", "register", options={"keys": 10**9}))
