"""Where answers take longer than a heartbeat, a leader has asked again by the time each comes."""

from __future__ import annotations

import pytest
from raft_cluster import PAPER, Cluster, terms


def slow_rounds(cluster, rounds, beats):
    """The leader n1 is far away: what is sent in a round is delivered in the next one, and it beats
    so often meanwhile."""
    for _ in range(rounds):
        under_way, cluster.wire[:] = list(cluster.wire), []
        for _ in range(beats):
            cluster.time_out("n1")
        for source, to, message in under_way:
            cluster.receive(to, source, message)


@pytest.mark.parametrize("beats", [0, 1, 2])
def test_5_3_logs_meet(beats):
    cluster = Cluster()
    cluster.start_with_log("n1", [1, 1, 1, 4, 4])
    cluster.start_with_log("n2", [1, 1, 1, 2, 2, 2, 3], term=4)
    cluster.partition(["n1", "n3"], ["n2"])
    cluster.elect("n1")
    cluster.heal()
    cluster.time_out("n1")

    slow_rounds(cluster, 16, beats)

    assert terms(cluster["n2"]) == terms(cluster["n1"])


@pytest.mark.parametrize("beats", [0, 1, 2])
@pytest.mark.parametrize("crash", [None, 6])
def test_figure_13_a_snapshot_arrives(beats, crash):
    cluster = Cluster(settings=PAPER._replace(snapshot_every=10, snapshot_keeps=3, chunk=20))
    cluster.elect("n1")
    cluster.crash("n3")
    for i in range(25):
        cluster.request("n1", "client", ("command", f"x{i}"))
        cluster.settle()
    cluster.restart("n3")
    cluster.time_out("n1")

    for at in range(60):
        if at == crash:  # what came of the snapshot is lost, and comes again
            cluster.crash("n3")
            cluster.restart("n3")
        slow_rounds(cluster, 1, beats)
        if not beats and at % 10 == 0:
            cluster.time_out("n1")  # what a crash took nobody answers

    assert cluster["n3"].commit == cluster["n1"].commit == 26
    pieces = [event for event in cluster.events if "n1 -> n3 snapshot" in event]
    assert len(pieces) < 60 * (beats + 2)
