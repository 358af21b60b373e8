"""Large files are read without objects, and say the same as when read with them."""

import gzip
import json
import random

import pytest
from isolation_twin import random_history

from splitbrain.checkers import kernels
from splitbrain.checkers.history import HistoryError, load, source, write_jsonl
from splitbrain.checkers.history.source import Content
from splitbrain.checkers.isolation import list_append, load_transactions, rw_register
from splitbrain.checkers.isolation.loading import ScannedValues
from splitbrain.checkers.isolation.transactions import transactions_of

pytestmark = pytest.mark.skipif(not kernels.numba_installed(), reason="numba is not installed")


@pytest.fixture(autouse=True)
def compiled(monkeypatch):
    monkeypatch.setenv(kernels.SWITCH, "compiled")


def scanned(path):
    history = load_transactions(path)
    assert isinstance(history.values, ScannedValues)
    return history


def numbered(history, tmp_path, layout=None):
    """A history's file, with letters of keys replaced by numbers."""
    path = tmp_path / "history.jsonl"
    write_jsonl(history, path)
    text = path.read_text()
    for number, letter in enumerate("xyz"):
        text = text.replace(f'"{letter}"', str(number * 7 - 3))
    if layout == "edn":
        text = _edn(text)
    elif layout == "array":
        text = f"[{','.join(text.splitlines())}]"
    path.write_text(text)
    return path


def _edn(text):
    lines = []
    for line in text.splitlines():
        event = json.loads(line)
        micros = " ".join(
            f"[:{f} {k} {'nil' if v is None else str(v).replace(',', ' ')}]"
            for f, k, v in event["value"]
        )
        lines.append(
            f"{{:type :{event['type']}, :f :txn, :value [{micros}], "
            f":process {event['process']}, :time {event['time']}, :index {event['index']}}}"
        )
    return "\n".join(lines)


@pytest.mark.parametrize("layout", [None, "edn", "array"])
@pytest.mark.parametrize("registers", [False, True])
def test_a_scanned_file_holds_the_same_and_is_judged_the_same(tmp_path, layout, registers):
    rng = random.Random(f"loading {layout} {registers}")
    checker = rw_register(initial=True) if registers else list_append()
    for _ in range(50):
        path = numbered(random_history(rng, registers), tmp_path, layout)
        fast, slow = scanned(path), load(path)
        assert list(fast) == list(slow)
        assert checker.check(fast).to_json() == checker.check(slow).to_json()


EVENT = '{"index":%d,"time":%d,"type":"%s","process":%s,"f":"%s","value":%s%s}'


def file_of(tmp_path, *events):
    path = tmp_path / "history.jsonl"
    path.write_text("\n".join(EVENT % event for event in events))
    return path


OK_READ = '[["append",1,1],["r",1,[1]]]'


def test_what_others_than_clients_say_is_kept(tmp_path):
    path = file_of(
        tmp_path,
        (0, 0, "info", '"nemesis"', "phase", '{"a":[1,"}"]}', ""),
        (1, 1, "invoke", 0, "txn", '[["append",1,1],["r",1,null]]', ""),
        (2, 2, "info", '"n1"', "members", '["n1",["n2"]]', ',"error":"[\\"no\\"]"'),
        (3, 3, "ok", 0, "txn", OK_READ, ""),
    )
    assert list(scanned(path)) == list(load(path))
    assert scanned(path).errors[2] == '["no"]'


@pytest.mark.parametrize(
    "value",
    [
        '[["append","x",1],["r","x",[1]]]',
        '[["append",1,"a"],["r",1,["a"]]]',
        '[["append",1,99999999999],["r",1,[99999999999]]]',
        '[["append",1,1.5],["r",1,[1.5]]]',
    ],
)
def test_what_is_no_small_integer_is_left_to_the_general_reader(tmp_path, value):
    path = file_of(
        tmp_path,
        (0, 0, "invoke", 0, "txn", value, ""),
        (1, 1, "ok", 0, "txn", value, ""),
    )
    history = load_transactions(path)
    assert not isinstance(history.values, ScannedValues)
    assert list_append().check(history).validity == "valid"


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        (
            [(0, 0, "invoke", 1, "txn", OK_READ, ""), (1, 1, "ok", 0, "txn", OK_READ, "")],
            "never invoked anything",
        ),
        ([(0, 0, "invoke", 0, "txn", "7]", "")], "not JSON"),
        ([(0, 0, "strange", 0, "txn", OK_READ, "")], "strange"),
    ],
)
def test_mistakes_are_named_as_ever(tmp_path, events, problem):
    with pytest.raises(HistoryError, match=problem):
        load_transactions(file_of(tmp_path, *events, *events))


@pytest.mark.parametrize(
    "more", [',"type":"info"', ',"error":{"code":1,"code":2}', ',"error":1,"error":2']
)
def test_a_key_that_is_there_twice_is_named_wherever_it_is(tmp_path, more):
    path = file_of(
        tmp_path, (0, 0, "invoke", 0, "txn", "[]", ""), (1, 1, "ok", 0, "txn", "[]", more)
    )
    with pytest.raises(HistoryError, match="twice"):
        load_transactions(path)


def test_lists_longer_than_all_else_in_a_file_find_room(tmp_path):
    elements = list(range(5_000))
    appends = json.dumps([["append", 1, element] for element in elements[:20]])
    path = file_of(
        tmp_path,
        (0, 0, "invoke", 0, "txn", appends, ""),
        (1, 1, "ok", 0, "txn", appends, ""),
        (2, 2, "invoke", 1, "txn", '[["r",1,null],["r",2,null]]', ""),
        (3, 3, "ok", 1, "txn", json.dumps([["r", 1, elements], ["r", 2, elements[::-1]]]), ""),
    )
    assert list(scanned(path)) == list(load(path))
    fast, slow = (list_append().check(read(path)).to_json() for read in (scanned, load))
    assert fast == slow


def test_registers_in_a_list_append_history_are_named(tmp_path):
    path = file_of(
        tmp_path,
        (0, 0, "invoke", 0, "txn", '[["w",1,1],["r",1,null]]', ""),
        (1, 1, "ok", 0, "txn", '[["w",1,1],["r",1,1]]', ""),
    )
    with pytest.raises(HistoryError, match=r'operation 1.*"w"; in a list-append history'):
        list_append().check(scanned(path))


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_file_that_was_cut_off_is_read_up_to_there(tmp_path, cut):
    path = file_of(
        tmp_path,
        (0, 0, "invoke", 0, "txn", '[["append",1,1],["r",1,null]]', ""),
        (1, 1, "ok", 0, "txn", OK_READ, ""),
    )
    path.write_text(path.read_text()[:-cut])
    assert list(load_transactions(path)) == list(load(path))


def test_scattered_values_get_numbers_too(tmp_path):
    rng = random.Random("scattered")
    values = [rng.randrange(-(2**30), 2**30) for _ in range(60)]
    events, seen = [], []
    for value in values:
        seen.append(value)
        micros = f'[["append",5,{value}],["r",5,{json.dumps(seen)}]]'
        for kind in ("invoke", "ok"):
            events.append((len(events), len(events), kind, 0, "txn", micros, ""))
    path = file_of(tmp_path, *events)
    verdict = list_append().check(scanned(path))
    assert verdict.to_json() == list_append().check(load(path)).to_json()
    assert verdict.validity == "valid"


def outcome(read, path):
    try:
        history = read(path)
        return list(history), [note for note in history.notes if "times" in note]
    except HistoryError as error:
        return str(error)


@pytest.mark.parametrize("layout", [None, "edn", "array"])
def test_damaged_files_are_read_as_the_general_reader_does(tmp_path, layout):
    """Bytes lost, doubled or replaced: the same history, or the same complaint."""
    rng = random.Random(f"damage {layout}")
    for _ in range(20):
        path = numbered(random_history(rng), tmp_path, layout)
        whole = path.read_bytes()
        for _ in range(10):
            data = bytearray(whole)
            for _ in range(rng.randint(1, 3)):
                at = rng.randrange(len(data))
                replacement = rng.choice(
                    [b"", b'"', b"[", b"]", b"{", b"}", b",", b"-", b"\n", b"7"]
                )
                data[at : at + rng.randint(0, 2)] = replacement
            path.write_bytes(bytes(data))
            assert outcome(load_transactions, path) == outcome(load, path), bytes(data)


@pytest.fixture
def short_pieces(monkeypatch):
    """Files are long from 400 bytes on, and read in pieces of a few events."""
    monkeypatch.setattr(source, "LONG", 400)
    monkeypatch.setattr(source, "TEXT_PIECE", 150)


@pytest.mark.parametrize("registers", [False, True])
@pytest.mark.parametrize("layout", [None, "edn"])
@pytest.mark.parametrize("pack", [False, True])
def test_a_file_read_in_pieces_holds_the_same_and_is_judged_the_same(
    tmp_path, short_pieces, layout, registers, pack
):
    rng = random.Random(f"pieces {layout} {registers} {pack}")
    make = rw_register if registers else list_append
    long = 0
    for _ in range(25):
        path = numbered(random_history(rng, registers=registers), tmp_path, layout)
        whole = load(Content(str(path), path.read_bytes()))
        if pack:
            packed = path.with_suffix(".jsonl.gz")
            packed.write_bytes(gzip.compress(path.read_bytes()))
            path = packed
        long += isinstance(source.opened(path), source.LongFile)
        history = load_transactions(path)
        assert list(history) == list(whole)
        assert make().check(history).to_json() == make().check(whole).to_json()
    assert long > 10


def test_reads_that_are_no_beginning_of_each_other_are_all_kept(tmp_path, short_pieces):
    rng = random.Random("lists")
    events = []
    for number in range(60):
        micros = f'[["append",1,{number}],["r",1,null],["r",2,null]]'
        lists = [
            sorted(rng.sample(range(60), rng.randint(0, 9)), reverse=rng.random() < 0.3),
            list(range(rng.randint(0, 40))),
        ]
        seen = json.dumps([["append", 1, number], ["r", 1, lists[0]], ["r", 2, lists[1]]])
        events.append((2 * number, 2 * number, "invoke", number % 3, "txn", micros, ""))
        events.append((2 * number + 1, 2 * number + 1, "ok", number % 3, "txn", seen, ""))
    path = file_of(tmp_path, *events)
    whole = load(Content(str(path), path.read_bytes()))
    history = scanned(path)
    fast = history.values.transactions(history, lists=True)
    slow = transactions_of(whole, lists=True)
    for operation in range(len(slow.kind)):
        assert fast.list_read(operation) == slow.list_read(operation)
    assert list_append().check(history).to_json() == list_append().check(whole).to_json()
