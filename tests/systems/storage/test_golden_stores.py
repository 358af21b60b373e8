"""Stores that an earlier version has written: they are opened, and are written in the same way."""

from __future__ import annotations

import json

import pytest
from engines import ENGINES
from golden_stores import FOLDER, files, filled
from store_driver import DrivenDisk, contents, opened


@pytest.mark.parametrize("name", ENGINES)
def test_a_store_of_before_is_read(name):
    golden = json.loads((FOLDER / f"{name}.json").read_text())
    disk = DrivenDisk()
    for path, content in golden["files"].items():
        disk.append(path, bytes.fromhex(content))
    engine = opened(ENGINES[name], disk)

    assert {k.decode(): v.decode() for k, v in contents(engine).items()} == golden["values"]
    assert engine.verify() == []


@pytest.mark.parametrize("name", ENGINES)
def test_a_store_is_written_as_before(name):
    golden = json.loads((FOLDER / f"{name}.json").read_text())

    assert files(filled(name)[0]) == golden["files"]
