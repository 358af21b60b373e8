"""Histories of real systems and of other tools give the verdicts they are known for."""

from pathlib import Path

import pytest

from splitbrain.checkers.history import load
from splitbrain.checkers.isolation import verify
from splitbrain.checkers.isolation.cycles import find_cycles
from splitbrain.checkers.isolation.lists.checker import list_append
from splitbrain.checkers.isolation.lists.inference import append_dependencies, append_history
from splitbrain.checkers.isolation.transactions import transactions_of
from splitbrain.checkers.verdict import INVALID, VALID

DATA = Path(__file__).parents[3].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the recorded histories are not here")


def check(name, consistency=None):
    return list_append(consistency).check(load(DATA / name))


@pytest.mark.parametrize("suffix", ["edn", "json"])
def test_the_example_of_the_elle_paper_is_a_g_single(suffix):
    verdict = check(f"elle-cli/paper-example.{suffix}")
    assert verdict.validity is INVALID
    assert verdict.certificate["anomalies"] == {"G-single": 1}


def test_one_huge_component_is_judged():
    verdict = check("elle/huge-scc.edn")
    assert verdict.validity is INVALID
    assert verdict.certificate["anomalies"] == {"G-single-realtime": 1}
    assert verdict.certificate["strongest not refuted"][0] == "strong-session-serializable"


@pytest.mark.parametrize(
    "name",
    [
        "real/pg15_append_serializable_20s.jsonl.gz",
        "real/maelstrom_txn-list-append_multi_key_js.jsonl.gz",
    ],
)
def test_serializable_databases_are_strictly_so(name):
    assert check(name, "strict-serializable").validity is VALID


def test_postgresql_at_repeatable_read_is_snapshot_isolated():
    name = "real/pg15_append_repeatable-read_20s.jsonl.gz"
    verdict = check(name)
    assert verdict.certificate["ruled out"] == ["repeatable-read"]
    assert "strong-snapshot-isolation" in verdict.certificate["strongest not refuted"]
    history = load(DATA / name)
    verify(history, verdict)
    verdict = list_append("snapshot-isolation").check(history)
    assert verdict.validity is VALID
    assert verify(history, verdict) == "4502 transactions run as scheduled give every read"


def test_mariadb_at_repeatable_read_is_not():
    verdict = check("real/mariadb1011_append_repeatable-read_15s.jsonl.gz")
    assert verdict.validity is INVALID
    verify(load(DATA / "real/mariadb1011_append_repeatable-read_15s.jsonl.gz"), verdict)
    counts = verdict.certificate["anomalies"]
    assert counts["internal"] == 6
    assert counts["G-single"] == 164
    assert "consistent-view" in verdict.certificate["ruled out"]


@pytest.mark.parametrize(
    ("name", "single", "others"),
    [
        ("real/pg15_append_repeatable-read_20s.jsonl.gz", 0, 131),
        ("real/mariadb1011_append_repeatable-read_15s.jsonl.gz", 164, 28),
    ],
)
def test_components_are_as_many_as_another_program_counts(name, single, others):
    """That program knows nothing of writes that no read saw, nor of nonadjacent rw edges."""
    history = append_history(transactions_of(load(DATA / name), lists=True))
    graph = append_dependencies(history, process=False, realtime=False, unobserved=False)
    counts = find_cycles(graph).counts
    assert counts.get("G-single", 0) == single
    assert counts.get("G2-item", 0) + counts.get("G-nonadjacent", 0) == others
