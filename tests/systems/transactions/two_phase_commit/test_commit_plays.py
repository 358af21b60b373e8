"""Commit protocols as plays: tests/golden/commit/*.txt, each played and compared line by line.

::

    protocol paxos-commit      two-phase-commit, three-phase-commit or paxos-commit; three servers
    write n2 n3                a transaction of n1's has written a key at each of these
    commit                     its client asks n1 to commit
    deliver kind to n2 n3      messages of this kind; "deliver all": until all is quiet
    lose kind to n2            they are lost instead
    crash n1                   it dies
    restart n1                 it starts again, with what its disk holds
    wait 0.7                   so many seconds pass
    quietly COMMAND            without telling what happens
    show                       each server's value of its key, and who still waits

``UPDATE_GOLDEN=1 pytest tests/systems/transactions`` writes what happens now into the scripts.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from commit_cluster import HOME, NAMES, Cluster
from consensus_script import filled, played, scripts

from splitbrain.systems.transactions.paxos_commit.core import PaxosCommitCore
from splitbrain.systems.transactions.three_phase_commit.core import ThreePhaseCore
from splitbrain.systems.transactions.two_phase_commit.core import CommitCore

FOLDER = Path(__file__).parents[3] / "golden" / "commit"
CORES = {
    "two-phase-commit": CommitCore,
    "three-phase-commit": ThreePhaseCore,
    "paxos-commit": PaxosCommitCore,
}


class Telling(Cluster):
    """A cluster that tells each message that is sent, each answer, and each decision."""

    def __init__(self, core):
        self.events = []
        super().__init__(core)

    def collect(self, name):
        messages, answers, decided = len(self.network), len(self.told), len(self.decided)
        super().collect(name)
        for sender, to, message in self.network[messages:]:
            self.events.append(f"{sender} -> {to} {' '.join(map(str, message))}".rstrip())
        self.events += [f"{name} -> client {' '.join(map(str, a))}" for a in self.told[answers:]]
        for server, txn, committed in self.decided[decided:]:
            self.events.append(f"{server}: {txn} {'commits' if committed else 'aborts'} here")


class Play:
    """A script being played; all that a server writes is durable before anything else happens."""

    def do(self, line):
        name, *words = line.split()
        if name == "protocol":
            self.cluster = Telling(CORES[words[0]])
        self.cluster.events.clear()
        if name != "protocol":
            getattr(self, f"do_{name}")(*words)
        return list(self.cluster.events)

    def do_write(self, *servers):
        self.txn = self.cluster.written(servers)

    def do_commit(self):
        self.cluster.client("n1", "commit", self.txn)
        self.cluster.force()

    def do_deliver(self, kind, _to="to", *servers):
        if kind == "all":
            self.cluster.run()
        for server in servers:
            self.cluster.deliver(kind, server)
            self.cluster.force()

    def do_lose(self, kind, _to, *servers):
        for server in servers:
            self.cluster.deliver(kind, server, lose=True)

    def do_crash(self, name):
        self.cluster.crash(name)

    def do_restart(self, name):
        self.cluster.start(name)

    def do_wait(self, seconds):
        self.cluster.wait(float(seconds))
        self.cluster.force()

    def do_quietly(self, name, *words):
        getattr(self, f"do_{name}")(*words)
        self.cluster.events.clear()

    def do_show(self):
        for name in NAMES:
            if name not in self.cluster.cores:
                self.cluster.events.append(f"{name}: dead")
                continue
            doubt = self.txn in self.cluster.cores[name]._engine.in_doubt
            held = self.cluster.value(name, HOME[name])
            self.cluster.events.append(
                f"{name}: {HOME[name]}={held}{', in doubt' if doubt else ''}"
            )


@pytest.mark.parametrize("path", scripts(FOLDER), ids=lambda path: path.stem)
def test_what_follows_is_what_the_script_says(path):
    assert played(path, lambda script: filled(script, Play().do)) == path.read_text()
