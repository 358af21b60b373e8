"""After `doctor --warm` nothing is left to compile, in any process."""

import os
import subprocess
import sys

import pytest

JUDGE = """
import sys
from pathlib import Path
from splitbrain.checkers import kernels
from splitbrain.harness import checking
from splitbrain.systems.warming import SAMPLES, recorded
for sample in SAMPLES:
    file = recorded(sample, 7, Path(sys.argv[1]))
    checking.checker(sample.model, verify=False).check(checking.read(file, sample.model))
print(kernels.compiling_seconds())
"""


@pytest.mark.nightly
def test_after_warming_other_histories_are_judged_without_compiling(tmp_path):
    surroundings = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(tmp_path / "kernels"),
        "SPLITBRAIN_KERNELS": "compiled",
    }

    def printed(*words):
        return subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, env=surroundings, check=True
        ).stdout

    assert "kernels are compiled" in printed("-m", "splitbrain", "doctor", "--warm")
    assert float(printed("-c", JUDGE, str(tmp_path))) == 0.0
