"""What a value becomes by being written and read, without writing it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.checkers.history import Operation
from splitbrain.checkers.history.encoding import as_read_back, encode_line

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text(alphabet='a"\\\0')
)
KEYS = st.text() | st.text(alphabet="aBz_")
VALUES = st.recursive(
    LEAVES,
    lambda inside: st.lists(inside) | st.lists(inside).map(tuple) | st.dictionaries(KEYS, inside),
    max_leaves=10,
)


def event(value, **others):
    return Operation(0, 0, 0, "ok", **{"f": "read", "value": value, **others})


def in_order(value):
    """What can be compared with types and the order of keys."""
    if isinstance(value, list):
        return [in_order(each) for each in value]
    if isinstance(value, dict):
        return "dict", [(key, in_order(each)) for key, each in value.items()]
    return type(value), value


def outcome(does):
    """What it gives, or why it is refused."""
    try:
        return in_order(does())
    except TypeError as refused:
        return str(refused)


@given(VALUES)
def test_it_is_what_its_line_gives(value):
    written = outcome(lambda: msgspec.json.decode(encode_line(event(value)))["value"])

    assert outcome(lambda: as_read_back(event(value))) == written


@pytest.mark.parametrize("others", [{"error": "\ud800"}, {"f": "\ud800"}])
def test_what_cannot_be_written_for_another_reason_is_refused(others):
    with pytest.raises(TypeError, match="surrogate"):
        as_read_back(event(1, **others))


def test_one_that_holds_itself_is_refused():
    value = []
    value.append(value)
    with pytest.raises(TypeError, match="nested too deeply"):
        as_read_back(event(value))
