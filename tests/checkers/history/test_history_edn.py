"""Reading EDN: Jepsen's notation becomes the same history as JSON's."""

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.checkers.history import INVOKE, OK, HistoryError, Operation, read_edn
from splitbrain.checkers.history.formats.edn_parser import DEPTH_MAX, parse

TEXT = st.text(alphabet='abé"\\\n\t\u2028\U0001f600 \0;#{}[]')
KEYWORD = st.text(alphabet="ab-_.?!*", min_size=1, max_size=5)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYWORD, inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def read(tmp_path):
    """A function that reads text as a file."""

    def read_text(text, name="h.edn"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_edn(path)

    return read_text


def value_of(text):
    (form,) = parse(text, "test").forms
    return form


def printed(value, space=" "):
    """A value as Clojure prints it; ``space`` goes between elements."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value}N" if abs(value) > 2**63 else str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, list):
        return "[" + space.join(printed(element, space) for element in value) + "]"
    pairs = (f":{key}{space}{printed(element, space)}" for key, element in value.items())
    return "{" + space.join(pairs) + "}"


@settings(deadline=None)
@given(VALUES, st.sampled_from([" ", ", ", "\n", " ; note\n", " #_{:a 1} ", " #tag/x "]))
def test_what_was_printed_is_parsed_back_equal(value, space):
    if "tag" in space and (value == {} or isinstance(value, dict)):
        space = " "  # a tag in front of a key would still be one, but not in front of nothing
    parsed = value_of(printed(value, space))
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nil", None),
        ("true", True),
        ("-0", 0),
        ("+7", 7),
        ("12345678901234567890N", 12345678901234567890),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("2.50M", 2.5),
        ("3M", 3.0),
        ("-1.5e-3", -0.0015),
        ("1E9", 1e9),
        ("1/4", 0.25),
        ("##Inf", "##Inf"),
        ("##-Inf", "##-Inf"),
        (":ok", ":ok"),
        (":net/partition", ":net/partition"),
        ("java.sql.SQLException", "'java.sql.SQLException"),
        ("-", "'-"),
        (r'"a\n\t\"\\\u00e9\351"', 'a\n\t"\\éé'),
        (r'"\ud83d\ude00"', "\U0001f600"),
        ('"two\nlines"', "two\nlines"),
        (r"\a", r"\a"),
        (r"\newline", "\\\n"),
        (r"\u00e9", "\\é"),
        (r"\o101", r"\A"),
        (r"[\( \\ \;]", [r"\(", "\\\\", r"\;"]),
        ("(1,2,,3)", [1, 2, 3]),
        ("[]", []),
        ("#{3 1 :b 2 nil :a}", [1, 2, 3, ":a", ":b", None]),
        ("#{[2] [1]}", [[1], [2]]),
        ("{:a 1, :b {:c [2]}}", {"a": 1, "b": {"c": [2]}}),
        ("{0 100, nil 1, [1 2] 3}", {"0": 100, "null": 1, "[1,2]": 3}),
        ('#inst "2020-01-01"', "2020-01-01"),
        ("#jepsen.history.Op{:f :read}", {"f": ":read"}),
        ('#object[foo.Bar$fn__1 0x5bef "x"]', ["'foo.Bar$fn__1", 0x5BEF, "x"]),
        ("[1 #_2 3 #_ #_ 4 5]", [1, 3]),
        ("[#_ #tag 1 #tag #_ 2 3]", [3]),
        ("[1 ; two ]\n 3]", [1, 3]),
        ("[a#b c'd]", ["'a#b", "'c'd"]),
    ],
)
def test_notation(text, value):
    assert value_of(text) == value


MALFORMED = [
    ("]", "']' closes nothing"),
    ("[1 2}", "'}' cannot close '['"),
    ("{:a 1 :b}", "a key without a value"),
    ("{:a 1 :a 2}", "the key 'a' twice"),
    ('{1 :a "1" :b}', "the key '1' twice"),
    ("12abc", "'12abc' is no number"),
    ("007", "'007' is no number"),
    ("1e999", "out of range"),
    ("1/0", "out of range"),
    ("[" + "9" * 5000 + "]", "out of range"),
    (r'"\q"', r"unknown escape '\q'"),
    ('"\\\n"', r"unknown escape '\\n'"),
    (r'"\ud800"', "half of a surrogate pair"),
    (r"\newlin", r"'\\newlin' is no character"),
    (r"\ud800", "is no character"),
    ("[@a]", "'@' is no value"),
    ("[: a]", "':' is no value"),
    ("[1 #tag]", "a tag or '#_' has no value after it"),
    ("#_", "a tag or '#_' has no value after it"),
    ("[" * (DEPTH_MAX + 1), f"nested more than {DEPTH_MAX} deep"),
    ("[" * 100_000 + "]" * 100_000, f"nested more than {DEPTH_MAX} deep"),
]


@pytest.mark.parametrize(("text", "problem"), MALFORMED, ids=[m[1] for m in MALFORMED])
def test_what_is_no_edn_is_refused_with_its_line(text, problem):
    with pytest.raises(HistoryError) as caught:
        parse(f"; first line\n{text}", "h.edn")
    assert problem in str(caught.value)
    assert str(caught.value).startswith("h.edn:2: this is not EDN: ")


def test_depth_up_to_the_limit_is_fine():
    value = value_of("[" * DEPTH_MAX + "]" * DEPTH_MAX)
    for _ in range(DEPTH_MAX - 1):
        (value,) = value
    assert value == []


OPERATIONS = [
    Operation(3, 11, 0, INVOKE, "cas", [1, 2]),
    Operation(5, 12, 0, OK, "cas", [1, 2]),
    Operation(6, 13, "nemesis", "info", "start", None),
]
LINES = [
    "{:type :invoke, :f :cas, :value [1 2], :process 0, :time 11, :index 3, :other #{1}}",
    "{:type :ok :f :cas :value [1 2] :process 0 :time 12 :index 5}",
    "{:type :info, :f :start, :process :nemesis, :time 13, :index 6, :value nil}",
]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(LINES),
        "[" + " ".join(LINES) + "]",
        "(" + "\n\n".join(LINES) + ")\n",
        "; a history\n" + ", ".join("#jepsen.history.Op" + line for line in LINES),
        "\ufeff" + " #_{:type :ok} ".join(LINES),
    ],
    ids=["lines", "vector", "list", "records", "discards"],
)
def test_operations_come_one_after_another_or_in_one_collection(read, text):
    history = read(text)
    assert list(history) == OPERATIONS
    assert history.notes == ()


def test_gzip_is_recognized_by_content_not_name(read):
    assert list(read(gzip.compress("\n".join(LINES).encode()))) == OPERATIONS


def test_without_index_and_time_operations_are_counted(read):
    history = read("[{:type :invoke, :process 1, :f :read} {:type :ok, :process 1, :f :read}]")
    assert [(o.index, o.time) for o in history] == [(0, 0), (1, 1)]


@pytest.mark.parametrize("text", ["", " ; nothing\n", "[]", "()", "#_{}"])
def test_nothing_is_an_empty_history(read, text):
    assert len(read(text)) == 0


def test_errors_become_text(read):
    line = "{:type :invoke, :process 0, :f :read}\n{:type :info, :process 0, :f :read, :error %s}"
    assert read(line % '[:no-client "Connection refused"]')[1].error == (
        "no-client: Connection refused"
    )
    assert read(line % ":timed-out")[1].error == "timed-out"
    assert read(line % "nil")[1].error is None


def test_times_that_go_back_are_noted(read):
    history = read(LINES[0].replace("11", "99") + "\n" + LINES[1])
    assert history.notes == (
        "times go back in 1 places (first at line 2); the order of events is that of the file",
    )


@pytest.mark.parametrize("cut", range(1, len(LINES[2])))
def test_a_last_line_that_was_cut_off_is_ignored_and_noted(read, cut):
    history = read("\n".join([*LINES[:2], LINES[2][:cut]]))
    assert list(history) == OPERATIONS[:2]
    assert history.notes == ("the last line was cut off and was ignored (line 3)",)


@pytest.mark.parametrize(
    "rest",
    [
        '"',
        '{:a "b',
        "{:a \\u00e",
        "#jepsen.hist",
        "#jepsen.history.Op{:type",
        "#tag #other {:a #tag",
    ],
)
def test_a_last_line_can_be_cut_off_anywhere(read, rest):
    assert list(read("\n".join([*LINES, rest]))) == OPERATIONS


REFUSED = [
    ("no map", "7", None, "it is a plain value; every operation must be an object"),
    ("a vector of vectors", "[1]", None, "it is a list"),
    ("no type", "{:process 0, :f :read}", 2, "it has no type"),
    ("no process", "{:type :ok, :f :read}", 2, "it has no process"),
    ("no f", "{:type :ok, :process 0}", 2, "it has no f"),
    ("f nil", "{:type :ok, :process 0, :f nil, :value 1}", 2, "it has no f"),
    ("unknown type", "{:type :done, :process 0, :f :read}", 2, "its type is 'done'"),
    ("time", "{:type :ok, :process 0, :f :read, :time 1.5}", 2, "its time is 1.5"),
    ("process", "{:type :ok, :process 1.0, :f :read}", 2, "its process is 1.0"),
    ("index", "{:index 0, :type :ok, :process 0, :f :read}", 2, "indices must increase"),
    ("unmatched", "{:type :ok, :process 7, :f :read}", 2, "process 7 never invoked anything"),
    ("other f", "{:type :ok, :process 0, :f :read}", 2, "process 0 invoked 'cas' (operation 3)"),
    ("open", "{:type :invoke, :process 0, :f :cas}", 2, "operation 3 is still open"),
]


@pytest.mark.parametrize(
    ("text", "line", "problem"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED]
)
@pytest.mark.parametrize("brackets", ["{}", "[{}]"], ids=["lines", "vector"])
def test_what_is_no_operation_is_refused_with_its_place(
    read, tmp_path, brackets, text, line, problem
):
    with pytest.raises(HistoryError) as caught:
        read(brackets.replace("{}", f"{LINES[0]}\n{text}\n{LINES[2]}"))
    assert problem in caught.value.problem
    assert (caught.value.path, caught.value.line) == (str(tmp_path / "h.edn"), line)
    assert type(caught.value.index) is int


def test_an_unclosed_bracket_before_the_last_line_is_no_cut_off_line(read):
    with pytest.raises(HistoryError, match=r":2: what begins here is never closed"):
        read("\n".join([LINES[0], LINES[1][:-1], LINES[2]]))
    with pytest.raises(HistoryError, match=r":1: what begins here is never closed"):
        read("[" + "\n".join(LINES))


def test_text_that_is_not_utf8_is_refused(read):
    with pytest.raises(HistoryError, match=r":2: this is not UTF-8"):
        read(LINES[0].encode() + b"\n{:a \xff}")


JUNK = st.text(alphabet='{}[]()#_:"\\;,^@ \n01.eN/-a', max_size=40)
SPLICED = st.tuples(st.integers(0, 200), JUNK).map(
    lambda at_junk: (text := "\n".join(LINES))[: at_junk[0]] + at_junk[1] + text[at_junk[0] :]
)


@settings(deadline=None)
@given(st.binary(max_size=200) | (JUNK | SPLICED).map(str.encode))
def test_whatever_a_file_holds_reading_ends_in_a_history_or_a_history_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "fuzz.edn"
    path.write_bytes(data)
    try:
        history = read_edn(path)
    except HistoryError:
        return
    assert len(history.digest()) == 64  # whatever was read, JSON can hold
