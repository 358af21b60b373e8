"""Leader-follower replication, done properly.

The problem (Kleppmann, *Designing Data-Intensive Applications*, chapter 5, "Leaders and
Followers"): every server keeps a copy of the data; clients write to one of them, the leader,
which sends the others its log. Easy while nothing fails. When the leader fails, somebody must
take over without losing what was acknowledged ("Synchronous Versus Asynchronous Replication"),
exactly one server must ("Leader failure: Failover", split brain), the old leader must notice when
it returns, and a follower that was away must catch up ("Follower failure: Catch-up recovery").

The idea: time is cut into numbered *epochs*, each led by at most one server. To begin an epoch, a
server gathers from a majority the promise to follow nobody from an earlier one, together with their
logs, takes the best log, and has a majority store it. Any two majorities share a server, so

    epoch 1  n1 leads   n1 [a b c d]     d is on n1 alone: never acknowledged
                        n2 [a b c]
                        n3 [a b]         c is on a majority: acknowledged
             n1 is cut off
    epoch 2  n2 leads   n2 [a b c]       gathered from n2 and n3: c can't be missing
                        n3 [a b c]
             n1 returns, sends d for epoch 1: refused, n2 and n3 have promised 2
             n1 follows n1 [a b c e]     d is cut off, e comes

Guarantees, if servers fail by crash, power loss, or pause, and messages are late, lost, doubled,
out of order, or cut off in one or both directions, whatever the clocks say:

* writes and strong reads are linearizable (chapter 9); eventual reads answer with a state that the
  replica once had;
* a reader at any replica, who says how much of the log it has seen, reads what it wrote, never goes
  back in time, and sees a prefix of what happened ("Problems with Replication Lag");
* replicas do the same, since what chance decides is decided before it is in the log (row shipping);
* an acknowledged write survives as long as a majority of disks does;
* a command sent again with the same session and number is done once;
* while a majority is up and connected, there is a leader within about two seconds.

Invariants:

1. Epoch e belongs to one server, by arithmetic (`epochs.next_epoch`); it leads e at most once,
   since it promises e, durably, before it asks anyone for it.
2. A promise is durable before anyone hears of it, and never taken back: a server that promised e
   accepts nothing from before e (`Failover.admit`; fencing, chapter 8, "Fencing tokens").
3. Within an epoch a leader only appends. Logs with the same label are prefixes of one another.
4. A log gets the label e in one atomic record, together with all that the leader of e began with.
5. An entry is committed when a majority stores it, durably, under the leader's label. Hence any log
   that is best of a majority, by (label, length), holds every committed entry.
6. A strong read is answered after a majority said, in answer to a message sent after the read came,
   that it still follows this epoch. No clock is involved.
7. Nothing is acknowledged that isn't durable where the acknowledgment says it is.
8. A snapshot stands for entries that are committed, and says how many; so it is the beginning of
   every log that a majority may take, and whoever lacks some of them is sent it.

Like Raft, this is Viewstamped Replication's state machine replication; unlike Raft it elects
without votes, takes over the best log instead of requiring the winner to have it, and counts
labels rather than the entries' own epochs, so that an entry of an old epoch is safely committed
by counting (compare Raft, section 5.4.2 and figure 8).

Left out: snapshots in pieces: a follower's catch-up is one message; changes of membership; sessions
that expire; several reads to a confirmation round; detection of bit rot; leases, which would answer
reads without a round but trust clocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import trio

from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.node import Node
from splitbrain.systems.replication.leader_follower import wal
from splitbrain.systems.replication.leader_follower.core import Core
from splitbrain.systems.replication.leader_follower.effects import (
    HEARTBEAT_S,
    Effect,
    Lead,
    Persist,
    Send,
)
from splitbrain.systems.replication.leader_follower.log import Durable, Record
from splitbrain.systems.replication.leader_follower.showing import Shown


class ReferenceServer:
    """The shell around `Core`: receives, keeps time, writes the log, and sends in the right order.

    Attributes:
        core: the protocol, once the disk has been read.
    """

    core_type: type[Core] = Core

    def __init__(self, node: Node) -> None:
        self._node = node
        self._records: list[Record] = []  # to be written
        self._deferred: deque[Send | Lead] = deque()  # what waits for records to be durable
        self._synced = 0  # how many records are durable
        self._work = trio.Event()
        self._shown = Shown(node)

    async def run(self) -> None:
        """Recover from the disk, then serve until cancelled."""
        durable = Durable.replay(await wal.recover(self._node.disk))
        node = self._node
        self.core = self.core_type(node.name, node.peers, durable, node.random, trio.current_time())
        self._shown.begin(durable.log)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._receive)
            nursery.start_soon(self._keep_time)
            nursery.start_soon(self._write)

    async def _receive(self) -> None:
        network, core = self._node.network, self.core
        while True:
            sender, message = await network.receive()
            self._do(core.receive(sender, message, trio.current_time()))

    async def _keep_time(self) -> None:
        while True:
            await trio.sleep(HEARTBEAT_S / 2)
            self._do(self.core.tick(trio.current_time()))

    async def _write(self) -> None:
        """Write and sync what has come up during the sync before, all together (group commit)."""
        disk = self._node.disk
        while True:
            await self._work.wait()
            self._work = trio.Event()
            records, self._records = self._records, []
            wal.append(disk, records)
            await disk.fsync(wal.PATH)
            self._durable(len(records))
            if anew := self.core.compacted():
                # They say what is yet to be written, too; what comes meanwhile goes behind them.
                records, self._records = self._records, []
                await wal.replace(disk, anew)
                self._durable(len(records))

    def _durable(self, records: int) -> None:
        """So many records more are durable."""
        self._synced += records
        while self._deferred and self._deferred[0].after <= self._synced:
            self._release(self._deferred.popleft())
        self._do(self.core.durable(self._synced, trio.current_time()))

    def _do(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Persist):
                self._shown.record(effect.record, self.core.log)
                self._records.append(effect.record)
                self._work.set()
            elif effect.after <= self._synced:
                self._release(effect)
            else:
                self._deferred.append(effect)
        self._shown.changes(self.core)

    def _release(self, effect: Send | Lead) -> None:
        if isinstance(effect, Send):
            self._node.network.send(effect.destination, effect.message)
        else:
            self._node.announce(LEADER, {"term": effect.epoch})
