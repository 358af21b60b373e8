"""Plays a golden script: commands, ``---``, and all that follows from them.

::

    cluster n1 n2 n3 [machine=kv] [snapshot_every=4] [snapshot_keeps=1] [pre_vote=1] [lease=0.2] ...
    log n1 1 1 4 [term=7]      start n1 over with a log of entries of these terms
    timeout n1                 n1's clock goes to its deadline: an election, or heartbeats
    tick n1 150                150 ms pass for n1
    propose n1 x               a client asks n1 to append x
    query n1                   a client asks n1 for all that is applied (machine=kv: query n1 get x)
    transfer n1 n2             a client asks n1 to hand over to n2
    change n1 n1,n2 [n3]       a client asks n1 to have these voters (and learners)
    open n1 c1                 client c1 opens a session at n1 (machine=kv or sequence)
    command n1 c1 put x 1      c1's next command; "again n2 c1" sends the same command to n2
    broadcast n1 c1 hello      c1's next command is to broadcast a message (machine=sequence)
    delivered                  what each server has delivered, and what it amounts to
    deliver n1->n2 ...         what is under way on these links; "deliver all": until all is quiet
    drop n1->n2 ...            lose it instead; * stands for any server
    copy n1->n2                deliver it, and leave a copy under way
    overtake n1->n2            the newest message there goes first
    hold n1 / sync n1          n1's disk stands still / catches up
    disk n1                    start n1 over; what it saves goes to a real log on a disk of its own
    fill n1 / free n1          that disk has no room any more / has room again
    mark n1                    n1 writes nothing for a while: its log notes that it is durable
    flip n1 x                  a bit flips in the last record of its log that has x in it
    tear n1                    power fails there when half of what is written next is on the disk
    crash n1, restart n1, partition n1 | n2 n3, heal
    elect n1                   n1 times out and wins; told in one line
    quietly COMMAND            without telling what happens
    show                       each server's role, term, vote, commit index and log
"""

from __future__ import annotations

import json
from collections.abc import Callable
from fnmatch import fnmatch
from typing import Any

from consensus_script import filled
from raft_cluster import PAPER, Journal, describe_entries
from raft_disks import DiskCluster

from splitbrain.systems.consensus.broadcast.delivering import Sequence
from splitbrain.systems.consensus.broadcast.objects import Objects
from splitbrain.systems.consensus.kv import KeyValue
from splitbrain.systems.consensus.raft import Sessions

MACHINES: dict[str, Callable[[], Any]] = {
    "": Journal,
    "kv": lambda: Sessions(KeyValue()),
    "sequence": lambda: Sessions(Sequence()),
}


class Play:
    """A script being played."""

    def __init__(self) -> None:
        self.cluster = DiskCluster()
        self.sent: dict[str, tuple[Any, ...]] = {}
        self.sessions: dict[str, list[int]] = {}

    def do(self, line: str) -> list[str]:
        """Do one command, and return what happened."""
        self.cluster.events.clear()
        name, *words = line.split()
        before = self.progress()
        getattr(self, f"do_{name}")(*words)
        events = list(self.cluster.events)
        for server, (commit, _) in self.progress().items():
            old = before.get(server, (0, 0))[0]
            if commit > old:
                events.append(f"{server}: commit {old} -> {commit}")
        return events

    def progress(self) -> dict[str, tuple[int, int]]:
        servers = self.cluster.servers.values()
        return {s.name: (s.core.commit, s.core.term) for s in servers if s.core is not None}

    def do_cluster(self, *words: str) -> None:
        options = dict(word.split("=") for word in words if "=" in word)
        machine = MACHINES[options.pop("machine", "")]
        self.cluster = DiskCluster(
            [word for word in words if "=" not in word],
            machine=machine,
            settings=PAPER._replace(**{name: json.loads(value) for name, value in options.items()}),
        )

    def do_log(self, name: str, *words: str) -> None:
        term = [int(word[5:]) for word in words if word.startswith("term=")]
        terms = [int(word) for word in words if "=" not in word]
        self.cluster.start_with_log(name, terms, term[0] if term else None)

    def do_timeout(self, name: str) -> None:
        self.cluster.time_out(name)

    def do_tick(self, name: str, milliseconds: str) -> None:
        self.cluster.pass_time(name, int(milliseconds) / 1000)

    def do_propose(self, name: str, command: str) -> None:
        self.cluster.request(name, "client", ("command", command))

    def do_query(self, name: str, *operation: str) -> None:
        self.cluster.request(name, "client", ("query", operation))

    def do_transfer(self, name: str, target: str) -> None:
        self.cluster.request(name, "client", ("transfer", target))

    def do_change(self, name: str, voters: str, learners: str = "") -> None:
        wanted = (tuple(names.split(",")) if names else () for names in (voters, learners))
        self.cluster.request(name, "client", ("change", *wanted))

    def do_open(self, name: str, client: str) -> None:
        self.cluster.request(name, client, ("register",))
        self.sessions[client] = [0, 0]

    def do_command(self, name: str, client: str, *operation: str) -> None:
        opened = [reply for to, reply in self.cluster.replies if to == client]
        session = self.sessions[client]
        if not session[0]:
            session[0] = opened[0][3]
        session[1] += 1
        self.sent[client] = ("command", *session, operation)
        self.cluster.request(name, client, self.sent[client])

    def do_broadcast(self, name: str, client: str, *message: str) -> None:
        words = tuple(int(word) if word.isdigit() else word for word in message)
        self.do_command(name, client, "broadcast", words if len(words) > 1 else words[0])

    def do_again(self, name: str, client: str) -> None:
        self.cluster.request(name, client, self.sent[client])

    def do_deliver(self, *links: str) -> None:
        if links == ("all",):
            self.cluster.settle()
        for message in self.under_way(links):
            self.cluster.deliver(self.position(message))

    def do_copy(self, *links: str) -> None:
        for message in self.under_way(links):
            self.cluster.deliver(self.position(message), keep=True)

    def do_overtake(self, link: str) -> None:
        newest = self.under_way((link,))[-1]
        del self.cluster.wire[self.position(newest)]
        self.cluster.wire.insert(0, newest)

    def do_drop(self, *links: str) -> None:
        for message in self.under_way(links):
            del self.cluster.wire[self.position(message)]

    def under_way(self, links: tuple[str, ...]) -> list[Any]:
        """The messages under way on these links now, link by link."""
        return [
            message
            for link in links
            for message in self.cluster.wire
            if fnmatch(f"{message[0]}->{message[1]}", link)
        ]

    def position(self, message: Any) -> int:
        return next(i for i, other in enumerate(self.cluster.wire) if other is message)

    def do_hold(self, name: str) -> None:
        self.cluster.servers[name].held = True

    def do_sync(self, name: str) -> None:
        self.cluster.servers[name].held = False
        self.cluster.sync(name)

    def do_disk(self, name: str) -> None:
        self.cluster.give_disk(name)

    def do_fill(self, name: str) -> None:
        self.cluster.disks[name].full = True

    def do_free(self, name: str) -> None:
        self.cluster.disks[name].full = False

    def do_mark(self, name: str) -> None:
        self.cluster.mark(name)

    def do_flip(self, name: str, word: str) -> None:
        self.cluster.flip(name, word)

    def do_tear(self, name: str) -> None:
        self.cluster.disks[name].tears = True

    def do_crash(self, name: str) -> None:
        self.cluster.crash(name)

    def do_restart(self, name: str) -> None:
        self.cluster.restart(name)

    def do_partition(self, *words: str) -> None:
        groups = [group.split() for group in " ".join(words).split("|")]
        self.cluster.partition(*groups)

    def do_heal(self) -> None:
        self.cluster.heal()

    def do_elect(self, name: str) -> None:
        self.cluster.elect(name)
        self.cluster.events[:] = [f"{name} leads term {self.cluster[name].term}"]

    def do_quietly(self, name: str, *words: str) -> None:
        getattr(self, f"do_{name}")(*words)
        self.cluster.events.clear()

    def do_delivered(self) -> None:
        """What each server has delivered, and what whoever hears of that takes it to amount to."""
        for name, server in self.cluster.servers.items():
            if server.core is None:
                continue
            messages, objects = server.core.server.replica.machine.application.messages, Objects()
            objects.hear(messages)
            said = ", ".join(m if isinstance(m, str) else " ".join(map(str, m)) for m in messages)
            known = {**objects.registers, **objects.names}
            amounts = [f"{key}={value}" for key, value in known.items()]
            if objects.token >= 0:
                amounts.append(f"lock: {objects.owner or 'free'}, last token {objects.token}")
            self.cluster.events.append(f"{name}: [{said}]{' ' * bool(amounts)}{'; '.join(amounts)}")

    def do_show(self) -> None:
        for name, server in self.cluster.servers.items():
            core = server.core
            if core is None:
                self.cluster.events.append(f"{name}: down")
                continue
            entries = describe_entries(core.log.base_index + 1, core.log.entries)
            self.cluster.events.append(
                f"{name}: {core.role} term={core.term} vote={core.vote or '-'} "
                f"commit={core.commit} log={entries}"
            )


def play(script: str) -> str:
    """The script with the outcome of each block of commands filled in."""
    return filled(script, Play().do)
