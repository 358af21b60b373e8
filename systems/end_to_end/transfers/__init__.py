"""Transfers between accounts on different servers, without a distributed transaction.

    user --transfer 17: a>b, 5--> requests n1: .. 16 | 17 | 18 ..      once, by the user's id
                                                 |
                        n2, books of a: 17, -5  <--->  n3, books of b: 17, +5     each once

The problem (DDIA chapter 12, "Aiming for Correctness"): a user's browser sends a form twice, a
message comes twice, a server that has booked one side crashes before the other. Each part can be
right by itself and the whole wrong: suppressing duplicates below the user is not enough, and an
atomic commit over both books is more than is needed.

The idea: the request has an id from where the user is, and goes into one log, in one record; that
it is there once decides everything. Both sides follow from the record, deterministically: they are
sent until they are booked, and the books tell by the position of the request which they have made.
Nobody waits for both. Balances are made of the entries alone, and whoever reads gets both, so that
anybody can add up.

Sources: DDIA chapter 12, "The End-to-End Argument for Databases", "Multi-partition request
processing" and "Trust, but verify"; Saltzer, Reed and Clark, "End-to-End Arguments in System
Design" (TOCS 1984); Helland, "Life beyond Distributed Transactions" (CIDR 2007).

Guarantees: a transfer that was acknowledged is booked on both sides once, and so is one of unknown
outcome or none of it; balances are the sums of their entries. This holds under any number of
crashes and power losses of any servers. A read waits until what was requested before is booked, and
may have one side only of what comes meanwhile. Nothing goes on while the log of requests is down.

Invariants: see ``Requests`` and ``Books``.

Layout: ``requests`` and ``books`` are the servers, ``client`` is the user; ``bugs`` has them with
one decision wrong.

Left out: refusing a transfer for want of money, a log of requests with several partitions, views
that read several logs, Merkle trees over the books.
"""

from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.end_to_end.transfers.bugs import BUGS
from splitbrain.systems.end_to_end.transfers.client import TransferClient
from splitbrain.systems.end_to_end.transfers.servers import TransferServer

__all__ = ["SYSTEM"]

SYSTEM = System(
    name="transfers",
    title="transfers by request ids through one log into two books, end to end (chapter 12)",
    server=TransferServer,
    client=TransferClient,
    workloads=("transfers",),
    claims=Claims(
        ("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"),
        max_down="all",
    ),
    sizes=range(2, 10),
    bugs=BUGS,
)
