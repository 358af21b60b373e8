"""A property graph: edges at both ends, nodes that go with their edges, queries of one moment.

    a --17--> b     a: {17: b}      one transaction, one batch of the engine,
                    b: {17: a}      one version that queries read

The problem (DDIA chapter 2, "Graph-Like Data Models"): an edge is found from either of its nodes,
so it stands at both, and they must agree, also after a crash; a node that goes must take its edges
with it, also those that are just being made; and a path is followed step by step, while others
write.

The idea: what belongs together is one transaction, checked and applied in one step, and one batch
of the LSM tree (`splitbrain.systems.storage`) that keeps it. Each transaction makes a version; a
query reads the version that was there when it began, whose nodes stay known until it ends. Each
node is looked at once, so a cycle ends.

Guarantees: an edge is at both of its ends, which are there, and stays until one of them is removed;
what a transaction does is seen by a query as a whole or not at all; what was acknowledged or seen
survives any number of crashes and power losses, as long as the disk keeps what it synced.

An edge has a relationship and properties, which both of its ends show. A node has properties, and
an index finds nodes by them (``graph-properties``): it is made of the nodes when the graph is
opened, and changes with them in one step, so that it agrees with them.

Layout: ``store`` keeps versions over the engine, ``queries`` finds paths, ``server`` answers,
``client`` asks; ``bugs`` has them with one decision wrong; ``summary`` is the sketch with its
weaknesses.

Left out: shards that move (`splitbrain.systems.data_models.graph_tablets` has them), a query
language, an index of edges' properties, nodes that are not in memory.
"""

from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.data_models.graph.bugs import BUGS, PROPERTY_BUGS
from splitbrain.systems.data_models.graph.client import GraphClient, PropertyClient
from splitbrain.systems.data_models.graph.pictures import NODES
from splitbrain.systems.data_models.graph.server import GraphServer

__all__ = ["BY_PROPERTY", "SYSTEM"]

CLAIMS = Claims(
    ("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"), max_down="all"
)

SYSTEM = System(
    name="graph",
    title="a property graph whose queries are of one moment (chapter 2)",
    server=GraphServer,
    client=GraphClient,
    workloads=("graph",),
    claims=CLAIMS,
    nodes=1,
    sizes=SINGLE_SERVER,
    bugs=BUGS,
    pictures=(NODES,),
)

BY_PROPERTY = System(
    name="graph-properties",
    title="the property graph, whose nodes are found by an index of properties (chapter 2)",
    server=GraphServer,
    client=PropertyClient,
    workloads=("scan",),
    claims=CLAIMS,
    nodes=1,
    sizes=SINGLE_SERVER,
    bugs=PROPERTY_BUGS,
    pictures=(NODES,),
)
