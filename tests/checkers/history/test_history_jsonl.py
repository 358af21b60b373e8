"""Reading JSON Lines: what is accepted, and one clear sentence for everything else."""

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.checkers.history import FAIL, INFO, INVOKE, OK, HistoryError, Operation, read_jsonl
from splitbrain.checkers.history.formats.edn_parser import DEPTH_MAX

INVOKED = b'{"index":0,"time":5,"type":"invoke","process":0,"f":"write","value":[1,0]}\n'
COMPLETED = b'{"index":1,"time":6,"type":"ok","process":0,"f":"write","value":[1,0]}\n'


@pytest.fixture
def read(tmp_path):
    """A function that reads bytes as a file."""

    def read_bytes(data, name="h.jsonl"):
        path = tmp_path / name
        path.write_bytes(data)
        return read_jsonl(path)

    return read_bytes


def test_one_event_a_line(read, tmp_path):
    history = read(INVOKED + COMPLETED)
    assert list(history) == [
        Operation(0, 5, 0, INVOKE, "write", [1, 0]),
        Operation(1, 6, 0, OK, "write", [1, 0]),
    ]
    assert history.source == str(tmp_path / "h.jsonl")
    assert history.notes == ()


def test_gzip_is_recognized_by_content_not_name(read):
    assert read(gzip.compress(INVOKED + COMPLETED)) == read(INVOKED + COMPLETED)
    members = gzip.compress(INVOKED) + gzip.compress(COMPLETED) + b"\0" * 100
    assert read(members, "h.gz") == read(INVOKED + COMPLETED)


def test_an_array_of_events_is_read_too(read):
    array = b"[" + INVOKED.rstrip() + b",\n" + COMPLETED + b"]"
    assert read(array) == read(INVOKED + COMPLETED)
    assert len(read(b" [ ] ")) == 0


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_nothing_is_an_empty_history(read, data):
    assert len(read(data)) == 0


@pytest.mark.parametrize(
    "data",
    [
        b"\n" + INVOKED + b"  \n\n" + COMPLETED + b"\n",
        INVOKED.replace(b"\n", b"\r\n") + COMPLETED.replace(b"\n", b"\r\n"),
        INVOKED.replace(b"\n", b"\r\n") + COMPLETED,
        (INVOKED + COMPLETED).replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + INVOKED + COMPLETED,
        INVOKED + COMPLETED.rstrip(),
        INVOKED.replace(b",", b" , ") + COMPLETED.replace(b'"time"', b'"node":"n1","time"'),
        INVOKED + COMPLETED.replace(b"}", b',"error":null}'),
    ],
    ids=[
        "blank lines",
        "CRLF",
        "CRLF and LF",
        "CR",
        "BOM",
        "no last newline",
        "other fields",
        "error null",
    ],
)
def test_what_other_tools_write_differently_is_the_same_history(read, data):
    history = read(data)
    assert history == read(INVOKED + COMPLETED)
    assert history.notes == ()


def test_without_index_and_time_lines_are_counted(read):
    history = read(
        b'{"type":"invoke","process":0,"f":"read"}\n{"type":"ok","process":0,"f":"read"}'
    )
    assert [(o.index, o.time, o.value) for o in history] == [(0, 0, None), (1, 1, None)]


def test_what_is_missing_now_and_then_goes_on_from_the_event_before(read):
    history = read(
        b'{"type":"invoke","process":0,"f":"read"}\n'
        b'{"index":7,"time":50,"type":"invoke","process":1,"f":"read"}\n'
        b'{"type":"ok","process":1,"f":"read"}\n'
    )
    assert [(o.index, o.time) for o in history] == [(0, 0), (7, 50), (8, 50)]


def test_transactions_need_no_f(read):
    history = read(b'{"type":"invoke","process":0,"value":[["append",3,1],["r",4,null]]}')
    assert history[0].f == "txn"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (b'"timeout"', "timeout"),
        (b'["no-client","Connection refused"]', "no-client: Connection refused"),
        (b'["temporarily-unavailable",null]', "temporarily-unavailable"),
        (b'{"b":1,"a":2}', '{"a":2,"b":1}'),
        (b"504", "504"),
    ],
)
def test_errors_become_text(read, error, text):
    line = (
        b'{"type":"invoke","process":0,"f":"read"}\n{"type":"info","process":0,"f":"read","error":'
    )
    assert read(line + error + b"}\n")[1].error == text


def test_times_that_go_back_are_noted(read):
    # Files can have been converted from Jepsen's, whose neighbors swap.
    history = read(INVOKED.replace(b"5", b"9") + COMPLETED)
    assert [o.time for o in history] == [9, 6]
    assert history.notes == (
        "times go back in 1 places (first at line 2); the order of events is that of the file",
    )


@pytest.mark.parametrize("cut", range(1, len(COMPLETED) - 2))
def test_a_last_line_that_was_cut_off_is_ignored_and_noted(read, cut):
    history = read(INVOKED + COMPLETED[:cut])
    assert history == read(INVOKED)
    assert history.notes == ("the last line was cut off and was ignored (line 2)",)
    assert history.calls()[0].outcome == INFO


def test_a_last_line_cut_within_a_character_is_ignored_too(read):
    line = '{"type":"invoke","process":0,"f":"é'.encode()[:-1]
    assert read(INVOKED + line).notes == ("the last line was cut off and was ignored (line 2)",)


def test_all_that_can_be_decompressed_of_a_cut_off_gzip_file_is_kept(read):
    lines = b"".join(INVOKED.replace(b'"process":0', b'"process":%d' % n) for n in range(500))
    lines = lines.replace(b'"index":0,', b"")
    whole = gzip.compress(lines)
    history = read(whole[: len(whole) // 2])
    assert 0 < len(history) < 500
    assert list(history) == read(lines)[: len(history)]
    assert history.notes[0] == "the gzip data were cut off; what came before was kept"


FIELDS = b'{"index":4,"time":6,"type":"ok","process":0,"f":"write","value":1}\n'

BROKEN = [
    ("not JSON", b"hello\n", None, "this is not JSON"),
    ("list", b"[1,2]\n", 1, "it is a list; every operation must be an object"),
    ("number", b"7\n", 1, "it is a plain value"),
    ("two on a line", FIELDS.rstrip() + FIELDS, None, "this is not JSON"),
    # Python 3.14 parses even this, and is then told what any value is that is nested too far.
    ("deep", FIELDS.replace(b":1}", b":" + b"[" * 5000 + b"]" * 5000 + b"}"), None, "nested"),
    ("deep list", FIELDS.replace(b":1}", b":" + b"[" * 101 + b"]" * 101 + b"}"), 4, "nested more"),
    (
        "deep map",
        FIELDS.replace(b":1}", b":" + b'{"a":' * 101 + b"1" + b"}" * 102),
        4,
        "nested more",
    ),
    (
        "deep error",
        FIELDS.replace(b":1}", b':1,"error":' + b"[" * 101 + b"]" * 101 + b"}"),
        4,
        "nested",
    ),
    ("not UTF-8", FIELDS.replace(b"write", b"\xffrite"), None, "this is not UTF-8"),
    ("no type", FIELDS.replace(b"type", b"kind"), 4, "it has no type"),
    ("no process", FIELDS.replace(b"process", b"thread"), 4, "it has no process"),
    ("no f", FIELDS.replace(b'"f"', b'"g"'), 4, "it has no f"),
    ("unknown type", FIELDS.replace(b'"ok"', b'"done"'), 4, "its type is 'done'"),
    ("type null", FIELDS.replace(b'"ok"', b"null"), 4, "it has no type"),
    ("index bool", FIELDS.replace(b":4", b":true"), 1, "its index is True"),
    ("index float", FIELDS.replace(b":4", b":4.0"), 1, "its index is 4.0"),
    ("index huge", FIELDS.replace(b":4", b":9223372036854775808"), 2**63, "at most 64 bits"),
    ("time string", FIELDS.replace(b":6", b':"6"'), 4, "its time is '6'"),
    ("process bool", FIELDS.replace(b":0", b":false"), 4, "its process is False"),
    ("process negative", FIELDS.replace(b":0", b":-1"), 4, "its process is -1"),
    ("process list", FIELDS.replace(b":0", b":[0]"), 4, "its process is [0]"),
    ("f number", FIELDS.replace(b'"write"', b"1"), 4, "its f is 1"),
    ("f empty", FIELDS.replace(b'"write"', b'""'), 4, "its f is ''"),
    ("other f", FIELDS.replace(b"write", b"read"), 4, "process 0 invoked 'write' (operation 0)"),
    ("unmatched", FIELDS.replace(b":0", b":3"), 4, "process 3 never invoked anything"),
    ("open", FIELDS.replace(b"ok", b"invoke"), 4, "operation 0 is still open"),
    ("index not after", FIELDS.replace(b":4", b":0"), 0, "indices must increase"),
]


@pytest.mark.parametrize(
    ("line", "index", "problem"), [case[1:] for case in BROKEN], ids=[c[0] for c in BROKEN]
)
def test_a_line_that_is_no_operation_is_refused_with_its_place(
    read, tmp_path, line, index, problem
):
    # Another process's event follows, so that no line here is a last one that was cut off.
    last = b'{"index":9223372036854775807,"time":6,"type":"invoke","process":9,"f":"read"}\n'
    with pytest.raises(HistoryError) as caught:
        read(INVOKED + b"\n" + line + last)
    error = caught.value
    assert problem in error.problem
    assert (error.path, error.line) == (str(tmp_path / "h.jsonl"), 3)
    assert error.index == index or index is None
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("line", "index", "problem"),
    [case[1:] for case in BROKEN if case[0] not in ("not JSON", "two on a line", "deep")],
    ids=[c[0] for c in BROKEN if c[0] not in ("not JSON", "two on a line", "deep")],
)
def test_an_element_that_is_no_operation_is_refused_with_its_place(read, line, index, problem):
    with pytest.raises(HistoryError) as caught:
        read(b"[" + INVOKED + b"\n,\n" + line + b"]")
    assert caught.value.line == 4 or "UTF-8" in problem
    assert problem in str(caught.value) or "UTF-8" in problem
    assert caught.value.index == index or index is None


def test_values_may_be_nested_up_to_the_limit(read):
    value = b"[" * DEPTH_MAX + b"]" * DEPTH_MAX
    history = read(INVOKED.replace(b"[1,0]", value) + COMPLETED)
    assert len(history.calls()) == 1


def test_a_number_of_many_digits_does_not_fill_the_message(read):
    with pytest.raises(HistoryError) as caught:
        read(INVOKED + COMPLETED.replace(b":6", b":" + b"9" * 400))
    assert "its time is 9999" in str(caught.value)
    assert len(caught.value.problem) < 160


def test_a_retired_process_cannot_come_back(read):
    info = COMPLETED.replace(b'"ok"', b'"info"')
    again = INVOKED.replace(b'"index":0,"time":5', b'"index":2,"time":7')
    with pytest.raises(HistoryError, match=r":3: operation 2: process 0 invokes again"):
        read(INVOKED + info + again)


@pytest.mark.parametrize("data", [b"[1,", b"[\xff]", b"[" * 100_000])
def test_an_array_that_is_not_json_is_refused(read, data):
    with pytest.raises(HistoryError, match="this is not JSON"):
        read(data)


def test_damaged_gzip_data_are_refused(read):
    data = bytearray(gzip.compress(INVOKED + COMPLETED))
    data[-5] ^= 1  # in the length of the data, which follows their checksum
    with pytest.raises(HistoryError, match="gzip data are damaged"):
        read(bytes(data))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(HistoryError, match="cannot be read"):
        read_jsonl(tmp_path / "missing.jsonl")


@settings(deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda junk: INVOKED + junk + FIELDS))
def test_whatever_a_file_holds_reading_ends_in_a_history_or_a_history_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "fuzz.jsonl"
    path.write_bytes(data)
    try:
        history = read_jsonl(path)
    except HistoryError:
        return
    assert all(o.type in (INVOKE, OK, FAIL, INFO) for o in history)
