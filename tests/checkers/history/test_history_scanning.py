"""The scanner reads what the general parsers read, in the same way, or leaves it to them."""

import gzip
import json
import os
import random

import pytest

from splitbrain.checkers import files, kernels
from splitbrain.checkers.history import History, HistoryError, load, source
from splitbrain.checkers.history.columns import FILES
from splitbrain.checkers.history.formats.edn import parse_edn
from splitbrain.checkers.history.formats.jsonl import parse_jsonl
from splitbrain.checkers.history.packing import PackedValues, packed
from splitbrain.checkers.history.scanning import scanned
from splitbrain.checkers.history.source import Content

pytestmark = pytest.mark.skipif(not kernels.numba_installed(), reason="numba is not installed")


@pytest.fixture(autouse=True)
def compiled(monkeypatch):
    monkeypatch.setenv(kernels.SWITCH, "compiled")


@pytest.fixture(params=[source.TEXT_PIECE, 700], ids=["whole", "in pieces"])
def piece(request, monkeypatch):
    """How many bytes are scanned at a time."""
    monkeypatch.setattr(source, "TEXT_PIECE", request.param)


PLAIN_ATOMS = (None, True, False, 0, 7, -3, 10**16, -(10**16), "x", "a b", "")
ODD_ATOMS = (10**17, 10**30, 1.5, "é", 'q"', "a\\")
ATOMS = PLAIN_ATOMS + ODD_ATOMS
OTHERS = ([], [1], [1, 2, 3], [[1, 2], 3], [1, [2]], [1, [2, [3, 4]]], {"k": [1]}, {"type": "ok"})


def value(r: random.Random):
    atoms = PLAIN_ATOMS if r.random() < 0.97 else ODD_ATOMS
    shape = r.randrange(20)
    if shape < 8:
        return r.choice(atoms)
    if shape < 14:
        return [r.choice(atoms), r.choice(atoms)]
    return [r.choice(atoms), [r.choice(atoms), r.choice(atoms)]]


def records(r: random.Random, number: int):
    """Operations as recorders write them, some with fields that only few have."""
    for at in range(number):
        process = r.randrange(3) if at % 2 else at % 6 // 2
        record = {"index": at, "time": at * 1000 + r.randrange(-500, 500), "type": "invoke"}
        record |= {"process": at, "f": r.choice(("read", "write", "cas")), "value": value(r)}
        odd = r.random()
        if odd < 0.02:
            record |= {"process": r.choice(("nemesis", "n1")), "type": "info", "f": "kill"}
            record["value"] = r.choice(OTHERS)
        elif odd < 0.04:
            record["error"] = r.choice(("timeout", 'ab"c', "é", ["a", 3]))
        elif odd < 0.05:
            record["extra"] = process
        yield record


def as_json(r: random.Random, record) -> str:
    items = list(record.items())
    r.shuffle(items)
    separators = r.choice(((",", ":"), (", ", ": "), (" ,\t", " : ")))
    return r.choice(("", " ")) + json.dumps(
        dict(items), separators=separators, ensure_ascii=r.random() < 0.5
    )


def edn(value) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f":{k} {edn(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + " ".join(map(edn, value)) + "]"
    if isinstance(value, str):
        plain = value.isascii() and value.isalnum() and not value[0].isdigit()
        return f":{value}" if plain else json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return {None: "nil", True: "true", False: "false"}[value]
    return str(value)


def as_edn(r: random.Random, record) -> str:
    items = list(record.items())
    r.shuffle(items)
    text = edn(dict(items))
    return r.choice(("", "#jepsen.history.Op")) + text


def content(lines) -> Content:
    return Content("drawn", "\n".join(lines).encode())


def same(one: History, other: History) -> None:
    assert list(one) == list(other)
    assert one.notes == other.notes
    assert (one.names, one.functions) == (other.names, other.functions)
    assert [c.result for c in one.calls()] == [c.result for c in other.calls()]


@pytest.mark.usefixtures("piece")
@pytest.mark.parametrize("seed", range(8))
def test_json_lines(seed):
    r = random.Random(seed)
    text = content([as_json(r, record) for record in records(r, 300)])
    history = scanned(text, edn=False)
    assert history is not None
    assert isinstance(history.values, PackedValues)
    same(history, parse_jsonl(text))


@pytest.mark.usefixtures("piece")
@pytest.mark.parametrize("seed", range(8))
def test_edn(seed):
    r = random.Random(seed)
    text = content([as_edn(r, record) for record in records(r, 300)])
    history = scanned(text, edn=True)
    assert history is not None
    same(history, parse_edn(text))


PLAIN = '{"index":0,"time":1,"type":"invoke","process":0,"f":"read","value":[1,null]}'


@pytest.mark.usefixtures("piece")
@pytest.mark.parametrize("is_edn", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_damaged_files_are_read_as_the_general_parser_does_or_not_at_all(seed, is_edn):
    r = random.Random(f"damage {seed}")
    write = as_edn if is_edn else as_json
    lines = [write(r, record) for record in records(r, 12)]
    parser = parse_edn if is_edn else parse_jsonl
    for _ in range(60):
        text = bytearray("\n".join(lines).encode())
        for _ in range(r.choice((1, 1, 2))):
            at = r.randrange(len(text))
            what = r.randrange(3)
            if what == 0:
                text[at] = r.choice(b'0129-+.eE{}[]",: \n\t\\nNtfx:#\xff')
            elif what == 1:
                del text[at]
            else:
                text.insert(at, r.choice(b'0129-+.e{}[]",: \n\r\\;#_'))
        damaged = Content("damaged", bytes(text))
        history = scanned(damaged, edn=is_edn)
        if history is not None:
            same(history, parser(damaged))


def test_what_is_wrong_is_said_as_ever(tmp_path):
    path = tmp_path / "broken.jsonl"
    path.write_text(PLAIN + "\n" + PLAIN.replace('"index":0', '"index":1') + "\n")
    with pytest.raises(HistoryError, match=r"broken.jsonl:2: operation 1: process 0 invokes"):
        load(path)


@pytest.fixture
def long(monkeypatch, tmp_path):
    """A file of a thousand operations that is long: read in pieces, never whole."""
    monkeypatch.setattr(source, "TEXT_PIECE", 3_000)
    monkeypatch.setattr(source, "LONG", 10_000)
    monkeypatch.setattr(source, "BYTES_MAX", 60_000)
    monkeypatch.setattr(files, "BYTES_MAX", 60_000)
    path = tmp_path / "long.jsonl"
    r = random.Random("long")
    lines = [as_json(r, record) for record in records(r, 1_000)]
    lines.insert(500, "")
    path.write_text("\n".join(lines) + "\n")
    assert path.stat().st_size > files.BYTES_MAX
    return path


def test_a_long_file_is_read_in_pieces(long):
    same(load(long), parse_jsonl(Content(str(long), long.read_bytes())))


def test_the_last_line_of_a_long_file_may_be_cut_off(long):
    long.write_text(long.read_text() + PLAIN[:20])
    history = load(long)
    assert len(history) == 1_000
    assert history.notes[0] == "the last line was cut off and was ignored (line 1002)"


def test_lines_of_a_long_file_that_are_not_plain_are_refused_in_a_sentence(long):
    long.write_text(long.read_text() + "nonsense\n")
    with pytest.raises(HistoryError, match="larger than 0 MiB, and only lines of the plain layout"):
        load(long)


def test_a_long_file_of_one_line_is_refused_in_a_sentence(long):
    long.write_text(PLAIN + "\n" + "{" * 70_000)
    with pytest.raises(HistoryError, match="a line of more than 0 MiB"):
        load(long)


def test_a_line_that_was_cut_off_is_noted(tmp_path):
    path = tmp_path / "cut.jsonl"
    path.write_text(PLAIN + "\n" + PLAIN[:20])
    assert load(path).notes == ("the last line was cut off and was ignored (line 2)",)


def test_words_of_any_number():
    lines = [
        PLAIN.replace("[1,null]", f'["key {i}","value {i}"]').replace('"index":0', f'"index":{i}')
        for i in range(70_000)
    ]
    lines = [line.replace('"process":0', f'"process":{i}') for i, line in enumerate(lines)]
    history = scanned(content(lines), edn=False)
    assert history is not None
    assert history.values[69_999] == ["key 69999", "value 69999"]
    assert history.functions == ("read",)


def test_packed_values_are_the_values():
    r = random.Random("packed")
    values = [value(r) for _ in range(200)] + list(OTHERS) + list(ATOMS)
    kept = packed(values)
    assert list(kept) == values
    assert [type(a) for a in kept] == [type(a) for a in values]
    assert kept[-1] == values[-1]
    assert kept[3:7] == values[3:7]
    assert packed(kept) is kept
    with pytest.raises(IndexError):
        kept[len(values)]


def test_times_that_go_back_are_noted():
    lines = [PLAIN, PLAIN.replace('"index":0,"time":1', '"index":5,"time":0')]
    lines[1] = lines[1].replace('"process":0', '"process":1')
    history = scanned(content(lines), edn=False)
    assert history is not None
    assert history.notes == parse_jsonl(content(lines)).notes
    assert not FILES.ordered_times


def gzipped(path):
    """The file packed, under another name."""
    gz = path.with_suffix(".jsonl.gz")
    gz.write_bytes(gzip.compress(path.read_bytes()))
    return gz


def test_what_a_gzip_file_holds_may_be_as_long(long):
    gz = gzipped(long)
    same(load(gz), parse_jsonl(Content(str(gz), long.read_bytes())))


def test_a_long_gzip_file_may_be_cut_off(long):
    gz = gzipped(long)
    gz.write_bytes(gz.read_bytes()[:-2_000])
    history = load(gz)
    assert 0 < len(history) < 1_000
    assert "the gzip data were cut off; what came before was kept" in history.notes


def test_a_long_gzip_file_whose_lines_are_not_plain_is_refused_in_a_sentence(long):
    long.write_text(long.read_text() + "nonsense\n")
    with pytest.raises(HistoryError, match="only lines of the plain layout"):
        load(gzipped(long))


def test_no_room_to_unpack_is_said_in_a_sentence(long, monkeypatch):
    monkeypatch.setattr(source, "_LEFT_FREE", 1 << 62)
    with pytest.raises(HistoryError, match=r"there is no room to unpack it in .*; set TMPDIR"):
        load(gzipped(long))


def test_a_file_that_changes_while_it_is_read_is_not_mixed(long):
    text = source.opened(long)
    assert text.part(0, 10) == long.read_bytes()[:10]
    long.write_text("x" * text.size)
    os.utime(long, ns=(0, 0))
    with pytest.raises(HistoryError, match="the file was changed while it was read"):
        text.part(text.size - 10, text.size - 9 + (1 << 20))
