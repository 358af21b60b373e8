"""The summary form's operations, and the weaknesses that it keeps."""

from splitbrain.harness.nemesis.rules import LinkRule
from splitbrain.harness.simulation.world import World
from splitbrain.systems.replication.leader_follower.summary import SummaryServer


class Replicas:
    """Three servers of the summary form in a world, and access to each."""

    def __init__(self, size=3):
        self.world = World(seed=1)
        self.servers = {}
        self.leaders = []
        self.world.on_announcement = lambda name, f, value: self.leaders.append((name, value))
        names = tuple(f"n{i + 1}" for i in range(size))
        for name in names:
            self.world.add_server(name, self.start, tuple(o for o in names if o != name))
        self.world.add_client("c1", self.clients_program, names)
        self.requests = []
        self.replies = []

    def start(self, node):
        server = self.servers[node.name] = SummaryServer(node)
        return server.run()

    async def clients_program(self, node):
        for number, (server, *message) in enumerate(self.requests):
            node.network.send(server, ("request", number, *message))
            _, reply = await node.network.receive()
            self.replies.append(reply[2:])

    def run(self, *requests, until=1.0):
        """Let a client make its requests, one after the other; what it was told."""
        self.requests = requests
        with self.world.booted():
            self.world.run_until(until)
        return self.replies


def write(server, key, value):
    return server, "write", 1, 1, key, value


def cut(name):
    """Cut one server of three off from the others."""
    others = [other for other in ("n1", "n2", "n3") if other != name]
    links = {(name, other) for other in others} | {(other, name) for other in others}
    return LinkRule("cut", frozenset(links), block=True)


def test_a_write_reaches_every_replica():
    replicas = Replicas()
    assert replicas.run(write("n1", "x", 1)) == [("ok", None)]
    assert [server.data for server in replicas.servers.values()] == [{"x": 1}] * 3


def test_only_the_leader_writes_and_reads_strongly():
    replies = Replicas().run(write("n2", "x", 1), ("n3", "read", "strong", "x"))
    assert replies == [("redirect", "n1"), ("redirect", "n1")]


def test_a_read_may_be_eventual_anywhere():
    replies = Replicas().run(
        write("n1", "x", 1),
        ("n1", "read", "eventual", "x"),
        ("n2", "read", "eventual", "x"),
        ("n3", "read", "eventual", "y"),
    )
    assert replies == [("ok", None), ("ok", 1), ("ok", 1), ("ok", None)]


def test_elements_are_no_registers():
    replies = Replicas().run(
        ("n1", "add", 1, 1, 7), write("n1", "x", 1), ("n1", "read-all", "strong"), ("n2", "state")
    )
    assert replies[2:] == [("ok", (7,)), ("ok", ((("x", 1),), (7,)))]


def test_what_is_no_request_is_refused():
    [(status, reason)] = Replicas().run(("n1", "cas", 1, 1, "x", 1, 2))
    assert status == "refused"
    assert "cas" in reason


def test_a_single_server_leads_itself():
    replicas = Replicas(size=1)
    assert replicas.run(write("n1", "x", 1), ("n1", "read", "eventual", "x"))[1] == ("ok", 1)


def test_a_write_is_acknowledged_though_no_follower_has_it():
    replicas = Replicas()
    replicas.world.add_rule(cut("n1"))
    assert replicas.run(write("n1", "x", 1)) == [("ok", None)]
    assert replicas.servers["n2"].data == replicas.servers["n3"].data == {}


def test_a_follower_that_missed_a_write_counts_as_up_to_date_after_the_next():
    replicas, rule = Replicas(), cut("n3")
    world = replicas.world
    world.add_rule(rule)
    world.after(0.4, lambda: world.remove_rule(rule))
    late = [("n1", "state")] * 200  # requests that take time, until the network is whole again
    replicas.run(write("n1", "x", 1), *late, write("n1", "y", 2), until=2.0)
    assert replicas.servers["n3"].data == {"y": 2}
    assert replicas.servers["n1"].lag["n3"] == 0.0


def test_lag_is_a_difference_of_wall_clock_times():
    replicas = Replicas()
    world = replicas.world
    world.add_rule(cut("n3"))
    world.after(0.1, lambda: world.jump_clock("n1", -1000.0))
    late = [("n1", "state")] * 100
    replicas.run(*late, write("n1", "x", 1), until=2.0)
    assert replicas.servers["n1"].lag["n3"] < -900  # it is to be served first from now on
    assert replicas.servers["n1"].select_replica() == "n3"


def test_followers_appoint_one_of_them_when_they_miss_the_leader():
    replicas = Replicas()
    replicas.world.after(0.3, lambda: replicas.world.kill("n1"))
    replicas.run(until=1.5)
    assert replicas.leaders == [("n1", {"term": 1}), ("n2", {"term": 2})]
    assert replicas.servers["n3"].leader == "n2"


def test_the_old_leader_is_never_deposed():
    replicas, rule = Replicas(), cut("n1")
    world = replicas.world
    world.after(0.2, lambda: world.add_rule(rule))
    world.after(1.2, lambda: world.remove_rule(rule))
    replicas.run(until=3.0)
    assert [server.leader for server in replicas.servers.values()] == ["n1", "n2", "n2"]
