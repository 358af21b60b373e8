"""Snapshot isolation on timestamps over several shards, externally consistent by commit wait.

    client --begin, operate, commit--> n2 --read, prepare, decide--> n1, n2, n3
                                   coordinator                         shards
               n1's monotonic clock is the time; the others know it to within an interval

The problem (DDIA chapter 8, "Synchronized clocks for global snapshots"): a snapshot of data on
several servers is all that was committed up to some time, if every commit has a timestamp and
timestamps agree with what happened. By clocks that differ they don't: a transaction that began
after another had ended, on a server whose clock is behind, gets the smaller timestamp, and a
snapshot between the two has the effect without the cause.

The idea (Spanner): clocks say how wrong they may be, ``[earliest, latest]``.

    commit     its timestamp c is the shards' latest; the client is told when earliest > c
    begin      its snapshot s is the server's latest
    read at s  is answered when earliest > s, and nothing prepared may still commit at s or before

    T1 on n2   asked for ---- c ==== wait ==== told
    T2 on n3                                        begins, s >= the time > c: it sees T1

Sources: Corbett et al., "Spanner: Google's Globally-Distributed Database", OSDI 2012, sections 3
and 4; Berenson et al., "A Critique of ANSI SQL Isolation Levels", SIGMOD 1995 (the first committer
wins); Bernstein, Hadzilacos and Goodman, chapter 7 (two-phase commit).

Guarantees: strong snapshot isolation: a transaction sees all that had committed, to anybody's
knowledge, when it began, on whichever servers; committed means durable. That holds under crashes
and power losses, pauses, late, lost and doubled messages, and whatever wall clocks do. It rests on
one assumption: no monotonic clock runs faster than another by more than `Timekeeper.skew`
(``clock.drift`` is beyond that, and breaks it). While the first server is down nobody learns the
time, and commits wait.

Invariants stand with ``shard`` (nothing is added to what was read), ``coordinator`` (no commit is
told before its time is past) and ``core`` (nor after a crash).

Layout: ``timekeeping`` knows what time it is, ``shard`` keeps versions, ``coordinator`` runs
transactions, ``core`` puts them together; ``bugs`` has them with one decision wrong. The client is
that of all transactions (`splitbrain.systems.transactions.client`).

Left out: replicas of the shards and of the time; locking reads, which would make it serializable;
removing old versions.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.clocks.commit_wait.bugs import BUGS
from splitbrain.systems.clocks.commit_wait.core import CommitWaitServer
from splitbrain.systems.transactions.client import TransactionClient

__all__ = ["SYSTEM"]

KNOBS = (
    Knob(
        "skew",
        1.01,
        4.0,
        "at most how much faster one clock runs than another",
        "core_class.timekeeper_class.skew",
    ),
    Knob(
        "prepare_within",
        0.5,
        2.0,
        "longest wait for votes, in seconds",
        "core_class.coordinator_class.prepare_within",
    ),
    Knob(
        "inquire_after",
        0.1,
        0.5,
        "how often the outcome is asked for, in seconds",
        "core_class.shard_class.inquire_after",
    ),
)

SYSTEM = System(
    name="commit-wait",
    title="snapshot isolation on timestamps with commit wait, over shards (chapter 8)",
    server=CommitWaitServer,
    client=TransactionClient,
    workloads=("list-append", "long-fork", "bank"),
    claims=Claims(
        (
            "process",
            "net",
            "clock.bump",
            "clock.strobe",
            "clock.freeze",
            "clock.backward",
            "clock.slew",
            "clock.leap",
            "disk.slow",
            "disk.stall",
            "client",
            "scenario",
        ),
        max_down="all",
        assumes=("clock.drift",),
    ),
    consistency="strong-snapshot-isolation",
    bugs=BUGS,
    knobs=KNOBS,
)
