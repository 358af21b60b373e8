"""Paxos as plays: tests/golden/paxos/*.txt, named after the sections of the
paper, each played and compared line by line.

``UPDATE_GOLDEN=1 pytest tests/systems/consensus`` writes what happens now into the scripts. Commit
a changed script only if you understand each line that changed, and want it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from consensus_script import play, played, scripts
from paxos_cluster import Cluster

from splitbrain.systems.consensus.paxos.state import Settings

FOLDER = Path(__file__).parents[3] / "golden" / "paxos"


def cluster(nodes, **settings):
    return Cluster(nodes, Settings(**settings))


def shown(server):
    votes = {slot: (vote.ballot, vote.value) for slot, vote in server.acceptor.votes.items()}
    return (
        f"{server.phase.role} promised={server.acceptor.promised} votes={votes} "
        f"applied={server.replica.applied}"
    )


@pytest.mark.parametrize("path", scripts(FOLDER), ids=lambda path: path.stem)
def test_what_follows_is_what_the_script_says(path):
    assert played(path, lambda script: play(script, cluster, shown)) == path.read_text()
