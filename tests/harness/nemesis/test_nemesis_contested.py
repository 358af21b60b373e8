"""Two leaders change the members, each unheard by the other."""

from __future__ import annotations

from nemesis_fake import FakeControl, starts, stops

from splitbrain.harness.nemesis.nemesis import Nemesis
from splitbrain.harness.plan import Fault

FOUR = ("n1", "n2", "n3", "n4")
FIVE = (*FOUR, "n5")


class Cluster:
    """Five servers of which four are members, and two clients; n1 leads."""

    def __init__(self, **options):
        given = {"patience": 2.0, "calm": 0.1, **options}
        fault = Fault("member.contested", 0.5, 20.0, "leader", given, id="f1")
        self.world = FakeControl(5, clients=2)
        self.nemesis = Nemesis((fault,), self.world)
        self.nemesis.schedule()
        self.world.run_until(0.5)
        self.elect("n1", 1, FOUR)
        self.wait(0.5)

    def wait(self, seconds=0.0):
        self.world.run_until(self.world.now + seconds)

    def elect(self, node, term, members):
        self.world.announce(node, term)
        self.tell(node, members)

    def tell(self, node, members):
        self.world.tell("members", node, *members)
        self.wait()

    def hears(self, one, other):
        both = [self.world.send(one, other) > 0, self.world.send(other, one) > 0]
        assert both[0] == both[1]
        return both[0]

    def sides(self):
        """Who hears n1, and all other servers."""
        near = {name for name in FIVE if name == "n1" or self.hears("n1", name)}
        return near, set(FIVE) - near

    def changed(self, members=FIVE):
        """The second client asks n1, which alone hears of it."""
        self.nemesis.invoked("add-member", process=3)
        self.wait()
        self.tell("n1", members)

    def steps(self):
        return [(s["action"], s["node"]) for s in stops(self.world)["f1"]["detail"]["steps"]]


def test_whoever_leads_is_alone_with_the_client_that_asks_it_for_a_change():
    cluster = Cluster()
    cluster.nemesis.invoked("add-member", process=3)  # of the second client's second life
    cluster.wait()

    assert cluster.sides()[0] == {"n1"}
    assert cluster.hears("c2", "n1")
    assert not cluster.hears("c1", "n1")
    assert cluster.hears("c1", "n2")
    assert not cluster.hears("c2", "n2")


def test_in_the_end_each_leader_has_a_majority_of_those_whom_it_takes_for_members():
    cluster = Cluster(tenure=0.1)
    cluster.changed()
    cluster.elect("n2", 2, FOUR)
    assert cluster.sides()[0] == {"n1"}, "not before the second change has had its time"
    cluster.tell("n2", ("n2", "n3", "n4"))
    cluster.wait(0.5)
    near, far = cluster.sides()

    assert len(near) == 3, "of five"
    assert "n2" in far
    assert all(
        cluster.hears(one, other) for side in (near, far) for one in side for other in side - {one}
    )
    cluster.world.announce("n1", 3)
    cluster.wait(30.0)
    assert cluster.steps()[:3] == [("isolate", "n1"), ("part", "n2"), ("contest", "n1")]
    assert stops(cluster.world)["f1"]["effect"]["contested"] == 1
    assert cluster.world.rules == []


def test_of_an_odd_number_of_members_nobody_is_cut_off():
    cluster = Cluster()
    cluster.tell("n1", FOUR[:3])
    cluster.wait(0.5)
    cluster.nemesis.invoked("add-member", process=0)
    cluster.wait()

    assert cluster.sides()[0] == set(FIVE)


def test_where_nobody_else_is_elected_all_are_together_again():
    cluster = Cluster(patience=0.5)
    cluster.changed()
    cluster.wait(0.6)

    assert cluster.sides()[0] == set(FIVE)


def test_where_nobody_tells_who_is_a_member_nothing_is_done():
    world = FakeControl(5, clients=2)
    nemesis = Nemesis((Fault("member.contested", 0.5, 5.0, "leader", id="f1"),), world)
    nemesis.schedule()
    world.announce("n1", 1)
    world.run_until(1.0)
    nemesis.invoked("add-member", process=0)
    world.run_until(9.0)

    assert starts(world)["f1"]["detail"]["steps"] == []
    assert (stops(world)["f1"]["effect"], stops(world)["f1"]["observed"]) == ({}, False)
