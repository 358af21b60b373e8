"""Leader-follower replication as a page of code sketches it, made to run on several servers.

DDIA chapter 5, "Leaders and Followers": the leader writes to itself and then to every follower;
strong reads go to the leader, eventual ones to the replica with the least lag; when the leader
fails, the follower with the least lag takes its place.

    client --write--> leader --replicate--> follower, follower, ...
                        |  <--ok / nothing--
    client <---ok-------+      whatever they answered

The operations are `SummaryServer.write`, `read`, `select_replica`, `handle_leader_failure` and
`elect_leader`, and each server keeps the replication lag of every follower. A server believes its
leader dead when it hasn't heard from it for a while, and then acts on its own judgment.

Guarantees: none under faults. While nothing fails, and no message takes longer than `ANSWER_S`,
writes and strong reads are linearizable (one leader does one write at a time) and replicas end up
equal. The one invariant: a leader sends its writes to its followers in the order in which it did
them.

The design's weaknesses are kept, since they are what there is to see:

* A write is acknowledged whatever the followers answered: what only the leader has, failover loses
  ("Synchronous Versus Asynchronous Replication").
* A follower that missed a write is never sent it again, yet its next success sets its lag to 0: it
  counts as up to date ("Follower failure: Catch-up recovery").
* Lag is a difference of wall-clock times (chapter 8, "Unreliable Clocks").
* The election has no quorum: every server that misses the leader appoints one, and the appointed
  accepts. There is no term that followers could check, so nothing is fenced, and the old leader
  is never deposed: it goes on leading when it returns ("Leader failure: Failover", split brain).
* All is in memory. A server that restarts begins empty, with the first leader as its leader; if
  it is the first leader, it leads.

Announced as leader's term is what the server knows: 1 plus the failovers that it has taken part in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import trio

from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.node import Message, Node
from splitbrain.harness.system import System
from splitbrain.systems.replication.leader_follower.client import ConsistencyLevel, SummaryClient

HEARTBEAT_S = 0.1
"""How often a leader tells the others that it is alive."""

FAILURE_S = 0.5
"""A leader not heard from for so long counts as failed."""

ANSWER_S = 0.06
"""How long a server waits for another's answer; longer than any message takes without faults."""

ELEMENT = "element"
"""The set's elements are stored as keys ``(ELEMENT, element)``."""


class SilentReplica(Exception):
    """A replica that was asked did not answer in time."""


class SummaryServer:
    """One replica.

    Attributes:
        replicas: all servers' names.
        leader: whom this server takes for the leader.
        failovers: how often it saw the leader change.
        data: the data.
        lag: seconds that each replica is behind, as the leader last said.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self.replicas = tuple(sorted((node.name, *node.peers), key=lambda name: (len(name), name)))
        self.leader = self.replicas[0]
        self.failovers = 0
        self.data: dict[Any, Any] = {}
        self.lag = dict.fromkeys(self.replicas, 0.0)
        self._succeeded_at = dict.fromkeys(self.replicas, node.clock.time())
        self._heard_at = 0.0
        self._writing = trio.Lock()
        self._questions = 0
        self._asked: dict[int, _Question] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        self._heard_at = trio.current_time()
        if self.leader == self._node.name:
            self._announce()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_time)
            while True:
                sender, message = await self._node.network.receive()
                if message[0] == "request":
                    nursery.start_soon(self._serve, sender, message[1], *message[2:])
                else:
                    self._handle(sender, message)

    # The operations

    async def write(self, data: Mapping[Any, Any]) -> None:
        """Store these values here and, if they can be reached, at the followers."""
        async with self._writing:
            self.data.update(data)
            followers = [name for name in self.replicas if name != self._node.name]
            answers = await self._ask(followers, "replicate", tuple(data.items()))
            now = self._node.clock.time()
            for follower in followers:
                if follower in answers:
                    self._succeeded_at[follower] = now
                self.lag[follower] = now - self._succeeded_at[follower]

    async def read(self, key: Any, consistency_level: ConsistencyLevel = "eventual") -> Any:
        """The value of a key, None if it has none: from the leader, or from `select_replica`.

        Raises:
            SilentReplica: that replica did not answer.
        """
        return await self._query(("read", key), consistency_level)

    def select_replica(self) -> str:
        """The follower with the least lag."""
        followers = [name for name in self.replicas if name != self.leader]
        return min(followers, key=self.lag.__getitem__, default=self.leader)

    def handle_leader_failure(self) -> None:
        """Have another leader, and tell everyone who it is."""
        chosen = self.elect_leader()
        for peer in self._node.peers:
            self._node.network.send(peer, ("elected", chosen))
        self._obey(chosen)

    def elect_leader(self) -> str:
        """The replica with the least lag, other than the leader that failed."""
        return self.select_replica()

    # Leadership

    def _obey(self, chosen: str) -> None:
        """Take `chosen` for the leader, unless this server leads."""
        if self._node.name == self.leader or chosen == self.leader:
            return
        self.leader = chosen
        self.failovers += 1
        self._heard_at = trio.current_time()
        if chosen == self._node.name:
            self._announce()

    def _announce(self) -> None:
        self._node.announce(LEADER, {"term": 1 + self.failovers})

    async def _keep_time(self) -> None:
        while True:
            if self.leader == self._node.name:
                for peer in self._node.peers:
                    self._node.network.send(peer, ("heartbeat", tuple(self.lag.items())))
            elif trio.current_time() - self._heard_at > FAILURE_S:
                self.handle_leader_failure()
            await trio.sleep(HEARTBEAT_S)

    # Messages

    def _handle(self, sender: str, message: Message) -> None:
        match message:
            case ("heartbeat", lag) if sender == self.leader:
                self._heard_at = trio.current_time()
                self.lag = dict(lag)
            case ("elected", chosen):
                self._obey(chosen)
            case ("replicate", number, data):
                self.data.update(data)
                self._node.network.send(sender, ("answer", number, None))
            case ("get", number, query):
                self._node.network.send(sender, ("answer", number, self._look_up(query)))
            case ("answer", number, answer) if number in self._asked:
                self._asked[number].put(sender, answer)

    async def _ask(self, names: Iterable[str], kind: str, argument: Any) -> dict[str, Any]:
        """Ask servers all at once; the answers of those who answered within `ANSWER_S`."""
        self._questions += 1
        number = self._questions
        question = self._asked[number] = _Question(tuple(names))
        for name in question.names:
            self._node.network.send(name, (kind, number, argument))
        with trio.move_on_after(ANSWER_S):
            await question.answered.wait()
        del self._asked[number]
        return question.answers

    # Clients

    async def _serve(self, client: str, request: int, f: str, *arguments: Any) -> None:
        try:
            answer = await self._answer(f, *arguments)
        except SilentReplica as silence:
            self._node.trace("silent", str(silence))
            return
        self._node.network.send(client, ("reply", request, *answer))

    async def _answer(self, f: str, *arguments: Any) -> Message:
        leads = self.leader == self._node.name
        match f, arguments:
            case "state", ():
                return "ok", self._look_up(("state",))
            case "read" | "read-all", (("strong" | "eventual") as level, *key):
                if level == "strong" and not leads:
                    return "redirect", self.leader
                return "ok", await self._query((f, *key), level)
            case ("write", (_, _, key, value)) if leads:
                await self.write({key: value})
                return "ok", None
            case ("add", (_, _, element)) if leads:
                await self.write({(ELEMENT, element): True})
                return "ok", None
            case (("write" | "add"), _) if not leads:
                return "redirect", self.leader
        return "refused", f"{(f, *arguments)!r} is no request"

    async def _query(self, query: Message, consistency_level: ConsistencyLevel) -> Any:
        replica = self.leader if consistency_level == "strong" else self.select_replica()
        if replica == self._node.name:
            return self._look_up(query)
        answers = await self._ask([replica], "get", query)
        if replica not in answers:
            raise SilentReplica(replica)
        return answers[replica]

    def _look_up(self, query: Message) -> Any:
        """What this replica itself has."""
        if query[0] == "read":
            return self.data.get(query[1])
        elements = tuple(key[1] for key in self.data if _is_element(key))
        if query[0] == "read-all":
            return elements
        registers = tuple(item for item in self.data.items() if not _is_element(item[0]))
        return registers, elements


def _is_element(key: Any) -> bool:
    return isinstance(key, tuple) and key[0] == ELEMENT


class _Question:
    """One question to some servers, and their answers so far."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.answers: dict[str, Any] = {}
        self.answered = trio.Event()
        if not names:
            self.answered.set()

    def put(self, name: str, answer: Any) -> None:
        """Note an answer; set `answered` when it was the last."""
        self.answers[name] = answer
        if len(self.answers) == len(self.names):
            self.answered.set()


SYSTEM = System(
    name="leader-follower-summary",
    title="leader-follower replication as the summary sketches it (chapter 5)",
    server=SummaryServer,
    client=SummaryClient,
    workloads=("set", "register"),
    claims=Claims(kinds=(), max_down=0),
    form="summary",
)
