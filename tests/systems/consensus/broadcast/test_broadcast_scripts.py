"""Total-order broadcast as plays: tests/golden/broadcast/*.txt, over the cores of Raft.

``UPDATE_GOLDEN=1 pytest tests/systems/consensus`` writes what happens now into the scripts. Commit
a changed script only if you understand each line that changed, and want it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from consensus_script import played, scripts
from raft_script import play

FOLDER = Path(__file__).parents[3] / "golden" / "broadcast"


@pytest.mark.parametrize("path", scripts(FOLDER), ids=lambda path: path.stem)
def test_what_follows_is_what_the_script_says(path):
    assert played(path, play) == path.read_text()
