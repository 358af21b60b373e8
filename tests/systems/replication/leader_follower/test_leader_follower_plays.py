"""Plays: what servers say to each other and write, step by step.

Each file of tests/golden/leader_follower is a script: commands, ``---``, and what happened then.
Run with UPDATE_GOLDEN=1 to rewrite what happened; commit the change only if you understand it.

    size 3                 so many servers (first command)
    disks by-hand          writes become durable by `sync` alone (default: at once)
    pass 0.6               time goes by, everybody ticks once, at the end
    tick n1                one server ticks
    elect n1               n1 times out and everything is delivered: it leads
    write n1 7 x 1         request number 7 of the client: x becomes 1; likewise add, cas
    read n1 8 x            request number 8: a strong read of x
    deliver n1->n2 [n]     so many messages of that link arrive (default: all that are there)
    settle                 everything is delivered and synced until nothing is under way
    lose n1->n2            what is under way there is lost
    cut n1                 whatever n1 and the other servers say to each other is lost
    heal                   nothing is cut off any more
    quietly elect n1       perform a command without telling what happens
    sync n1                what n1 wrote becomes durable
    crash n1, restart n1   power loss
    show                   everybody's log and role
"""

import os
from pathlib import Path

import pytest
from leader_follower_cluster import Cluster, entry_text

from splitbrain.systems.replication.leader_follower.effects import ELECTION_S

PLAYS = Path(__file__).parents[3] / "golden" / "leader_follower"
SESSION = 1


class Stage:
    """Performs a script's commands on a cluster."""

    def __init__(self):
        self.cluster = Cluster(0)
        self.cut = frozenset()

    def perform(self, line):
        quietly, words = line.startswith("quietly "), line.removeprefix("quietly ").split()
        getattr(self, f"do_{words[0]}")(*words[1:])
        happened, self.cluster.events = self.cluster.events, []
        return [] if quietly else happened

    def do_size(self, size):
        self.cluster = Cluster(int(size))

    def do_disks(self, _by_hand):
        self.cluster.auto_sync = False

    def do_pass(self, seconds):
        self.cluster.now += float(seconds)
        for name in self.cluster.up:
            self.do_tick(name)

    def do_tick(self, name):
        self.cluster.tick(name)

    def do_elect(self, name):
        self.cluster.now += ELECTION_S[1]
        self.do_tick(name)
        self.cluster.settle(self.cut)

    def do_write(self, name, number, key, value):
        self.cluster.request(name, int(number), "write", SESSION, int(number), key, int(value))

    def do_cas(self, name, number, key, old, new):
        change = (key, int(old), int(new))
        self.cluster.request(name, int(number), "cas", SESSION, int(number), *change)

    def do_read(self, name, number, key):
        self.cluster.request(name, int(number), "read", "strong", key)

    def do_deliver(self, link, count=None):
        source, destination = link.split("->")
        there = len(self.cluster.links.get((source, destination), ()))
        for _ in range(there if count is None else int(count)):
            self.cluster.deliver(source, destination)

    def do_settle(self):
        self.cluster.settle(self.cut)

    def do_cut(self, name):
        for other in self.cluster.names:
            self.cut |= {(name, other), (other, name)}

    def do_heal(self):
        self.cut = frozenset()

    def do_lose(self, link):
        source, destination = link.split("->")
        queue = self.cluster.links[source, destination]
        self.cluster.events.append(f"lost: {len(queue)}")
        queue.clear()

    def do_sync(self, name):
        self.cluster.sync(name)

    def do_crash(self, name):
        self.cluster.crash(name)

    def do_restart(self, name):
        self.cluster.restart(name)

    def do_show(self):
        for name, server in self.cluster.servers.items():
            core = server.core
            if core is None:
                self.cluster.events.append(f"{name} down")
                continue
            log = " ".join(map(entry_text, core.log.entries))
            self.cluster.events.append(
                f"{name} {core.role.value} epoch={core.epoch} label={core.log.label} "
                f"commit={core.commit} log=[{log}] {core.machine.registers}"
            )


def performed(text):
    """The script with what happens in it."""
    stage, out = Stage(), []
    for block in text.strip().split("\n\n"):
        script = block.partition("---")[0].strip().splitlines()
        happened = []
        for line in script:
            if not line.startswith("#"):
                happened += stage.perform(line)
        out.append("\n".join([*script, "---", *happened] if happened else script))
    return "\n\n".join(out) + "\n"


@pytest.mark.parametrize("play", sorted(PLAYS.glob("*.txt")), ids=lambda path: path.stem)
def test_play(play):
    text = play.read_text()
    result = performed(text)
    if os.environ.get("UPDATE_GOLDEN") == "1":
        play.write_text(result)
    assert result == play.read_text()


def test_there_are_plays():
    assert len(list(PLAYS.glob("*.txt"))) >= 8
