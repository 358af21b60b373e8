"""The planted bug of three-phase commit: it, with one decision wrong, within what it assumes."""

from __future__ import annotations

from collections.abc import Iterable

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.transactions.log import Record
from splitbrain.systems.transactions.paxos_commit.core import ProposingCoordinator
from splitbrain.systems.transactions.three_phase_commit.core import (
    ThreePhaseCore,
    ThreePhaseServer,
)


class PresumesAbort(ProposingCoordinator):
    """Takes what it had not finished when it died for aborted, as in two-phase commit."""

    def _recover(self, records: Iterable[Record]) -> None:
        """The others may have finished it."""
        super()._recover(record for record in records if record[0] != "propose")


BUGS: tuple[Bug, ...] = (
    Bug(
        id="TX-28",
        title="a coordinator that starts again presumes that what it had told of was aborted",
        server=planted(
            ThreePhaseServer, core_class=planted(ThreePhaseCore, coordinator_class=PresumesAbort)
        ),
        workload="list-append",
        faults=("process.kill",),
        nodes=3,
        seeds=100,
        shows=("split-decision", "G-single", "G0", "G1", "incompatible-order", "lost-update"),
        source="Bernstein, Hadzilacos and Goodman, section 7.5; Skeen, SIGMOD 1981",
        options={"network": {"latency": [0.01, 0.05]}},
    ),
)
