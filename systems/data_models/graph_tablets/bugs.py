"""Planted bugs of the graph in tablets: it, with one decision wrong."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.data_models.graph_tablets.tablets import TabletServer
from splitbrain.systems.partitioning.database.bugs import ForgetsAtOnce, SnapshotOnly

BUGS: tuple[Bug, ...] = (
    Bug(
        id="GRAPH-04",
        title="what is written while a tablet moves stays behind: nodes lose a property",
        server=planted(TabletServer, outgoing_class=SnapshotOnly),
        workload="changing-set",
        faults=(),
        nodes=3,
        seeds=20,
        shows=("lost",),
        source="Jepsen: Dgraph 1.1.1 (writes lost in tablet moves)",
    ),
    Bug(
        id="GRAPH-04-NULLS",
        title="a tablet is deleted before its target is known to have it: properties are null",
        server=planted(TabletServer, outgoing_class=ForgetsAtOnce),
        workload="changing-set",
        faults=("process.kill", "net.partition"),
        nodes=3,
        seeds=40,
        shows=("lost",),
        source="Jepsen: Dgraph 1.0.2 (nulls after tablet moves)",
    ),
)
