"""Times, values and faults in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.reports import wording


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (850_000, "850 us"),
        (12_300_000, "12.3 ms"),
        (4_100_000_000, "4.10 s"),
    ],
)
def test_a_duration_has_the_unit_that_suits_it(nanoseconds, text):
    assert wording.duration(nanoseconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ("a", '"a"'),
        ('say "a"', '"say \\"a\\""'),
        ([1, 2], "[1, 2]"),
        (list(range(300)), "[0, 1, 2, ... 300 elements]"),
        ("A" * 100, '"' + "A" * 42 + '..." (100 chars)'),
        ("\u202eevil\u202c", '"\\u202eevil\\u202c"'),
        ("\x1b[31m", '"\\u001b[31m"'),
        ("\ud800", '"\\ud800"'),
        ("שלום", '"שלום"'),
    ],
)
def test_a_value_is_short_and_shows_what_would_be_invisible(value, text):
    assert wording.value_text(value) == text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_no_value_is_long_or_holds_control_or_reordering_characters(value):
    text = wording.value_text(value)

    assert text.isprintable()
    # An escape is longer than what it stands for, six characters for one.
    assert len(text) <= wording.VALUE_LIMIT * 6 + 24


@given(st.text())
def test_making_text_safe_leaves_nothing_more_to_do(text):
    once = wording.safe_text(text)

    assert wording.safe_text(once) == once
    once.encode()  # half a surrogate pair would raise


@given(st.text(min_size=1), st.integers(10, 40))
def test_clipped_prose_keeps_to_its_limit(text, limit):
    assert len(wording.clipped(text, limit)) <= limit


@pytest.mark.parametrize(
    ("kind", "targets", "phase", "detail", "text"),
    [
        ("net.partition", ["n1"], "start", {}, "network: n1 cut off from n2, n3"),
        (
            "net.partition",
            ["n1"],
            "start",
            {"groups": [["n1"], ["n2", "n3"]]},
            "network: partitioned into n1 | n2, n3",
        ),
        ("net.partition", ["n1"], "stop", {}, "network: partition healed"),
        ("process.kill", ["n2"], "start", {}, "process: n2 killed"),
        ("process.kill", ["n2"], "stop", {}, "process: n2 restarted"),
        ("disk.bit_rot", ["n2"], "start", {}, "disk: bit rot begins (n2)"),
    ],
)
def test_a_fault_is_a_clause_about_its_targets(kind, targets, phase, detail, text):
    assert wording.fault_text(kind, targets, ("n1", "n2", "n3"), phase, detail) == text


def test_an_effect_is_told_in_numbers():
    effect = {"messages_dropped": 1200, "was_running": True, "restarted": False, "skew": 0.25}

    assert wording.effect_text(effect) == (
        "1,200 messages dropped, was running, not restarted, skew: 0.25"
    )


def test_a_sentence_begins_with_a_capital_unless_it_begins_with_a_name():
    assert wording.sentence("process 3 read x") == "Process 3 read x"
    assert wording.sentence("n3 differs from n1") == "n3 differs from n1"
    assert wording.sentence("x was never written") == "x was never written"
