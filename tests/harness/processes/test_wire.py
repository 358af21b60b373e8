"""Messages come out of the wire as they went in; what is none of ours is refused."""

from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.processes.network.wire import BadFrame, Frames, framed, packed, unpacked


class Vote(NamedTuple):
    term: int
    granted: bool


atoms = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
)
values = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=4).map(tuple) | st.tuples(st.integers(0, 9), inner).map(Vote._make)
    ),
    max_leaves=20,
)
messages = st.lists(values, max_size=4).map(tuple)


def typed(value):
    if isinstance(value, tuple):
        return (type(value), *map(typed, value))
    return (type(value), value)


@given(messages)
def test_a_message_comes_out_as_it_went_in_with_the_types_of_all_its_parts(message):
    assert typed(unpacked(packed(message))) == typed(message)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (["a"], "a list was sent: a message is a tuple"),
        (("a", ["b"]), "holds a list"),
        (("a", {"b": 1}), "holds a dict"),
        (("a", frozenset()), "holds a frozenset"),
        ((1 << 64,), "more than 64 bits"),
    ],
)
def test_what_no_message_may_hold_is_refused(message, says):
    with pytest.raises(TypeError, match=says):
        packed(message)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (5, "it holds a int, not a message"),
        ({"os:system": ["true"]}, "os:system, which this process does not know"),
        ({"builtins:eval": ["1"]}, "builtins:eval, which this process does not know"),
    ],
)
def test_bytes_make_nothing_but_tuples_that_there_are(value, says):
    with pytest.raises(BadFrame, match=says):
        unpacked(msgspec.msgpack.encode(value))


@given(st.lists(st.tuples(st.text(), st.binary(max_size=40)), max_size=6), st.integers(1, 30))
def test_frames_are_found_however_a_stream_is_cut(sent, size):
    stream = b"".join(framed("kind", *parts) for parts in sent)
    frames, found = Frames(), []
    for begin in range(0, len(stream), size):
        found += frames.feed(stream[begin : begin + size])
    assert found == [["kind", *parts] for parts in sent]


@pytest.mark.parametrize("stream", [b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\1\xc1", b"\0\0\0\1\5"])
def test_a_stream_of_something_else_is_noticed(stream):
    with pytest.raises(BadFrame):
        list(Frames().feed(stream))
