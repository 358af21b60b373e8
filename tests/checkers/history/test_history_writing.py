"""Writing JSON Lines: canonical bytes, and no acknowledged line is ever lost."""

import errno
import gzip
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.checkers.history import (
    INFO,
    INVOKE,
    OK,
    History,
    HistoryWriteError,
    JsonlWriter,
    Operation,
    drawn,
    read_jsonl,
    write_jsonl,
)

ROOT = Path(__file__).parents[3]

TEXT = st.text(alphabet='abé"\\\n\u2028\U0001f600 \0{}')
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


@st.composite
def histories(draw):
    """Histories of three clients and a nemesis, with every kind of completion."""
    open_calls, processes = {}, {0: 0, 1: 1, 2: 2}
    operations, time = [], 0
    for index in range(draw(st.integers(0, 12))):
        time += draw(st.integers(0, 10**12))
        client = draw(st.sampled_from(["nemesis", "n1", 0, 1, 2]))
        value = draw(JSON)
        if isinstance(client, str):
            operations.append(Operation(index, time, client, INFO, "fault", value))
        elif client not in open_calls:
            open_calls[client] = f = draw(TEXT.filter(bool))
            operations.append(Operation(index, time, processes[client], INVOKE, f, value))
        else:
            kind = draw(st.sampled_from([OK, "fail", INFO]))
            error = None if kind == OK else draw(st.none() | TEXT)
            f = open_calls.pop(client)
            operations.append(Operation(index, time, processes[client], kind, f, value, error))
            processes[client] += 3 if kind == INFO else 0
    return History.from_operations(operations)


def test_fields_come_in_canonical_order(tmp_path):
    path = tmp_path / "h.jsonl"
    with JsonlWriter(path) as writer:
        writer.append(Operation(0, 5, 0, INVOKE, "write", {"é": 1, "a": (2.5, None)}))
        writer.append(Operation(1, 6, 0, INFO, "write", error="timeout"))
        writer.append(Operation(2, 7, "n1", INFO, "leader", {"term": 3}))
    assert path.read_text(encoding="utf-8").splitlines() == [
        '{"index":0,"time":5,"type":"invoke","process":0,"f":"write","value":{"a":[2.5,null],"é":1}}',
        '{"index":1,"time":6,"type":"info","process":0,"f":"write","value":null,"error":"timeout"}',
        '{"index":2,"time":7,"type":"info","process":"n1","f":"leader","value":{"term":3}}',
    ]


@settings(deadline=None)
@given(histories())
def test_what_was_written_is_read_back_equal(tmp_path_factory, history):
    base = tmp_path_factory.getbasetemp()
    for name in ("round.jsonl", "round.jsonl.gz"):
        write_jsonl(history, base / name)
        back = read_jsonl(base / name)
        assert list(back) == list(history)
        assert back == history
        assert back.calls() == history.calls()


@pytest.mark.parametrize("name", ["h.jsonl", "h.jsonl.gz"])
def test_equal_histories_are_equal_bytes(tmp_path, name):
    history = drawn("a: [w1] [r1]")
    for copy in ("one", "two"):
        (tmp_path / copy).mkdir()
        write_jsonl(History.from_operations(list(history)), tmp_path / copy / name)
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_writing_as_it_happens_and_at_once_give_the_same_bytes(tmp_path):
    history = drawn("a: [w1] [r1]\nb: [c12?] [r_]")
    write_jsonl(history, tmp_path / "at-once.jsonl")
    with JsonlWriter(tmp_path / "appended.jsonl") as writer:
        for operation in history:
            writer.append(operation)
    at_once = (tmp_path / "at-once.jsonl").read_bytes()
    assert at_once == (tmp_path / "appended.jsonl").read_bytes()


@pytest.mark.parametrize("name", ["h.jsonl", "h.jsonl.gz"])
def test_a_line_can_be_read_as_soon_as_append_returns(tmp_path, name):
    with JsonlWriter(tmp_path / name) as writer:
        for index in range(3):
            writer.append(Operation(index, 0, index, INVOKE, "read"))
            assert len(read_jsonl(tmp_path / name)) == index + 1


def test_a_closed_gzip_file_is_complete(tmp_path):
    with JsonlWriter(tmp_path / "h.jsonl.gz") as writer:
        writer.append(Operation(0, 0, 0, INVOKE, "read"))
    writer.close()
    assert gzip.decompress((tmp_path / "h.jsonl.gz").read_bytes()).count(b"\n") == 1
    assert read_jsonl(tmp_path / "h.jsonl.gz").notes == ()


UNFIT = [
    (b"x", "value is of type bytes"),
    ({1, 2}, "value is of type set"),
    ([1, {"a": {2: 3}}], "value[1]['a'] has the key 2 of type int"),
    ([[float("nan")]], "value[0][0] is nan"),
    (float("inf"), "value is inf"),
    (Path("x"), "value is of type"),
    ("\ud800", "surrogate"),
]


@pytest.mark.parametrize(("value", "problem"), UNFIT, ids=[case[1] for case in UNFIT])
def test_what_json_cannot_hold_is_refused_and_writing_goes_on(tmp_path, value, problem):
    with JsonlWriter(tmp_path / "h.jsonl") as writer:
        with pytest.raises(TypeError) as caught:
            writer.append(Operation(7, 0, 0, INVOKE, "write", value))
        writer.append(Operation(8, 0, 0, INVOKE, "write", "fine"))
    assert str(caught.value).startswith("operation 7: ")
    assert problem in str(caught.value)
    assert [o.index for o in read_jsonl(tmp_path / "h.jsonl")] == [8]


def test_a_value_nested_without_end_is_refused(tmp_path):
    value = []
    value.append(value)
    history = History.from_operations([Operation(0, 0, 0, INVOKE, "write", value)])
    with pytest.raises(TypeError, match="nested too deeply"):
        write_jsonl(history, tmp_path / "h.jsonl")
    assert not (tmp_path / "h.jsonl").exists()
    with pytest.raises(TypeError, match="nested too deeply"):
        history.digest()


KILLED_WRITER = """
import sys
from splitbrain.checkers.history import JsonlWriter, Operation
writer = JsonlWriter(sys.argv[1])
for index in range(10**9):
    writer.append(Operation(index, index, index, "invoke", "write", "x" * 100))
    print(index, flush=True)
"""


@pytest.mark.parametrize("name", ["h.jsonl", "h.jsonl.gz"])
def test_kill_9_loses_no_acknowledged_line(tmp_path, name):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED_WRITER, str(tmp_path / name)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    with process.stdout as acknowledgements:
        for _ in range(200):
            acknowledgements.readline()
        process.send_signal(signal.SIGKILL)
        acknowledged = 200 + len([line for line in acknowledgements if line.endswith("\n")])
    process.wait()
    assert len(read_jsonl(tmp_path / name)) >= acknowledged


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_gives_one_clear_sentence(tmp_path):
    sentence = (
        "/dev/full: operation 3 could not be written (No space left on device); "
        "the 0 operations before it are kept"
    )
    with JsonlWriter("/dev/full") as writer:
        for _ in range(2):  # the writer stays of no use, and says so again
            with pytest.raises(HistoryWriteError) as caught:
                writer.append(Operation(3, 0, 0, INVOKE, "read"))
            assert str(caught.value) == sentence
            assert caught.value.errno == errno.ENOSPC
    with pytest.raises(HistoryWriteError, match="could not be written"):
        write_jsonl(drawn("a: [w1]"), "/dev/full")
    assert str(pickle.loads(pickle.dumps(caught.value))) == sentence


LIMITED_WRITER = """
import resource, signal, sys
from splitbrain.checkers.history import HistoryWriteError, JsonlWriter, Operation
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
writer = JsonlWriter(sys.argv[1])
try:
    for index in range(10**9):
        writer.append(Operation(index, index, index, "invoke", "write", "x" * 100))
except HistoryWriteError:
    print(index)
"""


def test_what_was_written_before_the_disk_was_full_is_kept(tmp_path):
    path = tmp_path / "h.jsonl"
    command = [sys.executable, "-c", LIMITED_WRITER, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    history = read_jsonl(path)
    assert len(history) == int(done.stdout) > 3
    assert len(history.notes) == (path.stat().st_size > 0 and path.read_bytes()[-1:] != b"\n")


@pytest.mark.parametrize("write", [JsonlWriter, lambda path: write_jsonl(drawn(""), path)])
def test_a_file_that_cannot_be_created_gives_one_clear_sentence(tmp_path, write):
    path = os.fspath(tmp_path / "missing" / "h.jsonl")
    with pytest.raises(HistoryWriteError) as caught:
        write(path)
    assert str(caught.value).startswith(path)
    assert "No such file or directory" in str(caught.value)
