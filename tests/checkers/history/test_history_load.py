"""`load` knows a format by its content, and reads everything that others have published."""

import gzip
import os
from pathlib import Path

import pytest

from splitbrain.checkers.history import FAIL, INFO, OK, HistoryError, load, read_jsonl, write_jsonl

SAMPLES = Path(__file__).parents[2] / "data" / "histories"
SHARED = Path(
    os.environ.get("SPLITBRAIN_HISTORIES", Path(__file__).parents[3].parent / "shared" / "data")
)

JSON_EVENT = b'{"type":"invoke","process":0,"f":"read"}'
EDN_EVENT = b"{:type :invoke, :process 0, :f :read}"
KV_EVENT = b'{:process 0, :type :invoke, :f :get, :key "k", :value nil}'
ETCD_EVENT = b"INFO  jepsen.util - 0\t:invoke\t:read\tnil"


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (JSON_EVENT, None),
        (b"\n  " + JSON_EVENT, None),
        (b"[" + JSON_EVENT + b"]", None),
        (b"[\n" + JSON_EVENT + b"\n]", None),
        (EDN_EVENT, None),
        (b"[" + EDN_EVENT + b"]", None),
        (b"(" + EDN_EVENT + b"\n)", None),
        (b"; comment\n" + EDN_EVENT, None),
        (b"[ ; comment\n" + EDN_EVENT + b"]", None),
        (b"#jepsen.history.Op" + EDN_EVENT, None),
        (b"[#jepsen.history.Op" + EDN_EVENT + b"]", None),
        (KV_EVENT, ["k", None]),
        (ETCD_EVENT, None),
        (b"INFO  jepsen.core - Running test\n" + ETCD_EVENT, None),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_content_tells_the_format(tmp_path, pack, data, value):
    path = tmp_path / "history"
    path.write_bytes(pack(data))
    (operation,) = load(path)
    assert (operation.process, operation.f, operation.value) == (
        0,
        "read" if not value else "get",
        value,
    )


@pytest.mark.parametrize("data", [b"", b"\n", b"[]", b"()", b"[\n]"])
def test_nothing_is_an_empty_history(tmp_path, data):
    path = tmp_path / "history"
    path.write_bytes(data)
    assert len(load(path)) == 0


@pytest.mark.parametrize(
    "data", [b"hello", b"<xml/>", b"\xff\xfe{\0", b"INFO  nothing", b"7", b'"a"']
)
def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path, data):
    path = tmp_path / "history"
    path.write_bytes(data)
    with pytest.raises(HistoryError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: this is no history in a format we know")
    for known in ("JSON Lines", "EDN", "etcd logs", "Porcupine"):
        assert known in str(caught.value)


@pytest.mark.parametrize(
    ("name", "problem"),
    [("h.jsonl", ":1: operation 0: this is not JSON"), ("h.edn", ": operation 0: it is a string")],
)
def test_a_name_tells_what_content_does_not(tmp_path, name, problem):
    path = tmp_path / name
    path.write_bytes(b"hello\n7\n")
    with pytest.raises(HistoryError) as caught:
        load(path)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("name", "events", "outcomes"),
    [
        ("etcd_000.log", 170, {OK: 49, FAIL: 20, INFO: 16}),
        ("etcd_002.log", 154, {OK: 45, FAIL: 13, INFO: 19}),
        ("c01-ok.txt", 116, {OK: 58}),
        ("c01-bad.txt", 76, {OK: 38}),
        ("cas-register-bad-immediate-failure.edn", 4, {OK: 1, FAIL: 1}),
        ("cas-register-good-cas-register-bug.edn", 11, {OK: 5, INFO: 1}),
        ("paper-example.edn", 8, {OK: 4}),
        ("paper-example.json", 8, {OK: 4}),
        ("maelstrom_txn-list-append_multi_key_js.jsonl.gz", 364, {}),
    ],
)
def test_published_histories(name, events, outcomes):
    history = load(SAMPLES / name)
    assert len(history) == events
    if outcomes:
        calls = [call.outcome for call in history.calls()]
        assert {kind: calls.count(kind) for kind in (OK, FAIL, INFO) if kind in calls} == outcomes


def test_the_same_history_in_edn_and_json_is_the_same():
    assert load(SAMPLES / "paper-example.edn") == load(SAMPLES / "paper-example.json")


# trial/ holds inputs that are wrong on purpose.
SHARED_FILES = sorted(p for p in SHARED.glob("*/*") if p.is_file() and p.parent.name != "trial")


@pytest.mark.skipif(not SHARED_FILES, reason="needs a folder of published histories")
@pytest.mark.parametrize("path", SHARED_FILES, ids=lambda path: path.name)
def test_every_history_we_know_of_loads_and_survives_json(tmp_path, path):
    history = load(path)
    assert len(history) > 0
    assert len(history.calls()) > 0
    write_jsonl(history, tmp_path / "copy.jsonl")
    assert read_jsonl(tmp_path / "copy.jsonl") == history
