"""The table of anomalies in docs/isolation.md: all of them, where found, where re-checked."""

import re
from pathlib import Path

import pytest

from splitbrain.checkers.isolation.consistency import MODELS
from splitbrain.checkers.isolation.cycle_kinds import SPECIFICATIONS, SUFFIXES
from splitbrain.checkers.isolation.judgment import severity
from splitbrain.checkers.isolation.recheck.reads import READ_ANOMALIES

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "checkers" / "isolation"


def table():
    """Rows of the table: kinds, files that find them, files that re-check them."""
    text = (ROOT / "docs" / "isolation.md").read_text()
    rows = re.search(
        r"\| kind \| what happened \| found in .*?\n\|[-|]+\n(.*?)\n\n", text, re.DOTALL
    )
    for row in rows[1].splitlines():
        kinds, _, found, checked = (cell.strip() for cell in row.strip("|").split(" | "))
        yield kinds.split(", "), re.findall("`(.*?)`", found), re.findall("`(.*?)`", checked)


ROWS = list(table())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][0])
def test_the_files_that_it_names_know_the_anomaly(row):
    kinds, found, checked = row
    assert found
    assert checked
    for name in (*found, *checked):
        text = (FOLDER / f"{name}.py").resolve().read_text()
        for kind in kinds:
            assert f'"{kind}"' in text, (kind, name)


def base(kind):
    for suffix in filter(None, SUFFIXES):
        kind = kind.removesuffix(suffix)
    return kind


def test_it_has_every_anomaly_that_rules_out_a_model():
    listed = {kind for kinds, _, _ in ROWS for kind in kinds}
    known = {base(kind) for model in MODELS.values() for kind in model.forbids}
    assert known - listed == {"G-single-item", "G-nonadjacent-item"}
    assert listed >= set(READ_ANOMALIES)
    assert listed >= {kind.name for kind in SPECIFICATIONS}


def test_every_anomaly_that_rules_out_a_model_has_its_severity():
    for model in MODELS.values():
        for kind in model.forbids:
            assert severity(kind)[0] < 9, kind
