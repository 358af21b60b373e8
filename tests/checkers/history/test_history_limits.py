"""Files that were made to fill memory, to block, or to mean two things: one sentence each."""

import gzip
import os
import zlib

import pytest

from splitbrain.checkers.history import HistoryError, load, source
from splitbrain.checkers.history.source import Content
from splitbrain.checkers.isolation import loading as isolation_loading
from splitbrain.checkers.isolation.loading import load_transactions

LINE = '{"index":0,"time":0,"type":"invoke","process":0,"f":"write","value":1}\n'
LONG = "1" * 4301


def refused(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(HistoryError) as caught:
        load(path)
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    assert "\n" not in sentence
    assert len(sentence) < 400 + len(str(path))
    return sentence


def test_gzip_data_that_inflate_without_end_are_refused_before_memory_is_full(tmp_path):
    packer = zlib.compressobj(wbits=31)
    newlines = b"\n" * (16 << 20)
    packed = b"".join(packer.compress(newlines) for _ in range(5)) + packer.flush()
    assert len(packed) < 100_000
    assert "unpack to more than 500 times their size" in refused(tmp_path / "h.jsonl.gz", packed)


def test_a_gzip_file_of_very_many_members_is_read_in_one_walk(tmp_path):
    path = tmp_path / "h.jsonl.gz"
    path.write_bytes(gzip.compress(b"") * 20_000 + gzip.compress(LINE.encode()))
    assert len(load(path)) == 1


@pytest.mark.parametrize("read", [load, load_transactions])
@pytest.mark.parametrize(
    ("name", "begin", "values", "end"),
    [
        ("h.json", '[{"value":[', "[],", "[]]}]"),
        ("h.jsonl", '{"value":[', "{},", "{}]}"),
        ("h.jsonl", '{"type":"ok","process":0,"value":[', '"a",', "0]}"),
        ("h.edn", "[", "[] ", "]"),
        ("h.edn", "{:value [", "(),", "]}"),
        ("h.log", "INFO  jepsen.util - 0\t:invoke\t:write\t3", "\n", ""),
    ],
)
def test_more_values_than_fit_into_memory_are_refused(
    tmp_path, monkeypatch, read, name, begin, values, end
):
    for module in (source, isolation_loading):
        monkeypatch.setattr(module, "PARTS_MAX", 1000)
    path = tmp_path / name
    path.write_text(begin + values * 1001 + end)
    with pytest.raises(HistoryError) as caught:
        read(path)
    assert "million values, which would fill the memory; give less" in str(caught.value)


def test_a_file_of_nothing_but_newlines_is_an_empty_history(tmp_path):
    path = tmp_path / "h.jsonl"
    path.write_bytes(b"\n" * (1 << 20))
    assert len(load(path)) == 0


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("h.jsonl", LINE.replace(":1}", f":{LONG}}}"), "out of range"),
        ("h.jsonl", LINE.replace('"time":0', f'"time":{LONG}'), "out of range"),
        ("h.jsonl", "[" + LINE.replace(":1}", f":{LONG}}}") + "]", "out of range"),
        ("h.edn", f"{{:process 0 :type :invoke :f :write :value {LONG}}}", "out of range"),
        ("h.edn", f"{{:process {LONG} :type :invoke :f :write :value 1}}", "out of range"),
        ("h.edn", f"{{:process 0 :type :invoke :f :write :value 0x{LONG}}}", "out of range"),
        ("h.edn", f"{{:process 0 :type :invoke :f :write :value {LONG}.5}}", "out of range"),
        ("h.edn", f"{{:process 0 :type :invoke :f :write :value 1/{LONG}}}", "out of range"),
        ("kv.txt", f'{{:process 0, :type :invoke, :f :get, :key {LONG}, :value "x"}}', "of range"),
        ("e.log", f"INFO  jepsen.util - {LONG}\t:invoke\t:write\t3", "its process is 111"),
        ("e.log", f"INFO  jepsen.util - 0\t:invoke\t:write\t{LONG}", "out of range"),
    ],
)
def test_a_number_longer_than_python_reads_is_refused_in_every_format(tmp_path, name, text, says):
    assert says in refused(tmp_path / name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("h.jsonl", LINE.replace(":1}", ":" + "[" * 100_000 + "]" * 100_000 + "}")),
        ("h.jsonl", LINE.replace(":1}", ":" + '{"a":' * 100_000 + "1" + "}" * 100_000 + "}")),
        ("h.jsonl", "[" * 100_000),
        ("h.edn", "{:process 0 :type :invoke :f :write :value " + "[" * 100_000),
        ("h.edn", "{:process 0 :type :invoke :f :write :value " + "#{" * 200 + "}" * 200 + "}"),
    ],
)
def test_deep_nesting_is_refused(tmp_path, name, text):
    refused(tmp_path / name, text)


def test_a_named_pipe_a_folder_and_a_device_are_named_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, says in (
        (tmp_path / "pipe", "it is a named pipe, and reading it may never end"),
        (tmp_path, "it is a folder"),
        ("/dev/zero", "it is a device"),
    ):
        with pytest.raises(HistoryError) as caught:
            load(path)
        assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (LINE.replace('"value"', '"value":2,"value"'), "'value'"),
        (LINE.replace('"process"', '"type":"info","process"'), "'type'"),
        (LINE.replace('"value"', '"note":1,"note":2,"value"'), "'note'"),
        (LINE.replace(":1}", ':[{"a":1,"b":{"a":2},"a":3}]}'), "'a'"),
        (LINE.replace('"value"', r'"\u0076alue":2,"value"'), "'value'"),
        ("[" + LINE.strip().replace('"f"', '"f":"read","f"') + "]", "'f'"),
    ],
)
def test_an_object_with_a_key_twice_is_refused_as_in_edn(tmp_path, text, key):
    assert f"an object has the key {key} twice" in refused(tmp_path / "h.jsonl", text)


def test_the_same_key_in_two_objects_is_none_twice(tmp_path):
    path = tmp_path / "h.jsonl"
    path.write_text(LINE.replace(":1}", ':[{"a":1},{"a":2,"b":{"a":3,"b":"\\"a\\":1"}}]}'))
    assert load(path)[0].value[1]["b"] == {"a": 3, "b": '"a":1'}


@pytest.mark.parametrize("kernels", ["compiled", "interpreted"])
@pytest.mark.parametrize("read", [load, load_transactions])
def test_a_key_twice_is_found_in_a_long_history_too(monkeypatch, kernels, read):
    monkeypatch.setenv("SPLITBRAIN_KERNELS", kernels)
    events = [
        f'{{"index":{i},"time":{i},"type":"{kind}","process":0,"f":"txn","value":[["r",1,null]]}}'
        for i, kind in enumerate(["invoke", "ok"] * 60)
    ]
    assert len(read(Content("h", "\n".join(events).encode()))) == 120
    events[77] = events[77].replace('"f"', '"f":"x","f"')
    with pytest.raises(HistoryError, match="h:78: operation 77: an object has the key 'f' twice"):
        read(Content("h", "\n".join(events).encode()))
