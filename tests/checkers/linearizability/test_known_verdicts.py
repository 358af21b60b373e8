"""Recorded histories whose verdicts are known (read from the table that comes with them)."""

import json
from pathlib import Path

import pytest

from splitbrain.checkers import INVALID, checker_for_model, load, models
from splitbrain.checkers.linearizability import verify

DATA = Path(__file__).parents[3].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the recorded histories are not here")

CHECKED_AS = {"cas-register": "cas-register", "register": "register", "kv (": "kv"}
CHECKED_AS |= {"mutex": "mutex", "multi-register": "multi-register", "counter": "counter"}
CHECKED_AS |= {"set-full": "set-full", "set": "set-full"}


def table():
    """File, model and known validity of each history that these checkers judge."""
    if not DATA.is_dir():
        return
    for line in (DATA / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if len(cells) < 3 or not (DATA / cells[0]).is_file():
            continue
        known = cells[-1].split()[0].rstrip(":")
        for prefix, model in CHECKED_AS.items():
            if cells[1].startswith(prefix):
                yield pytest.param(cells[0], model, known, id=cells[0])
                break


@pytest.mark.parametrize(("file", "model", "known"), list(table()))
def test_known_verdict(file, model, known):
    history = load(DATA / file)
    verdict = checker_for_model(model).check(history)
    assert verdict.validity == known, verdict.reason
    assert verdict.cost.get("configurations", 0) < 10_000
    json.dumps(verdict.to_json())
    if model != "set-full":
        verify(models.MODELS[model](), history, verdict.certificate)
    if verdict.validity is INVALID:
        indices = {operation.index for operation in history}
        assert all(set(anomaly.operations) <= indices for anomaly in verdict.anomalies)


def check(file, model):
    if not (DATA / file).is_file():
        pytest.skip(f"{file} is not here")
    return checker_for_model(model).check(load(DATA / file))


def test_the_table_was_read():
    assert len(list(table())) >= 100


def test_etcd_under_all_faults_is_linearizable_key_by_key():
    verdict = check("real/etcd34_register_allfaults_60s.jsonl.gz", "register")
    assert (verdict.coverage["keys"], verdict.coverage["keys linearizable"]) == (81, 81)


def test_etcd_serializable_reads_are_stale():
    verdict = check("real/etcd34_register_serializable-reads_partition_45s.jsonl.gz", "register")
    assert (verdict.coverage["keys"], verdict.coverage["keys not linearizable"]) == (41, 25)
    kinds = [anomaly.kind for anomaly in verdict.anomalies]
    assert sorted(kinds) == ["nonlinearizable"] + ["stale-read"] * 24


def test_redis_loses_the_writes_of_the_deposed_primary():
    verdict = check("real/redis7_sentinel_set_partition_45s.jsonl.gz", "set-full")
    assert verdict.coverage["ok add"] == 35_982
    (lost,) = verdict.anomalies
    assert (lost.kind, lost.details["count"]) == ("lost", 13_512)


def test_etcd_351_loses_one_element_on_each_of_two_members():
    verdict = check("real/etcd351_set_kill-one_75s.jsonl.gz", "set-full")
    (lost,) = verdict.anomalies
    assert lost.details["elements"] == [2244, 7427]
    assert [(r["process"], r["missing"]) for r in lost.details["missing_by_read"]] == [
        (1_000_001, 1),
        (1_000_003, 1),
    ]


def test_elle_cli_set_adds_pairs_and_reads_numbers():
    """Its adds are [0, e] and its read is a flat list: read literally, all is lost."""
    verdict = check("elle-cli/set_full.edn", "set-full")
    assert {a.kind: a.details["count"] for a in verdict.anomalies} == {
        "lost": 293,
        "unexpected": 293,
    }
