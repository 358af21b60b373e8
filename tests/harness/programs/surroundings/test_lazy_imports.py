"""A library that is imported while a program runs leaves the run as it would be without that."""

from __future__ import annotations

import importlib
import inspect
import os
import random
import sys

import pytest
import trio
from worlds import run, world_of

from splitbrain.harness.simulation.wires import Nondeterminism

LIBRARY = """
import os, random, subprocess, sys
SALT = random.random(), os.urandom(8)
TOLD = subprocess.run([sys.executable, "-c", "print(7)"], capture_output=True, text=True).stdout

def salted():
    return random.random()

KEPT = random.Random()

class Writer:
    kept = random.Random()

    def mask(self, dice=random.Random(), *, other=random.Random()):
        return [generator.random() for generator in (KEPT, self.kept, dice, other)]
"""


@pytest.fixture
def library(tmp_path, monkeypatch):
    (tmp_path / "lazily_imported.py").write_text(LIBRARY)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "lazily_imported"
    sys.modules.pop("lazily_imported", None)


def test_the_first_run_is_as_the_second(library):
    drawn, kept = [], []

    async def main():
        before = random.random()
        kept.append(importlib.import_module(library))
        drawn.append((before, random.random(), kept[-1].salted()))

    for _ in range(2):
        run(world_of(main))

    assert drawn[0] == drawn[1]
    assert kept[0] is kept[1]
    assert kept[0].TOLD == "7\n"
    assert "def salted" in inspect.getsource(kept[0])
    assert type(kept[0].__loader__).__name__ == "SourceFileLoader"


def test_generators_that_a_library_keeps_begin_anew_in_each_run(library):
    def drawn(seed):
        found = []

        async def main():
            found.extend(importlib.import_module(library).Writer().mask())
            await trio.sleep(0)

        run(world_of(main, seed=seed))
        return found

    first = drawn(1)
    assert len(set(first)) == 4
    assert drawn(1) == first  # though it is imported already
    assert not set(drawn(2)) & set(first)


def test_a_program_s_own_code_is_still_stopped_and_named():
    async def main():
        with open(os.devnull, "w") as nowhere:
            nowhere.write("this is nowhere")
        with pytest.raises(Nondeterminism, match=r"test_lazy_imports.py:\d+ in main: "):
            os.system("true")
        with pytest.raises(Nondeterminism, match=r"test_lazy_imports.py:\d+ in main: open was"):
            os.open(__file__, os.O_RDWR)
        await trio.sleep(0)

    run(world_of(main))
